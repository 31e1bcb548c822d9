"""Still images in motion: a camera that moves over images larger than the frame, with cuts and fades."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from PIL import Image

from airflow_provider_kling.sandbox.render.video.yuv_frame import FPS, YuvFrame

_PLATE_SCALE: Final = 1.2  # the sides of a plate, in sides of the frame
_FADE_FRAMES: Final = 12
_STILL_FRAMES: Final = 8  # the blend between a fixed first or last frame and the moving camera
_PERIOD_S: Final = 6.0  # of one circle of the camera


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A camera that moves in a circle over a plate, an image larger than the frame.

    :param phase: the start on the circle, in radians.
    :param direction: 1 or -1.
    """

    plate: YuvFrame
    phase: float
    direction: int

    def paint(self, index: int, canvas: YuvFrame) -> None:
        """Paint one frame; ``index`` counts from the beginning of the video."""
        angle = self.phase + self.direction * 2 * math.pi * index / (FPS * _PERIOD_S)
        x = round((self.plate.width - canvas.width) * (1 + math.cos(angle)) / 2)
        y = round((self.plate.height - canvas.height) * (1 + math.sin(angle)) / 2)
        canvas.copy_crop(self.plate, x=x, y=y)


@dataclass(frozen=True, kw_only=True)
class ShotSequence:
    """Shots of equal length, one after another.

    :param fade: cross-fade between the shots instead of cutting.
    :param first_frame: the exact first frame of the video; it blends into the moving camera. With
        ``last_frame``, videos can be continued: the last frame of one is the first frame of the next.
    :param last_frame: the exact last frame of the video.
    """

    shots: Sequence[Shot]
    fade: bool = False
    first_frame: YuvFrame | None = None
    last_frame: YuvFrame | None = None

    def paint(self, *, frames: int, canvas: YuvFrame) -> Iterator[int]:
        """Paint one frame after another on the canvas; yield the index of each."""
        next_shot = YuvFrame(width=canvas.width, height=canvas.height)
        count = len(self.shots)
        bounds = [round(frames * part / count) for part in range(count + 1)]
        for number, shot in enumerate(self.shots):
            for index in range(bounds[number], bounds[number + 1]):
                shot.paint(index, canvas)
                left = bounds[number + 1] - index
                if self.fade and left <= _FADE_FRAMES and number + 1 < count:
                    self.shots[number + 1].paint(index, next_shot)
                    _blend(canvas, next_shot, share=(_FADE_FRAMES - left + 1) / (_FADE_FRAMES + 1))
                for fixed, distance in ((self.first_frame, index), (self.last_frame, frames - 1 - index)):
                    if fixed is not None and distance < _STILL_FRAMES:
                        _blend(canvas, fixed, share=1 - distance / _STILL_FRAMES)
                yield index


def shot_of(image: Image.Image, *, width: int, height: int, rng: Random) -> Shot:
    """Return a shot over an image, for a frame of this size."""
    plate = YuvFrame.from_image(
        image, width=_multiple_of_4(width * _PLATE_SCALE), height=_multiple_of_4(height * _PLATE_SCALE)
    )
    return Shot(plate=plate, phase=rng.uniform(0, 2 * math.pi), direction=rng.choice((1, -1)))


def _blend(first: YuvFrame, second: YuvFrame, *, share: float) -> None:
    """Blend the second frame into the first; ``share`` 1 replaces it."""
    weight = round(256 * share)
    mixed = first.data.astype(np.uint16) * (256 - weight) + second.data.astype(np.uint16) * weight
    first.data[:] = mixed >> 8


def _multiple_of_4(size: float) -> int:
    return round(size / 4) * 4
