"""What a video or a picture is, and where that is not what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# A service rounds: 5 s may come as 121 frames at 24 a second, and 16:9 as 1364 by 768.
_SECONDS_SLACK: Final = 0.5
_SECONDS_SLACK_SHARE: Final = 0.05
_RATIO_SLACK_SHARE: Final = 0.02


class MediaType(StrEnum):
    """The two kinds of media that have a picture."""

    VIDEO = "video"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """A sound track.

    :param sample_rate: samples a second, in each channel.
    """

    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class MediaFacts:
    """What a file is, measured: a container's own word is taken only where nothing shows better.

    :param container: such as ``mp4``, ``webm``, ``png``.
    :param width: pixels, as shown: after the rotation that the file asks for, and with square pixels.
    :param height: pixels, likewise.
    :param codec: of the picture, such as ``h264``.
    :param pixel_format: FFmpeg's name, such as ``yuv420p``.
    :param seconds: from the first frame to the end of the last; None for an image, as the next three.
    :param frames: how many are shown.
    :param fps: frames a second, on average.
    :param variable_fps: frames stay for different times.
    :param cut_short: the file ends before what its own index promises.
    :param sound: None where there is none.
    """

    type: MediaType
    container: str
    width: int
    height: int
    codec: str
    pixel_format: str
    seconds: float | None = None
    frames: int | None = None
    fps: float | None = None
    variable_fps: bool | None = None
    cut_short: bool = False
    sound: SoundFacts | None = None


def disagreements(
    facts: MediaFacts,
    *,
    width: int | None = None,
    height: int | None = None,
    ratio: str | None = None,
    seconds: float | None = None,
    sound: bool | None = None,
) -> list[str]:
    """Say in what a file differs from what was asked for; an empty list when it does not.

    A length passes within half a second or 5 %, whichever is more, and a ratio within 2 %. Width and height
    have to be exact. What was not asked for is None and is not looked at.

    :param ratio: of width to height, as ``"16:9"``.
    """
    found = []
    if facts.cut_short:
        found.append("it ends before its own index says it does")
    if width is not None and facts.width != width:
        found.append(f"it is {facts.width} pixels wide, not {width}")
    if height is not None and facts.height != height:
        found.append(f"it is {facts.height} pixels high, not {height}")
    if ratio is not None and not _has_ratio(facts, ratio):
        found.append(f"it is {facts.width}x{facts.height}, which is not {ratio}")
    if seconds is not None and not _lasts(facts, seconds):
        length = "it is an image" if facts.seconds is None else f"it lasts {facts.seconds:.2f} s"
        found.append(f"{length}, not {seconds:g} s")
    if sound is True and facts.sound is None:
        found.append("it has no sound")
    if sound is False and facts.sound is not None:
        found.append("it has sound, which was not asked for")
    return found


def _has_ratio(facts: MediaFacts, ratio: str) -> bool:
    wide, _, high = ratio.partition(":")
    return abs(facts.width * float(high) / (facts.height * float(wide)) - 1) <= _RATIO_SLACK_SHARE


def _lasts(facts: MediaFacts, seconds: float) -> bool:
    if facts.seconds is None:
        return False
    return abs(facts.seconds - seconds) <= max(_SECONDS_SLACK, seconds * _SECONDS_SLACK_SHARE)
