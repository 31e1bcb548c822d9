"""Pictures in motion: plates larger than the frame, a camera that moves over them, cuts and cross-fades."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from PIL import Image

from airflow_provider_kling.sandbox.video.planes import FPS, Planes

MARGIN: Final = 1.2  # a plate's sides, in frame sides
FADE_FRAMES: Final = 12
_STILL_FRAMES: Final = 8  # until the camera moves freely, and from when it comes to rest
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


@dataclass(frozen=True, kw_only=True)
class Reel:
    """Shots of the same length, one after another.

    ``opening`` and ``closing`` are whole pictures of the frame's size: the clip's first frame is the one, its
    last frame the other, and both blend with the moving camera. So clips can be joined, last frame to first.
    """

    shots: Sequence[Shot]
    fade: bool = False
    opening: Planes | None = None
    closing: Planes | None = None

    def film(self, *, frames: int, canvas: Planes) -> Iterator[int]:
        """Paint frame after frame on the canvas; yields each frame's index."""
        other = Planes(width=canvas.width, height=canvas.height)
        count = len(self.shots)
        bounds = [round(frames * part / count) for part in range(count + 1)]
        for number, shot in enumerate(self.shots):
            for index in range(bounds[number], bounds[number + 1]):
                shot.at(index, canvas)
                left = bounds[number + 1] - index
                if self.fade and left <= FADE_FRAMES and number + 1 < count:
                    self.shots[number + 1].at(index, other)
                    _mix(canvas, other, share=(FADE_FRAMES - left + 1) / (FADE_FRAMES + 1))
                for still, away in ((self.opening, index), (self.closing, frames - 1 - index)):
                    if still is not None and away < _STILL_FRAMES:
                        _mix(canvas, still, share=1 - away / _STILL_FRAMES)
                yield index


def shot_of(image: Image.Image, *, width: int, height: int, rng: Random) -> Shot:
    """Return a shot over an image, for a frame of a size."""
    plate = Planes.of_image(image, width=_even(width * MARGIN), height=_even(height * MARGIN))
    return Shot(plate=plate, phase=rng.uniform(0, 2 * math.pi), direction=rng.choice((1, -1)))


def _mix(first: Planes, second: Planes, *, share: float) -> None:
    """Blend the second picture into the first."""
    weight = round(256 * share)
    mixed = first.data.astype(np.uint16) * (256 - weight) + second.data.astype(np.uint16) * weight
    first.data[:] = mixed >> 8


def _even(size: float) -> int:
    return round(size / 4) * 4
