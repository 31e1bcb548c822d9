"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 16
"""How many of a file's first bytes :func:`sniff` needs."""


class MediaKind(StrEnum):
    """The kinds of files that generations result in; the value is the usual file extension."""

    MP4 = "mp4"
    WEBM = "webm"
    PNG = "png"
    JPEG = "jpg"
    WEBP = "webp"
    GIF = "gif"
    WAV = "wav"
    MP3 = "mp3"
    AAC = "aac"

    @property
    def is_picture(self) -> bool:
        """Whether there is something to see in it, moving or not."""
        return not self.content_type.startswith("audio/")

    @property
    def content_type(self) -> str:
        """The media type as HTTP names it."""
        return _CONTENT_TYPES[self]


def sniff(head: bytes) -> MediaKind | None:
    """Name the kind of a file, or None for anything else, such as an HTML page."""
    if head[4:8] == b"ftyp":
        return MediaKind.MP4
    if head[:4] == b"RIFF":
        return {b"WEBP": MediaKind.WEBP, b"WAVE": MediaKind.WAV}.get(head[8:12])
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


_MAGIC = (
    (b"\x1a\x45\xdf\xa3", MediaKind.WEBM),
    (b"\x89PNG\r\n\x1a\n", MediaKind.PNG),
    (b"\xff\xd8\xff", MediaKind.JPEG),
    (b"GIF8", MediaKind.GIF),
    (b"ID3", MediaKind.MP3),
    (b"\xff\xfb", MediaKind.MP3),
    (b"\xff\xf3", MediaKind.MP3),
    (b"\xff\xf2", MediaKind.MP3),
    (b"\xff\xf1", MediaKind.AAC),
    (b"\xff\xf9", MediaKind.AAC),
)

_CONTENT_TYPES = {
    MediaKind.MP4: "video/mp4",
    MediaKind.WEBM: "video/webm",
    MediaKind.PNG: "image/png",
    MediaKind.JPEG: "image/jpeg",
    MediaKind.WEBP: "image/webp",
    MediaKind.GIF: "image/gif",
    MediaKind.WAV: "audio/wav",
    MediaKind.MP3: "audio/mpeg",
    MediaKind.AAC: "audio/aac",
}
