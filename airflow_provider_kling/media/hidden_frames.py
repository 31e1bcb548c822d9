"""Packets whose frame is never displayed: later frames are predicted from it (alternate reference frames).

The bits are those of RFC 6386, section 9.1, for VP8, and of the VP9 bitstream specification, section 6.2 and
annex B.
"""

from __future__ import annotations

from typing import Final

_VP8_SHOWN: Final = 0x10
_VP9_SUPERFRAME: Final = 0xC0  # several frames, of which the last is displayed
_VP9_SUPERFRAME_MASK: Final = 0xE0


def is_hidden(packet: memoryview, *, codec: str) -> bool:
    """Tell whether the frame of a packet is never displayed.

    :param packet: its bytes.
    :param codec: FFmpeg's name; those other than ``vp8`` and ``vp9`` have no such packets.
    """
    if not len(packet):
        return False
    first: int = packet[0]
    if codec == "vp8":
        return not first & _VP8_SHOWN
    if codec == "vp9":
        last: int = packet[len(packet) - 1]
        if last & _VP9_SUPERFRAME_MASK == _VP9_SUPERFRAME:
            return False
        if first & 0x30 == 0x30:  # profile 3, which has a bit more
            first <<= 1
        shows_earlier_frame, shown = first & 0x08, first & 0x02
        return not shows_earlier_frame and not shown
    return False
