"""The sizes of result images."""

from __future__ import annotations

import math
from typing import Final

# No document says what a resolution means in pixels. Inferred: the exact aspect ratio, and about the area of
# a square with this side.
IMAGE_SIDES: Final = {"1k": 1024, "2k": 2048, "4k": 4096}

ASPECT_RATIOS: Final = {
    "16:9": (16, 9),
    "9:16": (9, 16),
    "1:1": (1, 1),
    "4:3": (4, 3),
    "3:4": (3, 4),
    "3:2": (3, 2),
    "2:3": (2, 3),
    "21:9": (21, 9),
}
_MAX_ASPECT_RATIO: Final = 10

Size = tuple[int, int]


def image_size(resolution: str, aspect_ratio: str) -> Size:
    """Return width and height in pixels for a documented aspect ratio."""
    width, height = ASPECT_RATIOS[aspect_ratio]
    times = round(IMAGE_SIDES[resolution] / math.sqrt(width * height))
    return width * times, height * times


def size_like(resolution: str, size: Size) -> Size:
    """Return width and height in pixels for the aspect ratio of another image, at most 10:1."""
    width, height = max(size[0], size[1] / _MAX_ASPECT_RATIO), max(size[1], size[0] / _MAX_ASPECT_RATIO)
    scale = IMAGE_SIDES[resolution] / math.sqrt(width * height)
    return round(width * scale), round(height * scale)
