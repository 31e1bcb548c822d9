"""H.264 with pictures that are single fields, as some cameras record it; FFmpeg's encoders write frames only.

Every macroblock holds its samples as they are (I_PCM), so that nothing has to be predicted. The names are
those of the standard, ITU-T H.264, sections 7.3 and E.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.media.clips import Clip

_SPS, _PPS, _DELIMITER, _IDR, _SLICE = 0x67, 0x68, 0x09, 0x65, 0x61
_I_SLICE, _I_PCM = 7, 25
_GOP = 12
_FRAME, _TOP, _BOTTOM = range(3)
_GREY = bytes([128] * 128)  # the colour of a macroblock


def field_coded(clip: Clip, *, whole: int = 0) -> bytes:
    """Return a raw stream with two coded pictures for each frame: its even lines, then its odd ones.

    :param clip: its width is a multiple of 16, its height one of 32, and its rate a whole number.
    :param whole: how many frames of each dozen are single pictures, from the first one on.
    """
    return b"".join(picture for frame in pictures(clip, whole=whole) for picture in frame)


def pictures(clip: Clip, *, whole: int = 0) -> Iterator[list[bytes]]:
    """Yield the coded pictures of each frame: one or two. The parameters are those of :func:`field_coded`."""
    for index in range(clip.frames):
        rows = [bytes(row) for row in clip.luma(index)]
        number = index % _GOP
        lines = {_FRAME: rows} if number < whole else {_TOP: rows[::2], _BOTTOM: rows[1::2]}
        coded = []
        for structure, part in lines.items():
            head = _unit(_DELIMITER, _Bits().u(3, 7))
            if number == 0 and structure != _BOTTOM:
                head += _sequence(clip) + _picture_parameters()
            coded.append(head + _picture(part, structure=structure, index=number))
        yield coded


def _sequence(clip: Clip) -> bytes:
    bits = _Bits().u(8, 77).u(8, 0).u(8, 30).ue(0)  # Main profile, level 3
    bits.ue(0).ue(2)  # frame_num has 4 bits; pictures are displayed in decoding order
    bits.ue(1).u(1, 0).ue(clip.width // 16 - 1).ue(clip.height // 32 - 1)
    bits.u(1, 0).u(1, 0).u(1, 1).u(1, 0)  # not only frames; no mixed macroblocks; no cropping
    bits.u(1, 1).u(4, 0).u(1, 1).u(32, 1).u(32, 2 * int(clip.fps)).u(1, 1).u(4, 0)  # fields a second
    return _unit(_SPS, bits)


def _picture_parameters() -> bytes:
    bits = _Bits().ue(0).ue(0).u(2, 0).ue(0).ue(0).ue(0).u(3, 0).ue(0).ue(0).ue(0).u(3, 0)
    return _unit(_PPS, bits)


def _picture(rows: list[bytes], *, structure: int, index: int) -> bytes:
    idr = index == 0 and structure != _BOTTOM
    bits = _Bits().ue(0).ue(_I_SLICE).ue(0).u(4, index)
    if structure == _FRAME:
        bits.u(1, 0)  # field_pic_flag
    else:
        bits.u(1, 1).u(1, structure == _BOTTOM)
    if idr:
        bits.ue(0).u(2, 0)
    else:
        bits.u(1, 0)
    bits.ue(0)  # no change of the quantiser
    for top in range(0, len(rows), 16):
        for left in range(0, len(rows[0]), 16):
            bits.ue(_I_PCM).align().raw(b"".join(row[left : left + 16] for row in rows[top : top + 16]))
            bits.raw(_GREY)
    return _unit(_IDR if idr else _SLICE, bits)


def _unit(head: int, bits: _Bits) -> bytes:
    """Return a NAL unit with its start code."""
    unit, zeros = bytearray([head]), 0
    for byte in bits.u(1, 1).align().content():
        if zeros >= 2 and byte <= 3:  # would be taken for a start code
            unit.append(3)
            zeros = 0
        unit.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1" + bytes(unit)


class _Bits:
    """Writes bits; the methods have the standard's names of its descriptors."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._bits = 0
        self._count = 0

    def u(self, count: int, value: int) -> _Bits:
        """Write a number of so many bits."""
        self._bits = self._bits << count | value
        self._count += count
        while self._count >= 8:
            self._count -= 8
            self._content.append(self._bits >> self._count & 0xFF)
        self._bits &= (1 << self._count) - 1
        return self

    def ue(self, value: int) -> _Bits:
        """Write a number in Exp-Golomb code."""
        length = (value + 1).bit_length()
        return self.u(length - 1, 0).u(length, value + 1)

    def align(self) -> _Bits:
        """Fill the byte with zeros."""
        return self.u(-self._count % 8, 0)

    def raw(self, content: bytes) -> _Bits:
        """Write whole bytes, at the start of a byte."""
        self._content += content
        return self

    def content(self) -> bytes:
        """Return what was written."""
        return bytes(self._content)
