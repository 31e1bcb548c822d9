"""The format of a file, detected from its first bytes; its name only says what it should hold."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Self

from airflow_provider_kling.media_type import MediaType

HEAD_BYTES = 400
"""How many of a file's first bytes :func:`sniff` needs: a transport stream is known by its first packets."""

_TS_PACKET = 188
_TS_SYNC = 0x47
_M2TS_TIME = 4  # bytes before each packet in the files of cameras


class FileFormat(StrEnum):
    """The formats of the files that are sent, stored and written; the value is the usual file extension.

    Not all of them can be probed; see :mod:`airflow_provider_kling.media.container`.

    :ivar content_type: the media type in HTTP's form.
    """

    content_type: str

    MP4 = "mp4", "video/mp4"
    MOV = "mov", "video/quicktime"
    WEBM = "webm", "video/webm"
    AVI = "avi", "video/x-msvideo"
    TS = "ts", "video/mp2t"
    MPEG_PS = "mpg", "video/mpeg"
    FLV = "flv", "video/x-flv"
    OGG = "ogg", "video/ogg"
    PNG = "png", "image/png"
    JPEG = "jpg", "image/jpeg"
    WEBP = "webp", "image/webp"
    GIF = "gif", "image/gif"
    HEIC = "heic", "image/heic"
    AVIF = "avif", "image/avif"
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


EXTENSIONS: Mapping[str, MediaType] = {
    **{f".{each.value}": each.media_type for each in FileFormat},
    ".mov": MediaType.VIDEO,
    ".m4v": MediaType.VIDEO,
    ".jpeg": MediaType.IMAGE,
}
"""What a file with an extension usually holds. Lower case, with the dot."""


def named_media_type(location: str) -> MediaType | None:
    """Return what the file that a location names holds, by its extension; None for a folder."""
    return None if location.endswith("/") else EXTENSIONS.get(PurePosixPath(location).suffix.lower())


def sniff(head: bytes) -> FileFormat | None:
    """Return the format of a file; None for anything else, such as an HTML page.

    :param head: the first :data:`HEAD_BYTES` of the file, or all of a shorter file. More does no harm.
    """
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if head[4:8] in _QUICKTIME_BOXES:
        return FileFormat.MOV
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if _is_transport_stream(head) or _is_transport_stream(head[_M2TS_TIME:], gap=_M2TS_TIME):
        return FileFormat.TS
    if head[:1] == b"\xff" and (audio := _by_audio_frame(head)):
        return audio
    return next((found for found, magic in _MAGIC.items() if head.startswith(magic)), None)


_RIFF: dict[bytes, FileFormat] = {
    b"WEBP": FileFormat.WEBP,
    b"WAVE": FileFormat.WAV,
    b"AVI ": FileFormat.AVI,
}
_MAGIC: dict[FileFormat, bytes] = {
    FileFormat.WEBM: b"\x1a\x45\xdf\xa3",
    FileFormat.PNG: b"\x89PNG\r\n\x1a\n",
    FileFormat.JPEG: b"\xff\xd8\xff",
    FileFormat.GIF: b"GIF8",
    FileFormat.MP3: b"ID3",
    FileFormat.FLV: b"FLV\x01",
    FileFormat.OGG: b"OggS",
    FileFormat.MPEG_PS: b"\0\0\x01\xba",
}
# The first box of a QuickTime file that is older than the one for brands.
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"pnot", b"skip", b"free")
_BRANDS: dict[bytes, FileFormat] = {
    b"qt  ": FileFormat.MOV,
    **dict.fromkeys((b"avif", b"avis"), FileFormat.AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), FileFormat.HEIC),
}
_IMAGE_BRANDS = (b"mif1", b"msf1")  # of an image whose codec a further brand tells


def _by_brands(head: bytes) -> FileFormat:
    """Return the format of an MP4 or one of its relatives, by ISO/IEC 14496-12, section 4.3, and 23008-12."""
    major = head[8:12]
    if major in _IMAGE_BRANDS:
        further = head[16 : min(len(head), int.from_bytes(head[:4], "big"))]
        brands = [further[at : at + 4] for at in range(0, len(further), 4)]
        return FileFormat.AVIF if b"avif" in brands else FileFormat.HEIC
    return _BRANDS.get(major, FileFormat.MP4)


def _is_transport_stream(head: bytes, *, gap: int = 0) -> bool:
    starts = head[:: _TS_PACKET + gap]
    return len(starts) > 1 and all(byte == _TS_SYNC for byte in starts)


def _by_audio_frame(head: bytes) -> FileFormat | None:
    """Return MP3 or AAC by the header of the first frame, by ISO/IEC 11172-3, section 2.4.1.3, and 13818-7.

    MP3 has layer 3, with or without a checksum, in MPEG 1, 2 or 2.5, which is for 8 to 12 kHz.
    """
    if len(head) < 2 or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 1 and version != 1:
        return FileFormat.MP3
    return FileFormat.AAC if layer == 0 and head[1] & 0xF0 == 0xF0 else None
