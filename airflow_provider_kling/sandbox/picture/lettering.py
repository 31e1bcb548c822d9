"""Words as masks: white letters on black, drawn by Pillow in its built-in font."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SHADE: Final = 0.8  # how dark the box behind words is
_MAX_LINES: Final = 4
_WIDEST_LINE: Final = 200  # characters that are measured for a line; more never fit
_SMALLEST_PX: Final = 6
_PUNCTUATION: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00df": "ss"}
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size: float) -> Font:
    """Return the font in a size in pixels."""
    return ImageFont.load_default(max(_SMALLEST_PX, size))


def line(text: str, *, width: int, height: int, font: Font) -> Image.Image:
    """Return a strip with one line of words."""
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((8, height / 2), text, fill=255, font=font, anchor="lm")
    return mask


def paragraph(text: str, *, width: int, pad: int, font: Font) -> Image.Image:
    """Return a box of an even height with some lines of words, a pad away from its edges."""
    words = "\n".join(wrapped(text, font=font, width=width - 3 * pad))
    spacing = pad / 3
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), words, font=font, spacing=spacing)
    mask = Image.new("L", (width, int(box[3] + 2 * pad) // 2 * 2))
    ImageDraw.Draw(mask).multiline_text((pad, pad), words, fill=255, font=font, spacing=spacing)
    return mask


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
