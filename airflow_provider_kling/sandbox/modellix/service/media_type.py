"""The media type of a file by its first bytes; its name and the sender's header do not count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class MediaType:
    """A media type with its usual file extension."""

    name: str
    extension: str

    @property
    def kind(self) -> str:
        """Return ``image``, ``video`` or ``audio``."""
        return self.name.partition("/")[0]


_MP4: Final = MediaType(name="video/mp4", extension="mp4")
_MP3: Final = MediaType(name="audio/mpeg", extension="mp3")
_AAC: Final = MediaType(name="audio/aac", extension="aac")
_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", MediaType(name="image/png", extension="png")),
    (b"\xff\xd8\xff", MediaType(name="image/jpeg", extension="jpg")),
    (b"GIF8", MediaType(name="image/gif", extension="gif")),
    (b"\x1a\x45\xdf\xa3", MediaType(name="video/webm", extension="webm")),
    (b"ID3", _MP3),
    (b"\xff\xfb", _MP3),
    (b"\xff\xf3", _MP3),
    (b"\xff\xf2", _MP3),
    (b"\xff\xf1", _AAC),
    (b"\xff\xf9", _AAC),
    (b"OggS", MediaType(name="audio/ogg", extension="ogg")),
    (b"fLaC", MediaType(name="audio/flac", extension="flac")),
)
_RIFF_TYPES: Final = {
    b"WEBP": MediaType(name="image/webp", extension="webp"),
    b"AVI ": MediaType(name="video/x-msvideo", extension="avi"),
    b"WAVE": MediaType(name="audio/wav", extension="wav"),
}
# By the major brand of the file; any other brand is MP4 video.
_MP4_BRANDS: Final = {
    b"M4A ": MediaType(name="audio/mp4", extension="m4a"),
    b"qt  ": MediaType(name="video/quicktime", extension="mov"),
    b"heic": MediaType(name="image/heic", extension="heic"),
    b"avif": MediaType(name="image/avif", extension="avif"),
}


def media_type(data: bytes) -> MediaType | None:
    """Return the type of an image, video or audio file; None for anything else."""
    if data[4:8] == b"ftyp":
        return _MP4_BRANDS.get(data[8:12], _MP4)
    if data[:4] == b"RIFF":
        return _RIFF_TYPES.get(data[8:12])
    return next((found for signature, found in _SIGNATURES if data.startswith(signature)), None)
