"""How a decoded frame becomes the picture that a viewer sees: upright, of a size, in the right colours.

Everything here is a decision, given as FFmpeg filters; :mod:`airflow_provider_kling.media.chain` runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

Filter = tuple[str, str]
"""A filter's name and its arguments."""

# FFmpeg's numbers for the matrix between YUV and RGB, and the scale filter's names for them.
_MATRICES: Final = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE: Final = 2
_SHARP: Final = "flags=bicubic+accurate_rnd+full_chroma_int"


class ImageFormat(StrEnum):
    """How a still picture is encoded; the value is the usual file extension."""

    PNG = "png"
    JPEG = "jpg"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What decides how a frame is converted.

    :param width: pixels as stored; ``height`` likewise.
    :param pixel_format: FFmpeg's name.
    :param matrix: FFmpeg's number for the colour matrix that the file is tagged with; 2 for none.
    :param colour_range: FFmpeg's number for the range of the values; 2 for full, 0 for untagged.
    :param pixel_aspect: width of a pixel over its height.
    :param turn: what puts the picture upright, see :func:`turn_of`.
    """

    width: int
    height: int
    pixel_format: str
    matrix: int = 2
    colour_range: int = 0
    pixel_aspect: Fraction = Fraction(1)
    turn: tuple[Filter, ...] = ()

    @property
    def shown_size(self) -> tuple[int, int]:
        """Return width and height as shown, in square pixels."""
        width, height = max(1, round(self.width * self.pixel_aspect)), self.height
        turned = any(name == "transpose" for name, _ in self.turn)
        return (height, width) if turned else (width, height)

    @property
    def colours(self) -> str:
        """Return the scale filter's arguments for the colours of the source."""
        full = self.colour_range == _FULL_RANGE or self.pixel_format.startswith("yuvj")
        return f"in_color_matrix={self._matrix_name}:in_range={'pc' if full else 'tv'}"

    @property
    def _matrix_name(self) -> str:
        # An untagged video is BT.709 if it is HD and BT.601 if it is smaller, as players have it.
        conventional = "bt709" if self.width >= 1280 or self.height > 576 else "bt601"
        return _MATRICES.get(self.matrix, conventional)


def turn_of(matrix: Sequence[int]) -> tuple[Filter, ...]:
    """Return the filters that apply a container's display matrix (nine numbers, row by row).

    Turns by quarters and mirrorings; what lies between is taken for the nearest.
    """
    across_x, down_x, _, across_y, down_y = matrix[:5]
    if abs(down_x) > abs(across_x):
        if down_x > 0:
            return (("transpose", "cclock_flip" if across_y > 0 else "clock"),)
        return (("transpose", "clock_flip" if across_y < 0 else "cclock"),)
    mirrored = (("hflip", ""),) if across_x < 0 else ()
    return (*mirrored, ("vflip", "")) if down_y < 0 else mirrored


def still_filters(shape: Shape, *, image: ImageFormat, max_width: int | None = None) -> list[Filter]:
    """Return the filters for a still: upright, in full-range colours, not wider than asked.

    A PNG holds RGB. A JPEG holds YUV, by its standard with the matrix of BT.601.
    """
    width, height = shape.shown_size
    if max_width is not None and width > max_width:
        width, height = max_width, max(1, round(height * max_width / width))
    pixels = "rgb24" if image is ImageFormat.PNG else "yuvj420p"
    matrix = "" if image is ImageFormat.PNG else ":out_color_matrix=bt601"
    return [
        *shape.turn,
        ("scale", f"w={width}:h={height}:{shape.colours}{matrix}:out_range=pc:{_SHARP}"),
        ("format", pixels),
        ("setsar", "1"),
        # A PNG with the video's transfer curve would look different from a JPEG of the same frame.
        ("setparams", "color_primaries=unknown:color_trc=unknown"),
    ]


def light_filters(shape: Shape) -> list[Filter]:
    """Return the filters for a tiny grey copy, of which the light in a frame is told."""
    return [("scale", f"w=32:h=32:{shape.colours}:out_range=pc:flags=area"), ("format", "gray")]


def film_filters(shape: Shape, *, width: int, height: int) -> list[Filter]:
    """Return the filters for a frame of a film: as large as fits, black around it, BT.709 in limited range.

    :param width: of the film, even; ``height`` likewise.
    """
    fit_width, fit_height = fitted(shape.shown_size, width=width, height=height)
    bt709 = "out_color_matrix=bt709:out_range=tv"
    return [
        *shape.turn,
        ("scale", f"w={fit_width}:h={fit_height}:{shape.colours}:{bt709}:{_SHARP}"),
        ("format", "yuv420p"),
        ("pad", f"w={width}:h={height}:x=-1:y=-1:color=black"),
    ]


def fitted(size: tuple[int, int], *, width: int, height: int) -> tuple[int, int]:
    """Return the largest even size of the same proportions, within a pixel, that fits."""
    scale = min(Fraction(width, size[0]), Fraction(height, size[1]))
    fit_width, fit_height = (max(2, round(side * scale / 2) * 2) for side in size)
    return min(fit_width, width), min(fit_height, height)
