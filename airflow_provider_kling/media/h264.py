"""Whether packets of H.264 can follow those of another video, for a decoder that is set up once.

The units of a packet are those of ITU-T H.264, 7.3.1; how an MP4 stores them is in ISO/IEC 14496-15, 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# How the extradata of H.264 in an MP4 starts; other containers store packets differently.
_MP4_EXTRADATA: Final = b"\x01"
_IDR: Final = 5
_PARAMETER_SETS: Final = frozenset({7, 8})


def is_as_in_mp4(extradata: bytes) -> bool:
    """Tell whether packets are stored as MP4 and Matroska do: each unit after its length."""
    return extradata.startswith(_MP4_EXTRADATA) and len(extradata) > 4


def starts_anew(packet: memoryview, *, extradata: bytes) -> bool:
    """Tell whether nothing before a packet is needed to decode it and all after it: it has an IDR picture."""
    return any(unit[0] & 0x1F == _IDR for unit in _units(packet, extradata=extradata))


def changes_setup(packet: memoryview, *, extradata: bytes) -> bool:
    """Tell whether a packet brings parameter sets that are not among those of the stream."""
    return any(
        unit[0] & 0x1F in _PARAMETER_SETS and bytes(unit) not in extradata
        for unit in _units(packet, extradata=extradata)
    )


def _units(packet: memoryview, *, extradata: bytes) -> Iterator[memoryview]:
    size_bytes = (extradata[4] & 3) + 1
    at = 0
    while at + size_bytes < len(packet):
        begin = at + size_bytes
        at = begin + int.from_bytes(packet[at:begin], "big")
        if unit := packet[begin:at]:
            yield unit
