"""What the units of H.264 in an MP4 tell of its packets.

The units and their bits are those of ITU-T H.264, 7.3 and 7.4.1; how an MP4 stores them is in
ISO/IEC 14496-15, 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# How the extradata of H.264 in an MP4 starts; other containers store packets differently.
_MP4_EXTRADATA: Final = b"\x01"
_IDR: Final = 5
_SLICES: Final = frozenset({1, 2, _IDR})  # of a picture; 2 is a partition of a slice
_PARAMETER_SETS: Final = frozenset({7, 8})
# The profiles whose sequence parameter sets have fields for colours (7.3.2.1.1).
_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_ENOUGH_BYTES: Final = 64  # of a sequence parameter set, up to the field that is read last


def is_as_in_mp4(extradata: bytes) -> bool:
    """Tell whether packets are stored as MP4 and Matroska do: each unit after its length."""
    return extradata.startswith(_MP4_EXTRADATA) and len(extradata) > 4


def has_frames_only(extradata: bytes) -> bool:
    """Tell whether it is certain that no picture of a stream is a single field of a frame.

    A sequence parameter set with a feature that is rare is not read to its end, and then it is not certain.
    """
    try:
        return bool(sets := list(_sequence_parameter_sets(extradata))) and all(map(_is_of_frames, sets))
    except (ValueError, IndexError):  # it ends too early
        return False


def has_picture(packet: memoryview, *, extradata: bytes) -> bool:
    """Tell whether a packet has a picture, and not only what accompanies one."""
    return any(unit[0] & 0x1F in _SLICES for unit in _units(packet, extradata=extradata))


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


def _sequence_parameter_sets(extradata: bytes) -> Iterator[bytes]:
    """Yield the sequence parameter sets, each without the head of its unit."""
    at = 6
    for _ in range(extradata[5] & 0x1F):
        begin = at + 2
        at = begin + int.from_bytes(extradata[at:begin], "big")
        yield extradata[begin + 1 : at]


def _is_of_frames(parameter_set: bytes) -> bool:
    """Read ``frame_mbs_only_flag`` (7.3.2.1.1); the names in the comments are those of the standard."""
    # Without the bytes that keep a unit from looking like the start of another (7.4.1).
    bits = _Bits(parameter_set[:_ENOUGH_BYTES].replace(b"\0\0\3", b"\0\0"))
    profile = bits.u(8)
    bits.u(16)
    bits.ue()  # seq_parameter_set_id
    if profile in _HIGH_PROFILES:
        if bits.ue() == 3:  # chroma_format_idc
            bits.u(1)
        bits.ue()  # bit_depth_luma_minus8
        bits.ue()  # bit_depth_chroma_minus8
        bits.u(1)
        if bits.u(1):  # seq_scaling_matrix_present_flag
            return False
    bits.ue()  # log2_max_frame_num_minus4
    order = bits.ue()  # pic_order_cnt_type
    if order == 1:
        return False
    if order == 0:
        bits.ue()  # log2_max_pic_order_cnt_lsb_minus4
    bits.ue()  # max_num_ref_frames
    bits.u(1)
    bits.ue()  # pic_width_in_mbs_minus1
    bits.ue()  # pic_height_in_map_units_minus1
    return bits.u(1) == 1


class _Bits:
    """Reads bits; the methods have the standard's names of its descriptors (7.2).

    They raise a ValueError after the last bit.
    """

    def __init__(self, content: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in content)
        self._at = 0

    def u(self, count: int) -> int:
        """Read a number of so many bits."""
        begin, self._at = self._at, self._at + count
        if self._at > len(self._bits):
            raise ValueError("there are no more bits")
        return int(self._bits[begin : self._at], 2)

    def ue(self) -> int:
        """Read a number in Exp-Golomb code (9.1): so many zeros as digits follow the first one."""
        zeros = self._bits.index("1", self._at) - self._at
        self._at += zeros
        return self.u(zeros + 1) - 1
