"""Decodes the images that a request brings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, InvalidSizeError, MediaInput


def open_image(media: MediaInput, *, limits: Mapping[str, Any]) -> Image.Image:
    """Return an image as RGB, rotated as its Exif data says.

    :param limits: the documented bounds; see ``media_limits`` in ``models/facts/README.md``.
    :raises InvalidMediaError: it cannot be decoded, or exceeds a limit.
    """
    name = media.name
    try:
        file = Image.open(io.BytesIO(media.data))
        image = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidMediaError(f"{name} is not an image that can be decoded") from error
    extension = _extension(file.format)
    if extension not in limits.get("formats", (extension,)):
        raise InvalidMediaError(f"{name} must be one of {', '.join(limits['formats'])}, got {extension}")
    short, long = sorted(image.size)
    if short < limits.get("min_side", 1):
        raise InvalidSizeError(f"{name} must be at least {limits['min_side']} px per side, got {short}")
    if long / short > limits.get("max_ratio", float("inf")):
        raise InvalidSizeError(
            f"{name} must have an aspect ratio of at most {limits['max_ratio']}:1, got {long / short:.2f}:1"
        )
    return image


def _extension(pillow_format: str | None) -> str:
    """Return the file extension of a Pillow format, as fact files have it."""
    name = str(pillow_format).lower()
    return "jpg" if name == "jpeg" else name
