"""The sizes of pictures."""

from __future__ import annotations

import math
from typing import Final

# What a resolution means in pixels, no document says. Inferred: the ratio exactly, the area of about this
# side squared.
IMAGE_SIDES: Final = {"1k": 1024, "2k": 2048, "4k": 4096}

RATIOS: Final = {
    "16:9": (16, 9),
    "9:16": (9, 16),
    "1:1": (1, 1),
    "4:3": (4, 3),
    "3:4": (3, 4),
    "3:2": (3, 2),
    "2:3": (2, 3),
    "21:9": (21, 9),
}
_MOST_OBLONG: Final = 10

Size = tuple[int, int]


def picture_size(resolution: str, ratio: str) -> Size:
    """Return width and height of a picture of an offered ratio, to the pixel."""
    width, height = RATIOS[ratio]
    times = round(IMAGE_SIDES[resolution] / math.sqrt(width * height))
    return width * times, height * times


def size_like(resolution: str, shape: Size) -> Size:
    """Return width and height of a picture that has the shape of another."""
    width, height = max(shape[0], shape[1] / _MOST_OBLONG), max(shape[1], shape[0] / _MOST_OBLONG)
    scale = IMAGE_SIDES[resolution] / math.sqrt(width * height)
    return round(width * scale), round(height * scale)
