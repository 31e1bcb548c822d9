"""Paints the files of an image spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.render.image.image_ops import result_images
from airflow_provider_kling.sandbox.render.image.source import open_image
from airflow_provider_kling.sandbox.render.media_input import (
    MediaInput,
    MediaLimits,
    RenderCancelledError,
    of_kind,
)
from airflow_provider_kling.sandbox.render.render_spec import ImageSpec, MediaKind

_COMPRESSION: Final = 1  # of 9: fast, not small


def paint_images(
    spec: ImageSpec,
    stem: Path,
    *,
    inputs: Sequence[MediaInput],
    limits: MediaLimits,
    rng: Random,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the images of a spec as PNG files: ``<stem>-1.png`` and so on.

    :raises InvalidMediaError: an input file cannot be used.
    :raises RenderCancelledError: ``cancelled`` returned True.
    """
    image_limits = limits.get(MediaKind.IMAGE, {})
    given = [open_image(media, limits=image_limits) for media in of_kind(MediaKind.IMAGE, inputs)]
    for name, image in result_images(spec, given, rng=rng):
        if cancelled():
            raise RenderCancelledError
        image.save(stem.with_name(f"{stem.name}-{name}.png"), compress_level=_COMPRESSION)
