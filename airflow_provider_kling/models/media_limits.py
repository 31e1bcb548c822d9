"""What the documents say of the files that a request may bring."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Medium(StrEnum):
    """What a field of a request holds."""

    IMAGE = "image"
    VIDEO = "video"
    SOUND = "sound"


def medium_of(field: str) -> Medium:
    """Return what a field holds, told by its name."""
    if "video" in field:
        return Medium.VIDEO
    return Medium.SOUND if "sound" in field or "audio" in field else Medium.IMAGE


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Bounds of one kind of file; None where the documents give none.

    :param formats: file extensions, without the dot.
    :param side: shortest and longest side, in pixels.
    :param max_ratio: how many times as long as wide, at most.
    :param seconds: shortest and longest length.
    :param fps: lowest and highest frame rate.
    """

    formats: tuple[str, ...] | None = None
    max_bytes: int | None = None
    side: tuple[int | None, int | None] = (None, None)
    max_ratio: float | None = None
    seconds: tuple[float | None, float | None] = (None, None)
    fps: tuple[float | None, float | None] = (None, None)


MB = 1024**2  # the documents' "MB", in the larger reading: what may be allowed is not refused

# docs: the pages of the image models, up to July 2026.
IMAGE_PAGES = {
    Medium.IMAGE: MediaLimits(formats=("jpg", "png"), max_bytes=10 * MB, side=(300, None), max_ratio=2.5)
}

# docs: kling-avatar.
SPEECH = {Medium.SOUND: MediaLimits(formats=("mp3", "wav", "m4a", "aac"), max_bytes=5 * MB, seconds=(2, 300))}

# blog: kling-o1-api, 2026-09-10.
O1_PICTURES = {Medium.IMAGE: MediaLimits(max_bytes=50 * MB, side=(300, None), max_ratio=2.5)}
O1_EDITING = {
    **O1_PICTURES,
    Medium.VIDEO: MediaLimits(max_bytes=200 * MB, seconds=(3, 10), side=(700, 2160), fps=(24, 60)),
}
