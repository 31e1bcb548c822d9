"""How clips are concatenated, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import inf
from typing import Final

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.media.media_info import MediaInfo

MAX_SIDE: Final = 8192
"""The most pixels of a side of the output."""

MAX_DURATION_S: Final = 6 * 3600
"""The most seconds of the output."""

REPORT_EVERY_S: Final = 5
"""How many seconds of the output are between two reports of progress."""

_MAX_FPS: Final = 120
_MAX_DENOMINATOR: Final = 1001  # of the frame rates in use; that of a float does not fit into a file

# Measured: cross-fading clips in full HD took 607 MiB, and in 4K 1,415 MiB, mostly for the encoder's frames.
_BASE_BYTES: Final = 400 * 1024**2
_BYTES_A_PIXEL: Final = 160

Progress = Callable[[int, int, float, float], None]
"""Takes the number of the clip, the number of all, and the written and the total seconds of the output."""


class ConcatMethod(StrEnum):
    """How the video stream was made: by copying the clips' packets, or by encoding."""

    COPIED = "copied"
    ENCODED = "encoded"


@dataclass(frozen=True, kw_only=True)
class ConcatOptions:
    """How clips are concatenated.

    :param size: width and height of the output in pixels, even and at most 8192; by default, the first clip's
        as displayed.
    :param fps: frames a second, at most 120; by default, the first clip's.
    :param fade_s: seconds of the cross-fade between two clips; each makes the output as much shorter.
    :param trim_frames: frames to leave out at the start of every clip but the first, with their audio,
        because they repeat the end of the clip before.
    :raises KlingRequestError: an option is out of range.
    """

    size: tuple[int, int] | None = None
    fps: Fraction | None = None
    fade_s: float = 0.0
    trim_frames: int = 0

    def __post_init__(self) -> None:
        broken = []
        if self.size is not None and any(side % 2 or not 2 <= side <= MAX_SIDE for side in self.size):
            rule = f"must be two even numbers of pixels, at most {MAX_SIDE}"
            broken.append(BrokenRule(field="size", rule=rule, value=self.size))
        if self.rate is not None and not 0 < self.rate <= _MAX_FPS:
            rule = f"must be more than 0 and at most {_MAX_FPS} frames a second"
            broken.append(BrokenRule(field="fps", rule=rule, value=str(self.fps)))
        if not 0 <= self.fade_s < inf:
            broken.append(BrokenRule(field="fade_s", rule="must be 0 or more seconds", value=self.fade_s))
        if self.trim_frames < 0:
            rule = "must be 0 or more frames"
            broken.append(BrokenRule(field="trim_frames", rule=rule, value=self.trim_frames))
        if broken:
            raise KlingRequestError(subject="concat", broken=broken)

    @property
    def rate(self) -> Fraction | None:
        """The frames a second, as a fraction that fits into a file."""
        return None if self.fps is None else Fraction(self.fps).limit_denominator(_MAX_DENOMINATOR)


class ClipWarning(StrEnum):
    """What of a clip is not in the output as it should be; the value follows the clip's name."""

    SILENT = "has audio that FFmpeg cannot decode or mix to stereo, so it is silent"
    HDR = "has a high dynamic range, which is not mapped to the output's, so it looks pale"


@dataclass(frozen=True, kw_only=True)
class ConcatResult:
    """The properties of the output, measured, and how it was made.

    :param warnings: by the index of a clip.
    """

    method: ConcatMethod
    info: MediaInfo
    warnings: tuple[tuple[int, ClipWarning], ...] = ()


def memory_bytes(pixels: int) -> int:
    """Return how much memory encoding takes at most, by the number of pixels of the largest frame."""
    return _BASE_BYTES + _BYTES_A_PIXEL * pixels
