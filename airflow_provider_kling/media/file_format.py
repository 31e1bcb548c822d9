"""The format of a file, detected from its first bytes and never from its name."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from airflow_provider_kling.media_type import MediaType

HEAD_BYTES = 16
"""How many of a file's first bytes :func:`sniff` needs."""


class FileFormat(StrEnum):
    """The formats of the files that are sent, stored and written; the value is the usual file extension.

    :ivar content_type: the media type in HTTP's form.
    """

    content_type: str

    MP4 = "mp4", "video/mp4"
    WEBM = "webm", "video/webm"
    PNG = "png", "image/png"
    JPEG = "jpg", "image/jpeg"
    WEBP = "webp", "image/webp"
    GIF = "gif", "image/gif"
    WAV = "wav", "audio/wav"
    MP3 = "mp3", "audio/mpeg"
    AAC = "aac", "audio/aac"

    def __new__(cls, extension: str, content_type: str) -> Self:
        """Make a member of its two values."""
        member = str.__new__(cls, extension)
        member._value_, member.content_type = extension, content_type
        return member

    @property
    def media_type(self) -> MediaType:
        """What such a file usually holds."""
        return MediaType(self.content_type.partition("/")[0])


def sniff(head: bytes) -> FileFormat | None:
    """Return the format of a file; None for anything else, such as an HTML page."""
    if head[4:8] == b"ftyp":
        return FileFormat.MP4
    if head[:4] == b"RIFF":
        return {b"WEBP": FileFormat.WEBP, b"WAVE": FileFormat.WAV}.get(head[8:12])
    return next((found for found, magic in _MAGIC.items() if head.startswith(magic)), None)


_MAGIC: dict[FileFormat, bytes | tuple[bytes, ...]] = {
    FileFormat.WEBM: b"\x1a\x45\xdf\xa3",
    FileFormat.PNG: b"\x89PNG\r\n\x1a\n",
    FileFormat.JPEG: b"\xff\xd8\xff",
    FileFormat.GIF: b"GIF8",
    FileFormat.MP3: (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    FileFormat.AAC: (b"\xff\xf1", b"\xff\xf9"),
}
