"""Text as masks: white letters on black, drawn by Pillow in its built-in font."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SHADE: Final = 0.8  # how dark the box behind text is
_MAX_LINES: Final = 4
_MAX_LINE_LENGTH: Final = 200  # characters that are measured for a line; more never fit
_MIN_FONT_PX: Final = 6
_PUNCTUATION: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00df": "ss"}
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size: float) -> Font:
    """Return the font in a size in pixels."""
    return ImageFont.load_default(max(_MIN_FONT_PX, size))


def line(text: str, *, width: int, height: int, font: Font) -> Image.Image:
    """Return a strip with one line of text."""
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((8, height / 2), text, fill=255, font=font, anchor="lm")
    return mask


def paragraph(text: str, *, width: int, padding: int, font: Font) -> Image.Image:
    """Return a box with a few lines of text; its height is even."""
    wrapped = "\n".join(wrap(text, font=font, width=width - 3 * padding))
    spacing = padding / 3
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    box = draw.multiline_textbbox((0, 0), wrapped, font=font, spacing=spacing)
    mask = Image.new("L", (width, int(box[3] + 2 * padding) // 2 * 2))
    ImageDraw.Draw(mask).multiline_text((padding, padding), wrapped, fill=255, font=font, spacing=spacing)
    return mask


def wrap(text: str, *, font: Font, width: float, max_lines: int = _MAX_LINES) -> list[str]:
    """Break a text into lines of a width in pixels. An ellipsis ends the last line if text is left over."""
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
    """Return how many characters of a text fit a width; at least 1, so that no line is empty."""
    sizes = range(1, min(len(text), _MAX_LINE_LENGTH) + 1)
    return max(1, bisect_right(sizes, width, key=lambda size: font.getlength(text[:size])))


def _plain(text: str) -> str:
    """Return a text without accents and typographic punctuation, which the font may not have."""
    bare = unicodedata.normalize("NFKD", text.translate(_PUNCTUATION))
    return "".join(char if char.isprintable() else " " for char in bare if not unicodedata.combining(char))
