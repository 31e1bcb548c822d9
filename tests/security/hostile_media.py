"""Small files that make a decoder work, each for another reason, without end or beyond its memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import av

from tests.media.clips import BLACK, Clip, Drawing

SAMPLES = 80_000_000  # of 24 bytes each for FFmpeg, which reserves at most 2 GiB at once
"""How many samples a table claims: FFmpeg's index of them takes 6 GiB."""


def box(kind: bytes, content: bytes = b"") -> bytes:
    """Return a box of an MP4."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def claiming_samples(*, boxes_before: int = 0) -> bytes:
    """Return an MP4 whose table claims more samples than the file has bits.

    :param boxes_before: empty boxes before the index of the file.
    """
    clip = bytearray(Clip(frames=1, b_frames=0).encoded())
    sizes = clip.index(b"stsz") + 4 + 4
    clip[sizes : sizes + 8] = struct.pack(">II", 1, SAMPLES)  # all of one size, so that no table follows
    chunks = clip.index(b"stsc") + 4 + 8
    clip[chunks + 4 : chunks + 8] = struct.pack(">I", SAMPLES)
    times = clip.index(b"stts") + 4 + 8
    clip[times : times + 4] = struct.pack(">I", SAMPLES)
    # After the index, so that the positions in it stay right.
    index = clip.index(b"moov") - 4
    return bytes(clip[:index]) + box(b"free") * boxes_before + bytes(clip[index:])


def claiming_samples_in_a_fragment() -> bytes:
    """Return a fragmented MP4, one of whose fragments claims as many, none of which has any bytes."""
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(file, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    clip = bytearray(file.getvalue())
    run = clip.index(b"trun") + 4
    clip[run : run + 8] = struct.pack(">II", 0, SAMPLES)  # no flags: no fields for each sample
    return bytes(clip)


def with_time_base(seconds: int) -> bytes:
    """Return a WebM whose timestamps are in units of some seconds."""
    clip = Clip(container="webm", codec="libvpx").encoded()
    scale = clip.index(b"\x2a\xd7\xb1")
    app = clip.index(b"\x4d\x80", scale)
    end = app + 3 + (clip[app + 2] & 0x7F)
    coarse = b"\x2a\xd7\xb1\x88" + struct.pack(">Q", seconds * 10**9)
    padding = end - scale - len(coarse) - 2
    return clip[:scale] + coarse + bytes([0xEC, 0x80 | padding]) + bytes(padding) + clip[end:]


def with_metadata_in_latin_1() -> bytes:
    """Return an MP4 with a title that is not in UTF-8, as old programs write it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["title"] = "Café"
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    return file.getvalue().replace("Café".encode(), "Cafée".encode("latin-1"))


def wide_pixels() -> bytes:
    """Return a clip that is 77 megapixels as displayed, and 77 kilopixels as stored."""
    clip = Clip(frames=2, width=800, height=96, sample_aspect_ratio=Fraction(4, 3)).encoded()
    ratio = clip.index(b"pasp") + 4
    return clip[:ratio] + struct.pack(">II", 1000, 1) + clip[ratio + 8 :]


def long_frame() -> bytes:
    """Return a clip whose first frame is displayed for 1,024 s."""
    return Clip(frames=2, times=(0, 1_024_000)).encoded()


def long_last_frame() -> bytes:
    """Return a clip whose only frame lasts for 1,000 s, by its table of times."""
    clip = bytearray(Clip(frames=1, b_frames=0, fps=1).encoded())
    times = clip.index(b"stts") + 4 + 8
    ticks = struct.unpack(">I", clip[times + 4 : times + 8])[0]
    clip[times + 4 : times + 8] = struct.pack(">I", ticks * 1000)
    return bytes(clip)


def tiny_frames() -> bytes:
    """Return a clip of a thousand frames a second; they are black until after the first 400."""
    dark = Clip(frames=600, fps=1000, width=64, height=64, b_frames=0, gop_size=600)
    return replace(dark, drawing=Drawing.NOTHING, shades=(BLACK,) * 400 + (235,) * 200).encoded()


def without_a_frame_in_three_seconds() -> bytes:
    """Return a clip whose first frame comes after five seconds."""
    return Clip(frames=8, times=tuple(range(5000, 5320, 40)), container="matroska").encoded()


TRAPS: dict[str, Callable[[], bytes]] = {
    "samples": claiming_samples,
    "samples behind many boxes": lambda: claiming_samples(boxes_before=40),
    "samples in a fragment": claiming_samples_in_a_fragment,
    "time base": lambda: with_time_base(2),
    "metadata": with_metadata_in_latin_1,
    "wide pixels": wide_pixels,
    "long frame": long_frame,
    "long last frame": long_last_frame,
    "tiny frames": tiny_frames,
    "late frame": without_a_frame_in_three_seconds,
}
