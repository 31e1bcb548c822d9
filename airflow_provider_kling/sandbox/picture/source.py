"""Reading the pictures that a request brings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from airflow_provider_kling.sandbox.material import Material, UnusableMediaError


def open_image(material: Material, *, limits: Mapping[str, Any]) -> Image.Image:
    """Decode an image to RGB, upright. Raises UnusableMediaError."""
    name = material.name
    try:
        file = Image.open(io.BytesIO(material.data))
        image = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnusableMediaError(f"{name} is not an image that can be decoded") from error
    if file.format not in limits.get("formats", (file.format,)):
        raise UnusableMediaError(f"{name} must be one of {', '.join(limits['formats'])}, got {file.format}")
    short, long = sorted(image.size)
    if short < limits.get("min_side", 1):
        raise UnusableMediaError(f"{name} must be at least {limits['min_side']} px per side, got {short}")
    if long / short > limits.get("max_ratio", float("inf")):
        raise UnusableMediaError(f"{name} must be at most {limits['max_ratio']} times as long as wide")
    return image
