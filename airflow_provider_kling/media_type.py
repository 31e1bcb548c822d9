"""The three kinds of media that go into a generation or come out of one."""

from __future__ import annotations

from enum import StrEnum


class MediaType(StrEnum):
    """What a file, or a field of a request that takes a file, holds."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
