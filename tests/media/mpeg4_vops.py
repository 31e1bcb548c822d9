"""MPEG-4 part 2 with packets that have no frame, as DivX and XviD write it into AVI, and FFmpeg does not.

Matroska can hold it as an AVI does, in the compatibility mode for Video for Windows.

A video object plane (VOP) is a frame. The names are those of the standard, ISO/IEC 14496-2, section 6.2.5.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av

from tests.media.clips import Clip, packet_payloads
from tests.media.ffmpeg import convert

_VOP, _USER_DATA = b"\0\0\1\xb6", b"\0\0\1\xb2"
_PACKED = _USER_DATA + b"DivX503b1393p"  # the last letter says that a packet may have two frames
_FPS = 24  # so vop_time_increment has five bits


def with_uncoded(clip: Clip, *, each: int, container: str = "avi") -> bytes:
    """Return a file in which a packet without a frame (``vop_coded`` is 0) follows every so many frames."""

    def packets() -> Iterator[bytes]:
        for number, frame in enumerate(_encoded(clip, b_frames=0), 1):
            yield frame
            if number % each == 0:
                yield _uncoded(number)

    return _written(clip, packets(), container=container)


def packed(clip: Clip, *, container: str = "avi") -> bytes:
    """Return a file in which each B-frame is in a packet with the frame before it; one without follows.

    :param clip: with an odd number of frames, so that each but the first has a B-frame.
    """

    def packets() -> Iterator[bytes]:
        first, *others = _encoded(clip, b_frames=1)
        yield first.replace(_VOP, _PACKED + _VOP, 1)
        for number, (frame, b_frame) in enumerate(zip(others[::2], others[1::2], strict=True)):
            yield frame + b_frame
            yield _uncoded(number)

    return _written(clip, packets(), container=container)


def _encoded(clip: Clip, *, b_frames: int) -> list[bytes]:
    """Return the encoded frames in decoding order."""
    encode = f"-i in.mkv -an -c:v mpeg4 -bf {b_frames} -b_strategy 0 -q:v 3 -g 100 out.avi"
    return packet_payloads(convert({"in.mkv": clip.encoded()}, encode, output="out.avi"))


def _uncoded(number: int) -> bytes:
    """Return a VOP that repeats the one before."""
    # vop_coding_type (P), modulo_time_base, a marker, vop_time_increment, a marker, vop_coded; then stuffing.
    bits = f"01 0 1 {number % _FPS:05b} 1 0 01111".replace(" ", "")
    return _VOP + int(bits, 2).to_bytes(2, "big")


def _written(clip: Clip, packets: Iterable[bytes], *, container: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream("mpeg4", rate=_FPS)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        for number, content in enumerate(packets):
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.duration = stream, Fraction(1, _FPS), 1
            packet.pts = packet.dts = number
            packet.is_keyframe = number == 0
            output.mux(packet)
        extradata = bytes(stream.codec_context.extradata or b"")
    if container == "avi":
        return file.getvalue()
    # Windows' BITMAPINFOHEADER takes the place of the extradata.
    header = struct.pack("<IiiHH4s5I", 40, clip.width, clip.height, 1, 24, b"XVID", 0, 0, 0, 0, 0)
    return (
        file.getvalue()
        .replace(b"V_MPEG4/ISO/ASP", b"V_MS/VFW/FOURCC", 1)
        .replace(extradata, header.ljust(len(extradata), b"\0"), 1)
    )
