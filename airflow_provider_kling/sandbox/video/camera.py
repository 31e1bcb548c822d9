"""Pictures in motion: plates larger than the frame, a camera that moves over them, cuts and cross-fades."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from airflow_provider_kling.sandbox.video.planes import FPS, Plane, Planes

MARGIN: Final = 1.2  # a plate's sides, in frame sides
FADE_FRAMES: Final = 12
_ROUND_S: Final = 6.0  # how long the camera takes for one round


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A plate and where on its round the camera begins (radians); ``direction`` is 1 or -1."""

    plate: Planes
    phase: float
    direction: int

    def at(self, index: int, canvas: Planes) -> None:
        """Paint the frame of an index, counted over the whole clip, on the canvas."""
        angle = self.phase + self.direction * 2 * math.pi * index / (FPS * _ROUND_S)
        x = round((self.plate.width - canvas.width) * (1 + math.cos(angle)) / 2)
        y = round((self.plate.height - canvas.height) * (1 + math.sin(angle)) / 2)
        canvas.paste(self.plate, from_x=x, from_y=y)


def film(shots: Sequence[Shot], *, frames: int, canvas: Planes, fade: bool) -> Iterator[int]:
    """Paint a clip of several shots of the same length, frame after frame; yields each frame's index."""
    other = Planes(width=canvas.width, height=canvas.height)
    bounds = [round(frames * part / len(shots)) for part in range(len(shots) + 1)]
    for number, shot in enumerate(shots):
        for index in range(bounds[number], bounds[number + 1]):
            shot.at(index, canvas)
            left = bounds[number + 1] - index
            if fade and left <= FADE_FRAMES and number + 1 < len(shots):
                shots[number + 1].at(index, other)
                _mix(canvas.data, other.data, share=256 * (FADE_FRAMES - left + 1) // (FADE_FRAMES + 1))
            yield index


def shot_of(image: Image.Image, *, width: int, height: int, rng: Random) -> Shot:
    """Return a shot over an image, for a frame of a size."""
    plate = Planes.of_image(image, width=_even(width * MARGIN), height=_even(height * MARGIN))
    return Shot(plate=plate, phase=rng.uniform(0, 2 * math.pi), direction=rng.choice((1, -1)))


def painted_backdrop(*, width: int, height: int, rng: Random) -> Image.Image:
    """Return a soft ground of neighbouring hues with rings on it, so that the camera's motion is seen."""
    hue = rng.random()

    def colour(value: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hsv_to_rgb(
            (hue + rng.uniform(-0.12, 0.12)) % 1, rng.uniform(0.5, 0.9), value
        )
        return round(255 * red), round(255 * green), round(255 * blue)

    mesh = Image.new("RGB", (6, 4))
    for x in range(mesh.width):
        for y in range(mesh.height):
            mesh.putpixel((x, y), colour(rng.uniform(0.25, 0.95)))
    ground = mesh.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(ground)
    for _ in range(12):
        left, top, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.14) * width
        box = (left - radius, top - radius, left + radius, top + radius)
        draw.ellipse(box, outline=colour(1.0), width=max(4, round(radius / 5)))
    return ground


def _mix(first: Plane, second: Plane, *, share: int) -> None:
    """Blend the second picture into the first; the share is in 256ths."""
    first[:] = (first.astype(np.uint16) * (256 - share) + second.astype(np.uint16) * share) >> 8


def _even(size: float) -> int:
    return round(size / 4) * 4
