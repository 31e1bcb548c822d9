"""A single frame of a video, as an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from airflow_provider_kling.media.file_format import FileFormat


class Edge(StrEnum):
    """The two ends of a video."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, kw_only=True)
class StillImage:
    """An encoded frame of a video.

    :param format: PNG or JPEG.
    :param width: pixels; ``height`` likewise.
    :param seconds: the presentation time in the video, from its first frame.
    :param hdr: the video has a high dynamic range, which is not mapped to the image's, so it looks pale.
    """

    content: bytes = field(repr=False)
    format: FileFormat
    width: int
    height: int
    seconds: float
    hdr: bool = False
