"""Makes the files of a picture order from the bytes of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.material import AbandonedError, Limits, Material, only
from airflow_provider_kling.sandbox.order import Medium, PictureOrder
from airflow_provider_kling.sandbox.picture.craft import pictures
from airflow_provider_kling.sandbox.picture.source import open_image

_COMPRESSION: Final = 1  # of nine: quick rather than small


def paint_pictures(
    order: PictureOrder,
    stem: Path,
    *,
    materials: Sequence[Material],
    limits: Limits,
    rng: Random,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the pictures of an order, as PNG, beside each other: ``<stem>-1.png`` and so on.

    Raises UnusableMediaError for inputs that cannot be used, AbandonedError once ``cancelled`` says so.
    """
    allowed = limits.get(Medium.IMAGE, {})
    images = [open_image(material, limits=allowed) for material in only(Medium.IMAGE, materials)]
    for name, picture in pictures(order, images, rng=rng):
        if cancelled():
            raise AbandonedError
        picture.save(stem.with_name(f"{stem.name}-{name}.png"), compress_level=_COMPRESSION)
