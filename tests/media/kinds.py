"""Files of many kinds, each with numbered frames, made by the program ``ffmpeg`` or bit by bit.

The table is what the tests of probing, of frames and of concatenations go through: a kind that is added here
is tried everywhere.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import av
import numpy as np

from tests.media.clips import Clip
from tests.media.ffmpeg import convert
from tests.media.field_coded import field_coded, pictures
from tests.media.mpeg4_vops import packed

SOURCE = Clip(frames=48, first=100, audio=True, tone=0.4, container="matroska", crf=15)
_SILENT = replace(SOURCE, audio=False)
_SECOND = replace(SOURCE, frames=24, first=200)
_OPEN_X265 = "-c:v libx265 -x265-params log-level=none:bframes=3:keyint=12:scenecut=0:open-gop=1"
X264 = "-c:v libx264 -preset ultrafast -bf 2 -g 12 -x264-params b-adapt=0:scenecut=0"
# Without a key frame but the first: the pictures are refreshed column by column.
_REFRESH = "-c:v libx264 -preset ultrafast -bf 0 -g 12 -x264-params intra-refresh=1:scenecut=0"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of files.

    :param make: makes one.
    :param codec: of the video, by FFmpeg's name; ``audio_codec`` likewise, None for none that can be decoded.
    :param fps: frames a second.
    :param silent: there is audio that cannot be decoded.
    :param hdr: it has a high dynamic range.
    """

    make: Callable[[], bytes]
    codec: str = "h264"
    audio_codec: str | None = None
    fps: float = 24
    silent: bool = False
    hdr: bool = False

    def content(self) -> bytes:
        """Return the file; it is made once."""
        return _made(self.make)


@cache
def _made(make: Callable[[], bytes]) -> bytes:
    return make()


def converted(arguments: str, name: str, *, clip: Clip = SOURCE) -> Callable[[], bytes]:
    """Return what encodes or copies the source into a file of a name."""
    return lambda: convert({"in.mkv": clip.encoded()}, f"-i in.mkv {arguments} {name}", output=name)


def fields_in(name: str) -> Callable[[], bytes]:
    """Return what puts field-coded H.264 into a container."""
    # Two fields a frame: ffmpeg counts coded pictures when it writes times.
    command = f"-fflags +genpts -r 48 -i in.h264 -c copy {name}"
    return lambda: convert({"in.h264": field_coded(_SILENT)}, command, output=name)


class Pipe:
    """A file that can only be written from start to end, so that nothing can be added to its head."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> int:
        """Take the next bytes."""
        self.content += content
        return len(content)


def piped(arguments: str, name: str) -> Callable[[], bytes]:
    """Return what encodes the source and writes it to a pipe, in the container of a file of a name."""

    def make() -> bytes:
        made, pipe = converted(arguments, name)(), Pipe()
        container = {"avi": "avi", "mkv": "matroska", "webm": "webm"}[name.rpartition(".")[2]]
        with av.open(io.BytesIO(made)) as source, av.open(pipe, "w", format=container) as target:
            copies = {each.index: target.add_stream_from_template(each) for each in source.streams}
            for packet in source.demux():
                if packet.size:
                    packet.stream = copies[packet.stream.index]
                    target.mux(packet)
        return pipe.content

    return make


def frames_and_fields_in(name: str) -> Callable[[], bytes]:
    """Return what puts H.264 into a container whose first frames are one picture, and later ones two."""

    def make() -> bytes:
        raw, written = field_coded(_SILENT, whole=8), io.BytesIO()
        with (
            av.open(io.BytesIO(raw), format="h264") as source,
            av.open(written, "w", format="matroska") as container,
        ):
            stream = container.add_stream_from_template(source.streams.video[0], opaque=True)
            for index, coded in enumerate(pictures(_SILENT, whole=8)):
                for number, picture in enumerate(coded):
                    packet = av.Packet(picture)
                    packet.stream, packet.time_base = stream, Fraction(1, 48)
                    packet.pts = packet.dts = 2 * index + number
                    packet.duration = 2 // len(coded)
                    packet.is_keyframe = index % 12 == 0 and number == 0
                    container.mux(packet)
        return convert({"in.mkv": written.getvalue()}, f"-i in.mkv -c copy {name}", output=name)

    return make


def hidden_frames(name: str) -> bytes:
    """Return VP8 with frames that are never displayed; the encoder makes them where much moves."""
    encode = (
        "-i in.mkv -f lavfi -i testsrc=s=160x24:r=24 -filter_complex overlay=0:0:shortest=1"
        " -c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k -g 60 -pass"
    )
    clip = replace(_SILENT, frames=96)
    return convert({"in.mkv": clip.encoded()}, f"{encode} 1 -f null -", f"{encode} 2 {name}", output=name)


def joined(*clips: Clip) -> bytes:
    """Return transport streams one after another, each with times from its own start."""
    return b"".join(converted(f"{X264} -c:a aac", "out.ts", clip=clip)() for clip in clips)


def without_first_frames(encoder: str, name: str) -> Callable[[], bytes]:
    """Return what encodes a stream, leaves out its first packets, and puts the rest into a container."""

    def make() -> bytes:
        made = converted(encoder, "out.ts", clip=_SILENT)()
        packets = [made[begin : begin + 188] for begin in range(0, len(made), 188)]
        video = [packet for packet in packets if packet[1] << 8 & 0x1F00 | packet[2] == 0x100]
        starts = [number for number, packet in enumerate(video) if packet[1] & 0x40]  # of its frames
        tables = [packet for packet in packets if packet not in video][:3]
        part = b"".join([*tables, *video[starts[5] :]])
        if name.endswith(".ts"):
            return part
        return convert({"in.ts": part}, f"-i in.ts -c copy -copyinkf {name}", output=name)

    return make


def cut(encoder: str, name: str, *, whole: str = "whole.mp4") -> Callable[[], bytes]:
    """Return what cuts a part out without encoding; its first frames may need some that are cut off."""
    return lambda: convert(
        {"in.mkv": _SILENT.encoded()},
        f"-i in.mkv {encoder} {whole}",
        f"-ss 0.75 -i {whole} -c copy {name}",
        output=name,
    )


def joined_without_encoding() -> bytes:
    """Return an MP4 of two encodings: the second's parameter sets are inside its packets."""
    two = f"{X264.replace('ultrafast', 'veryfast')} two.mp4"
    listed = b"ffconcat version 1.0\nfile one.mp4\nfile two.mp4\n"
    return convert(
        {"in.mkv": _SILENT.encoded(), "list.txt": listed},
        f"-i in.mkv -t 1 {X264} one.mp4",
        f"-ss 1 -i in.mkv -t 1 {two}",
        "-f concat -i list.txt -c copy out.mp4",
        output="out.mp4",
    )


def cut_without_edits() -> bytes:
    """Return an MP4 whose second and third frame are displayed before the first, and cannot be decoded."""
    return convert(
        {"in.ts": cut(_OPEN_X265, "out.ts")()}, "-i in.ts -c copy -use_editlist 0 out.mp4", output="out.mp4"
    )


def edited(*edits: tuple[int, float]) -> Callable[[], bytes]:
    """Return what gives an MP4 an edit list: the milliseconds of each edit, and where in the media it starts.

    :param edits: a start of -1 is an empty edit, for which nothing is displayed.
    """

    def make() -> bytes:
        made = converted(f"{X264} -video_track_timescale 24000", "out.mp4", clip=_SILENT)()
        at = made.index(b"elst")
        (former,) = struct.unpack_from(">I", made, at - 4)
        first = struct.unpack_from(">i", made, at + 16)[0]  # frames are decoded before they are displayed
        listed = [
            struct.pack(">IiI", duration, -1 if start < 0 else first + round(start * 24000), 0x10000)
            for duration, start in edits
        ]
        box = struct.pack(">I4sII", 16 + 12 * len(edits), b"elst", 0, len(edits)) + b"".join(listed)
        out = bytearray(made[: at - 4] + box + made[at - 4 + former :])
        for parent in (b"edts", b"trak", b"moov"):
            size_at = made.rindex(parent, 0, at) - 4
            (size,) = struct.unpack_from(">I", made, size_at)
            struct.pack_into(">I", out, size_at, size + len(box) - former)
        return bytes(out)

    return make


def undecodable(content: bytes, *, tracks: int) -> bytes:
    """Give the first audio tracks of an MP4 a codec that FFmpeg cannot decode."""
    for _ in range(tracks):
        content = content.replace(b"mp4a", b"apac", 1).replace(b"esds", b"free", 1)
    return content


def two_tracks() -> bytes:
    """Return an MP4 with two audio tracks."""
    return converted(f"-map 0:v -map 0:a -map 0:a {X264} -c:a aac", "out.mp4")()


def standing_still(name: str) -> bytes:
    """Return a clip whose 24th frame is displayed for twelve seconds more, while a tone goes on."""
    still = "-vf setpts='if(gt(N,23),PTS+12/TB,PTS)' -fps_mode vfr"
    command = f"-i in.mkv -f lavfi -i sine=d=14 {still} -map 0:v -map 1:a {X264} -c:a aac {name}"
    return convert({"in.mkv": _SILENT.encoded()}, command, output=name)


def with_channels(channels: int, encode: str, name: str) -> Callable[[], bytes]:
    """Return what makes a clip with a tone in so many channels, which have no names."""

    def make() -> bytes:
        tone = Clip(frames=48, tone=0.4).samples()
        raw = np.repeat((tone * 2**15).astype("<i2")[:, None], channels, axis=1).tobytes()
        inputs = f"-i in.mkv -f s16le -ar 48000 -ac {channels} -i in.raw"
        command = f"{inputs} -map 0:v -map 1:a {X264} {encode} {name}"
        return convert({"in.mkv": _SILENT.encoded(), "in.raw": raw}, command, output=name)

    return make


def changing_audio() -> bytes:
    """Return a clip whose audio is stereo at 48 kHz, and after a second mono at 44.1 kHz."""
    half = "-ss {} -t 1 -i in.mkv -vn -ac {} -ar {} -c:a aac {}.aac"
    return convert(
        {"in.mkv": SOURCE.encoded()},
        half.format(0, 2, 48000, "first"),
        half.format(1, 1, 44100, "second"),
        "-i concat:first.aac|second.aac -c copy both.aac",
        f"-i in.mkv -i both.aac -map 0:v -map 1:a {X264} -c:a copy out.ts",
        output="out.ts",
    )


def without_ftyp() -> bytes:
    """Return a QuickTime file as old programs write it, whose first box has no brand."""
    return converted(f"{X264} -c:a aac -movflags +faststart", "out.mov")().replace(b"ftyp", b"skip", 1)


def hdr(transfer: str) -> Kind:
    """Return a kind of H.265 with ten bits and a transfer curve of high dynamic range."""
    colours = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    encode = f"-an -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none:{colours}"
    return Kind(make=converted(encode, "out.mp4"), codec="hevc", hdr=True)


KINDS: dict[str, Kind] = {
    "HDR, PQ": hdr("smpte2084"),
    "HDR, HLG": hdr("arib-std-b67"),
    "MP4": Kind(make=converted(f"{X264} -c:a aac", "out.mp4"), audio_codec="aac"),
    "fragmented MP4": Kind(
        make=converted(f"{X264} -c:a aac -movflags frag_keyframe+empty_moov", "out.mp4"), audio_codec="aac"
    ),
    "two encodings in an MP4": Kind(make=joined_without_encoding),
    "edit list": Kind(make=cut(X264, "out.mp4")),
    "edit list with two parts": Kind(make=edited((500, 0), (1000, 1))),
    "edit list that repeats": Kind(make=edited((1000, 0), (1000, 0))),
    "edit list that goes back": Kind(make=edited((1000, 1), (1000, 0))),
    "edit list that begins with nothing": Kind(make=edited((400, -1), (1000, 0.5))),
    "cut out of open groups, MP4": Kind(make=cut(_OPEN_X265, "out.mp4"), codec="hevc"),
    "cut out of open groups, MP4 without an edit list": Kind(make=cut_without_edits, codec="hevc"),
    "cut out of open groups, Matroska": Kind(make=cut(_OPEN_X265, "out.mkv"), codec="hevc"),
    "cut out of open groups, transport stream": Kind(make=cut(_OPEN_X265, "out.ts"), codec="hevc"),
    "cut out of open groups, MPEG-2": Kind(
        make=cut("-c:v mpeg2video -bf 2 -q:v 3 -g 12", "out.mkv", whole="whole.ts"), codec="mpeg2video"
    ),
    "H.265": Kind(
        make=converted("-c:v libx265 -x265-params log-level=none", "out.mp4"), codec="hevc", audio_codec="aac"
    ),
    "QuickTime": Kind(make=converted(f"{X264} -c:a pcm_s16le", "out.mov"), audio_codec="pcm_s16le"),
    "QuickTime without a brand": Kind(make=without_ftyp, audio_codec="aac"),
    "AVI without times": Kind(make=converted(f"{X264} -c:a libmp3lame", "out.avi"), audio_codec="mp3"),
    "MPEG-4 in AVI": Kind(make=converted("-c:v mpeg4 -bf 2 -q:v 3 -an", "out.avi"), codec="mpeg4"),
    "packed MPEG-4 in AVI": Kind(make=lambda: packed(replace(_SILENT, frames=47)), codec="mpeg4"),
    "packed MPEG-4 in Matroska": Kind(
        make=lambda: packed(replace(_SILENT, frames=47), container="matroska"), codec="mpeg4"
    ),
    "VP8 with hidden frames": Kind(make=lambda: hidden_frames("out.webm"), codec="vp8"),
    "AVI from a pipe": Kind(make=piped("-c:v mpeg4 -bf 2 -q:v 3 -an", "out.avi"), codec="mpeg4"),
    "Matroska from a pipe": Kind(make=piped(f"{X264} -c:a aac", "out.mkv"), audio_codec="aac"),
    "WebM from a pipe": Kind(
        make=piped("-c:v libvpx -c:a libopus", "out.webm"), codec="vp8", audio_codec="opus"
    ),
    "VP9": Kind(
        make=converted("-c:v libvpx-vp9 -cpu-used 8 -c:a libopus", "out.webm"),
        codec="vp9",
        audio_codec="opus",
    ),
    "transport stream": Kind(make=converted(f"{X264} -c:a aac", "out.ts"), audio_codec="aac"),
    "camera's transport stream": Kind(
        make=converted(f"{X264} -c:a ac3 -mpegts_m2ts_mode 1", "out.m2ts"), audio_codec="ac3"
    ),
    "MPEG-2": Kind(make=converted("-c:v mpeg2video -bf 2 -q:v 3 -an", "out.ts"), codec="mpeg2video"),
    "interlaced frames": Kind(make=converted(f"{X264}:interlaced=1 -flags +ildct+ilme -an", "out.ts")),
    "fields in a transport stream": Kind(make=fields_in("out.ts")),
    "fields in Matroska": Kind(make=fields_in("out.mkv")),
    "fields in MP4": Kind(make=fields_in("out.mp4")),
    "frames and fields in a transport stream": Kind(make=frames_and_fields_in("out.ts")),
    "frames and fields in Matroska": Kind(make=frames_and_fields_in("out.mkv")),
    "frames and fields in MP4": Kind(make=frames_and_fields_in("out.mp4")),
    "joined transport streams": Kind(make=lambda: joined(SOURCE, _SECOND), audio_codec="aac"),
    "joined, the second longer": Kind(make=lambda: joined(_SECOND, SOURCE), audio_codec="aac"),
    "without its first key frame": Kind(make=without_first_frames(X264, "out.ts")),
    "without its first key frame, Matroska": Kind(make=without_first_frames(X264, "out.mkv")),
    "without its first key frame, MP4": Kind(make=without_first_frames(X264, "out.mp4")),
    "cut out of an intra refresh, transport stream": Kind(make=without_first_frames(_REFRESH, "out.ts")),
    "cut out of an intra refresh, Matroska": Kind(make=without_first_frames(_REFRESH, "out.mkv")),
    "cut out of an intra refresh, MP4": Kind(make=without_first_frames(_REFRESH, "out.mp4")),
    "undecodable audio": Kind(make=lambda: undecodable(KINDS["MP4"].content(), tracks=1), silent=True),
    "undecodable audio, and a second track": Kind(
        make=lambda: undecodable(two_tracks(), tracks=1), audio_codec="aac"
    ),
    "two undecodable tracks": Kind(make=lambda: undecodable(two_tracks(), tracks=2), silent=True),
    "changing audio": Kind(make=changing_audio, audio_codec="aac"),
}
