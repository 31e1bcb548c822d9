"""Words in the picture: drawn once by Pillow, laid over the frames only where they stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from airflow_provider_kling.sandbox.picture.lettering import SHADE, font, line, paragraph
from airflow_provider_kling.sandbox.video.planes import FPS, Plane, Planes

_WHITE, _BLACK, _NEUTRAL = 235, 16, 128  # limited-range luma, and chroma without colour


class Overlay:
    """A shaded box with words, at a place (even coordinates, even sides)."""

    def __init__(self, *, mask: Image.Image, x: int, y: int) -> None:
        words = np.asarray(mask, np.float32) / 255
        keep = (1 - SHADE) * (1 - words)
        self._corner = x, y
        self._luma = _blend(keep, SHADE * _BLACK * (1 - words) + words * _WHITE)
        keep = keep[::2, ::2]
        self._chroma = _blend(keep, _NEUTRAL * (1 - keep))

    def lay(self, picture: Planes) -> None:
        """Lay the box over a picture."""
        x, y = self._corner
        _apply(picture.y, self._luma, x, y)
        _apply(picture.u, self._chroma, x // 2, y // 2)
        _apply(picture.v, self._chroma, x // 2, y // 2)


class Captions:
    """The fixed and running words of one clip: the prompt below, what made it and the time above."""

    def __init__(self, *, prompt: str, label: str, width: int, height: int, frames: int) -> None:
        self._frames = frames
        self._width, self._height = width, height
        short = min(width, height)
        self._small = font(short / 30)
        self._strip = _even(short / 20)
        self._clock_width = _even(self._small.getlength("00:00.0  0000/0000") * 1.05)
        self._fixed = [
            self._line(f"KLING SANDBOX  {label}", x=0, width=width - self._clock_width),
            self._box(prompt),
        ]

    def lay(self, picture: Planes, index: int) -> None:
        """Lay the words of one frame over a picture, and a bar that grows with the time."""
        for overlay in self._fixed:
            overlay.lay(picture)
        seconds = index / FPS
        text = f"{int(seconds // 60):02}:{seconds % 60:04.1f}  {index + 1:03}/{self._frames:03}"
        self._line(text, x=self._width - self._clock_width, width=self._clock_width).lay(picture)
        picture.y[-8:, : self._width * (index + 1) // self._frames] = _WHITE

    def _line(self, text: str, *, x: int, width: int) -> Overlay:
        return Overlay(mask=line(text, width=width, height=self._strip, font=self._small), x=x, y=0)

    def _box(self, text: str) -> Overlay:
        short = min(self._width, self._height)
        pad = round(short / 30)
        mask = paragraph(text, width=self._width - 2 * _even(pad), pad=pad, font=font(short / 20))
        return Overlay(mask=mask, x=_even(pad), y=_even(self._height - mask.height - pad - 8))


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
