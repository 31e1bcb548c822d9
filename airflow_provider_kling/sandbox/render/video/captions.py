"""Text in a video: drawn once by Pillow, then laid over that part of each frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from airflow_provider_kling.sandbox.render.image.text import SHADE, font, line, paragraph
from airflow_provider_kling.sandbox.render.video.yuv_frame import FPS, Plane, YuvFrame

_WHITE, _BLACK, _NEUTRAL = 235, 16, 128  # limited-range luma, and chroma without colour


class Overlay:
    """A shaded box with text. Its position and its sides are even."""

    def __init__(self, *, mask: Image.Image, x: int, y: int) -> None:
        letters = np.asarray(mask, np.float32) / 255
        keep = (1 - SHADE) * (1 - letters)
        self._corner = x, y
        self._luma = _blend(keep, SHADE * _BLACK * (1 - letters) + letters * _WHITE)
        keep = keep[::2, ::2]
        self._chroma = _blend(keep, _NEUTRAL * (1 - keep))

    def draw(self, frame: YuvFrame) -> None:
        """Draw the box on a frame."""
        x, y = self._corner
        _apply(frame.y, self._luma, x, y)
        _apply(frame.u, self._chroma, x // 2, y // 2)
        _apply(frame.v, self._chroma, x // 2, y // 2)


class Captions:
    """The text of one video: the prompt at the bottom, the label and the time at the top."""

    def __init__(self, *, prompt: str, label: str, width: int, height: int, frames: int) -> None:
        self._frames = frames
        self._width, self._height = width, height
        short = min(width, height)
        self._small = font(short / 30)
        self._strip_height = _even(short / 20)
        self._time_width = _even(self._small.getlength("00:00.0  0000/0000") * 1.05)
        self._fixed = [
            self._line(f"KLING SANDBOX  {label}", x=0, width=width - self._time_width),
            self._box(prompt),
        ]

    def draw(self, frame: YuvFrame, index: int) -> None:
        """Draw the text for one frame, and a progress bar."""
        for overlay in self._fixed:
            overlay.draw(frame)
        seconds = index / FPS
        text = f"{int(seconds // 60):02}:{seconds % 60:04.1f}  {index + 1:03}/{self._frames:03}"
        self._line(text, x=self._width - self._time_width, width=self._time_width).draw(frame)
        frame.y[-8:, : self._width * (index + 1) // self._frames] = _WHITE

    def _line(self, text: str, *, x: int, width: int) -> Overlay:
        return Overlay(mask=line(text, width=width, height=self._strip_height, font=self._small), x=x, y=0)

    def _box(self, text: str) -> Overlay:
        short = min(self._width, self._height)
        padding = round(short / 30)
        width = self._width - 2 * _even(padding)
        mask = paragraph(text, width=width, padding=padding, font=font(short / 20))
        return Overlay(mask=mask, x=_even(padding), y=_even(self._height - mask.height - padding - 8))


def _blend(
    keep: npt.NDArray[np.floating], add: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.uint16], Plane]:
    return (keep * 256).astype(np.uint16), add.astype(np.uint8)


def _apply(plane: Plane, blend: tuple[npt.NDArray[np.uint16], Plane], x: int, y: int) -> None:
    keep, add = blend
    height, width = keep.shape
    part = plane[y : y + height, x : x + width]
    part[:] = ((part * keep) >> 8) + add


def _even(size: float) -> int:
    return int(size) // 2 * 2
