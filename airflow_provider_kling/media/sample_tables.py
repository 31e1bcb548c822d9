"""The tables of samples in an MP4, checked before FFmpeg makes an index of all that they claim."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import SEEK_END
from typing import Final, Protocol

from airflow_provider_kling.exceptions import KlingMediaError

# FFmpeg takes 24 bytes for a sample, and a table of one size takes 20 bytes for any number of them. No codec
# packs more samples into a byte: MACE, of old QuickTime files, packs 6.
_SAMPLES_A_BYTE: Final = 8
_CONTAINERS: Final = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
# Where a table has its number of samples, after the head of the box.
_COUNT_AT: Final = {b"stsz": 8, b"stz2": 8, b"trun": 4}
_MAX_DEPTH: Final = 6
_TOP_LEVEL: Final = 16  # reading the heads of all fragments of a long file would read all of it once more
_BOXES: Final = 10_000


class Seekable(Protocol):
    """A file, as far as this module needs it."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Return the new position."""


def check_sample_tables(file: Seekable, *, name: str) -> None:
    """Check that no table claims more samples than the file can hold. Other files than MP4 pass.

    Only the first boxes are checked; for the rest, there is the limit of memory.

    :raises KlingMediaError: one does.
    """
    size = file.seek(0, SEEK_END)
    file.seek(0)
    if file.read(12)[4:8] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return
    samples = sum(_counts(file, 0, size, boxes=iter(range(_BOXES)), depth=0))
    if samples > _SAMPLES_A_BYTE * size:
        raise KlingMediaError(
            f"{name} is damaged: its tables claim {samples} samples, in a file of {size} bytes",
            retryable=False,
        )


def _counts(file: Seekable, begin: int, end: int, *, boxes: Iterator[int], depth: int) -> Iterator[int]:
    """Yield the number of samples of each table between two positions."""
    count = 0
    while begin + 8 <= end and next(boxes, None) is not None and (depth or count < _TOP_LEVEL):
        count += 1
        file.seek(begin)
        head = file.read(24)
        if len(head) < 8:
            return
        length, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = end - begin
        stop = min(begin + length, end)
        if kind in _CONTAINERS and depth < _MAX_DEPTH:
            yield from _counts(file, begin + body, stop, boxes=boxes, depth=depth + 1)
        elif kind in _COUNT_AT:
            file.seek(begin + body + _COUNT_AT[kind])
            if len(number := file.read(4)) == 4:
                yield struct.unpack(">I", number)[0]
        begin += max(length, body)
