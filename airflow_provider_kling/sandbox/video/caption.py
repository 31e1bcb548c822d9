"""Words in the picture: drawn once by Pillow, laid over the frames only where they stand."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from airflow_provider_kling.sandbox.video.planes import FPS, Plane, Planes

_WHITE, _BLACK, _NEUTRAL = 235, 16, 128  # limited-range luma, and chroma without colour
_SHADE: Final = 0.8  # how dark the box behind the words is
_MAX_LINES: Final = 4
_WIDEST_LINE: Final = 200  # characters that are measured for a line; more never fit
_PUNCTUATION: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00df": "ss"}
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Overlay:
    """A shaded box with words, at a place (even coordinates, even sides)."""

    def __init__(self, *, mask: Image.Image, x: int, y: int) -> None:
        words = np.asarray(mask, np.float32) / 255
        keep = (1 - _SHADE) * (1 - words)
        self._corner = x, y
        self._luma = _blend(keep, _SHADE * _BLACK * (1 - words) + words * _WHITE)
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
        self._small = ImageFont.load_default(short / 30)
        self._strip = _even(short / 20)
        self._clock_width = _even(self._small.getlength("00:00.0  0000/0000") * 1.05)
        self._fixed = [
            self._line(f"KLING SANDBOX  {label}", x=0, width=width - self._clock_width),
            _paragraph(prompt, width=width, height=height, font=ImageFont.load_default(short / 20)),
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
        mask = Image.new("L", (width, self._strip))
        ImageDraw.Draw(mask).text((8, self._strip / 2), text, fill=255, font=self._small, anchor="lm")
        return Overlay(mask=mask, x=x, y=0)


def wrapped(text: str, *, font: Font, width: float, max_lines: int = _MAX_LINES) -> list[str]:
    """Break a text into lines that fit a width in pixels; what does not fit the lines ends in an ellipsis."""
    rest = " ".join(_plain(text).split())
    lines: list[str] = []
    while rest and len(lines) < max_lines:
        fits = _fitting(rest, font=font, width=width)
        space = rest.rfind(" ", 0, fits + 1)
        end = space if fits < len(rest) and space > 0 else fits
        lines.append(rest[:end])
        rest = rest[end:].lstrip()
    if rest:
        lines[-1] = f"{lines[-1][:-3]}..."
    return lines


def _fitting(text: str, *, font: Font, width: float) -> int:
    """Return how many characters of a text fit a width; at least one, so that a line is never empty."""
    sizes = range(1, min(len(text), _WIDEST_LINE) + 1)
    return max(1, bisect_right(sizes, width, key=lambda size: font.getlength(text[:size])))


def _plain(text: str) -> str:
    """Return a text in letters that the font is likelier to have: no accents, plain punctuation."""
    bare = unicodedata.normalize("NFKD", text.translate(_PUNCTUATION))
    return "".join(char if char.isprintable() else " " for char in bare if not unicodedata.combining(char))


def _paragraph(text: str, *, width: int, height: int, font: Font) -> Overlay:
    pad = round(min(width, height) / 30)
    lines = wrapped(text, font=font, width=width - 5 * pad)
    mask = Image.new("L", (width - 2 * _even(pad), min(height // 2, _even(2 * pad))))
    draw = ImageDraw.Draw(mask)
    box = draw.multiline_textbbox((0, 0), "\n".join(lines), font=font, spacing=pad / 3)
    mask = Image.new("L", (mask.width, _even(box[3] + 2 * pad)))
    draw = ImageDraw.Draw(mask)
    draw.multiline_text((pad, pad), "\n".join(lines), fill=255, font=font, spacing=pad / 3)
    return Overlay(mask=mask, x=_even(pad), y=_even(height - mask.height - pad - 8))


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
