"""How long a Matroska or AVI file is by its own account, from the heads of its outermost parts.

The heads are those of RFC 8794, sections 4 to 6 and 11 (EBML), of RFC 9559, section 5.1 (Matroska), and of
Microsoft's RIFF and the OpenDML extensions of AVI, sections 2 and 4.
"""

from __future__ import annotations

from io import SEEK_END
from typing import Final

from airflow_provider_kling.media.sample_tables import Seekable

_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
_RIFF: Final = b"RIFF"
_AVI: Final = (b"AVI ", b"AVIX")
# What a program writes that cannot go back and write the size, because its output is a pipe.
_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)
_PARTS: Final = 1000  # an AVI of OpenDML has one for each gigabyte
_HEAD_BYTES: Final = 12


def ends_early(file: Seekable) -> bool:
    """Tell whether a file has fewer bytes than it announces. One that announces no size does not."""
    size = file.seek(0, SEEK_END)
    head = _read(file, 0)
    if head.startswith(_EBML):
        return _matroska_end(file) > size
    if head.startswith(_RIFF):
        return _avi_end(file, size) > size
    return False


def _matroska_end(file: Seekable) -> int:
    """Return where the segment ends that follows the head; 0 where that is unknown."""
    _, body, size = _element(_read(file, 0))
    if size is None:
        return 0
    segment = body + size
    identifier, body, size = _element(_read(file, segment))
    return segment + body + size if identifier == _SEGMENT and size is not None else 0


def _element(head: bytes) -> tuple[bytes, int, int | None]:
    """Return an element's id, the length of its head, and the size of its body; None for an unknown size."""
    if len(head) < _HEAD_BYTES:
        return b"", 0, None
    length = 9 - head[4].bit_length()  # of the size; so many zeros as bytes follow the first one
    if length > _HEAD_BYTES - 4:
        return b"", 0, None
    ones = (1 << 7 * length) - 1
    size = int.from_bytes(head[4 : 4 + length], "big") & ones
    return head[:4], 4 + length, None if size == ones else size


def _avi_end(file: Seekable, end: int) -> int:
    """Return where the last part ends that begins before the end of the file."""
    at = 0
    for _ in range(_PARTS):
        head = _read(file, at)
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != _RIFF or head[8:12] not in _AVI or size in _UNKNOWN_SIZES:
            break
        at += 8 + size + size % 2
        if at >= end:
            # The byte that makes a size even may be missing at the end.
            return at - size % 2
    return 0


def _read(file: Seekable, at: int) -> bytes:
    file.seek(at)
    return file.read(_HEAD_BYTES)
