"""Clips to test with, and reading their frames and their audio.

Every frame of a clip carries a number, as black and white blocks that survive encoding, scaling and padding,
so that a test can tell which frame of which clip it has. A flash, one white frame, starts at the same time as
a beep, so that a test can measure the offset between video and audio.
"""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
"""Left, top, width and height of a part of a frame, as fractions of its sides."""

WHITE, BLACK = 235, 16
RGB = (200, 60, 90)
WHOLE: Box = (0, 0, 1, 1)
BEEP_S = 0.06
_COLUMNS, _ROWS = 5, 2
_BLOCK = 0.15, 0.25  # width and height, as fractions of the frame's
_CORNER = 0.125, 0.25


class Drawing(Enum):
    """What is drawn in the middle of every frame; the square is white, and half as high as the frame."""

    NUMBER = auto()
    SQUARE = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The properties of a clip; :meth:`encoded` makes it.

    :param first: the number in the first frame; the others count on. Below 1024.
    :param shade: luma around the numbers; ``shades`` gives it frame by frame.
    :param drawing: what is drawn in the middle.
    :param grain: the strength of a noise over the frames, which makes the file large.
    :param times: the presentation time of each frame in milliseconds, for a variable frame rate.
    :param flashes: frames that are white around the numbers, and at whose start there is a beep.
    :param tone: amplitude of a steady tone, from 0 to 1.
    :param open_gop: frames may refer to those before the last key frame.
    :param audio: whether there is an audio stream.
    :param audio_delay_s: how much later than the video the audio starts.
    :param faststart: the index is before the frames, so that a truncated file can be opened.
    """

    frames: int = 24
    fps: int | Fraction = 24
    width: int = 160
    height: int = 96
    first: int = 0
    shade: int = 90
    shades: tuple[int, ...] | None = None
    drawing: Drawing = Drawing.NUMBER
    grain: int = 0
    times: tuple[int, ...] | None = None
    flashes: tuple[int, ...] = ()
    tone: float = 0.0
    audio: bool = False
    sample_rate: int = 48_000
    layout: str = "stereo"
    audio_codec: str = "aac"
    audio_delay_s: float = 0.0
    codec: str = "libx264"
    container: str = "mp4"
    pixel_format: str = "yuv420p"
    sample_aspect_ratio: Fraction | None = None
    b_frames: int = 2
    gop_size: int = 12
    open_gop: bool = False
    crf: int = 23
    faststart: bool = False

    def encoded(self) -> bytes:
        """Return the file; the same clip is encoded once."""
        return _encoded(self)

    def numbers(self) -> list[int]:
        """Return the numbers in its frames."""
        return list(range(self.first, self.first + self.frames))

    def when(self, index: int) -> Fraction:
        """Return the presentation time of a frame, in seconds."""
        return Fraction(self.times[index], 1000) if self.times else index / Fraction(self.fps)

    @property
    def seconds(self) -> Fraction:
        """Return the duration; the last frame of a variable rate is as long as the one before it."""
        return (
            2 * self.when(self.frames - 1) - self.when(self.frames - 2)
            if self.times
            else self.when(self.frames)
        )

    def luma(self, index: int) -> Luma:
        """Draw the luma of a frame."""
        shade = self.shades[index] if self.shades else self.shade
        canvas = np.full((self.height, self.width), shade, np.uint8)
        if index in self.flashes:
            canvas[:] = WHITE
        if self.grain:
            noise = np.random.default_rng(index).integers(0, self.grain, canvas.shape, np.uint8)
            canvas += noise
        if self.drawing is Drawing.NUMBER:
            for bit in range(_COLUMNS * _ROWS):
                canvas[_part(canvas, _block(bit))] = WHITE if (self.first + index) >> bit & 1 else BLACK
        if self.drawing is Drawing.SQUARE:
            half, row, column = self.height // 4, self.height // 2, self.width // 2
            canvas[row - half : row + half, column - half : column + half] = WHITE
        return canvas

    def samples(self) -> Samples:
        """Return the audio, one channel."""
        time = np.arange(round(self.seconds * self.sample_rate)) / self.sample_rate
        samples = self.tone * np.sin(2 * np.pi * 440 * time)
        for index in self.flashes:
            since = time - float(self.when(index)) + self.audio_delay_s
            samples += np.where((since >= 0) & (since < BEEP_S), 0.6 * np.sin(2 * np.pi * 1000 * since), 0)
        return samples.astype(np.float32)


def coloured(*, matrix: int, tagged: bool, width: int, height: int, full: bool = False) -> bytes:
    """Make a clip of one frame of the colour ``RGB``.

    :param matrix: FFmpeg's number of the colour space: 1 for BT.709 and 6 for BT.601.
    :param tagged: whether the file is tagged with it.
    :param full: whether luma goes from 0 to 255.
    """
    red, blue = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}[matrix]
    r, g, b = (value / 255 for value in RGB)
    luma = red * r + (1 - red - blue) * g + blue * b
    shares = luma, (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)
    scale = ((255, 0), (255, 128), (255, 128)) if full else ((219, 16), (224, 128), (224, 128))
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, share, (times, plus) in zip(frame.planes, shares, scale, strict=True):
        plane.update(bytes([round(share * times + plus)]) * plane.buffer_size)
    frame.color_range = 2 if full else 1
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.options = {"crf": "1", "preset": "ultrafast"}
        context.color_range = frame.color_range
        if tagged:
            frame.colorspace = context.colorspace = matrix
            context.color_primaries = context.color_trc = 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class DecodedFrame:
    """A frame of a clip: its presentation time (seconds), its number, and the luma around the number."""

    time: Fraction
    number: int
    shade: int

    @property
    def flash(self) -> bool:
        """Tell whether it is white around the number."""
        return self.shade > 200


def decode_video(clip: bytes | Path, *, box: Box = WHOLE) -> list[DecodedFrame]:
    """Decode all frames. ``box`` is the part of the frame that shows the clip as it was encoded."""
    with _open(clip) as container:
        stream = container.streams.video[0]
        return [
            DecodedFrame(
                time=frame.pts * stream.time_base,
                number=number_in(luma_of(frame), box=box),
                shade=shade_in(luma_of(frame), box=box),
            )
            for frame in container.decode(stream)
        ]


def decode_audio(clip: bytes | Path) -> Samples:
    """Decode the audio, its first channel at 48 kHz, from time 0 on; what is missing is silence."""
    resampler = av.AudioResampler(format="fltp", rate=48_000)
    with _open(clip) as container:
        stream = container.streams.audio[0]
        pieces = [
            (round(float(frame.pts * frame.time_base) * 48_000), frame.to_ndarray()[0])
            for decoded in container.decode(stream)
            for frame in resampler.resample(decoded)
        ]
    samples = np.zeros(max((begin + len(piece) for begin, piece in pieces), default=0), np.float32)
    for begin, piece in pieces:
        samples[max(begin, 0) : begin + len(piece)] = piece[max(-begin, 0) :]
    return samples


def beeps(samples: Samples) -> list[float]:
    """Return when beeps start, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.25)
    return [at / 48_000 for at, before in zip(loud, [-48_000, *loud], strict=False) if at - before > 4800]


def flashes(frames: Sequence[DecodedFrame]) -> list[float]:
    """Return when flashes start, in seconds."""
    return [
        float(frame.time)
        for frame, before in zip(frames, [None, *frames], strict=False)
        if frame.flash and not (before and before.flash)
    ]


def luma_of(frame: av.VideoFrame) -> Luma:
    """Return the luma of a frame in YUV, height by width."""
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def number_in(luma: Luma, *, box: Box = WHOLE) -> int:
    """Read the number in a frame."""
    return sum(1 << bit for bit in range(_COLUMNS * _ROWS) if _mean(luma, _within(box, _block(bit))) > 128)


def shade_in(luma: Luma, *, box: Box = WHOLE) -> int:
    """Return the luma around the number, from the two strips beside it."""
    return round(sum(_mean(luma, _within(box, (left, 0.3, 0.06, 0.4))) for left in (0.03, 0.91)) / 2)


def packet_payloads(clip: bytes | Path, stream_type: str = "video") -> list[bytes]:
    """Return the packets of the first stream of a type, as they are stored."""
    with _open(clip) as container:
        stream = next(stream for stream in container.streams if stream.type == stream_type)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def packet_positions(clip: bytes) -> list[tuple[int, int]]:
    """Return the position and the size of each video packet in the file, in decoding order."""
    with _open(clip) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def damaged(clip: bytes, packets: range, *, keep: int = 0) -> bytes:
    """Overwrite some video packets with zeros, by their indices in decoding order.

    :param keep: bytes that are kept at the start of each, so that the damage is found only by decoding.
    """
    changed = bytearray(clip)
    found = packet_positions(clip)
    for index in packets:
        begin, size = found[index]
        changed[begin + keep : begin + size] = bytes(max(0, size - keep))
    return bytes(changed)


def rotated(clip: bytes, degrees: int) -> bytes:
    """Give an MP4 a display matrix that rotates it clockwise."""
    matrices = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    return with_display_matrix(clip, matrices[degrees])


def with_display_matrix(clip: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """Give an MP4 a display matrix, by its first two rows and columns."""
    begin = clip.index(b"tkhd") + 4 + 40  # after version, times, track, duration, layer and volume
    a, b, c, d = (value << 16 for value in matrix)
    return clip[:begin] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + clip[begin + 36 :]


def trimmed_by_edit_list(
    clip: bytes, *, skip: int, frames: int, ticks_a_frame: int, movie_ticks: int
) -> bytes:
    """Give an MP4 without audio an edit list that displays only some of its frames.

    :param skip: how many are left out at the start; ``frames`` how many are displayed then.
    :param ticks_a_frame: in the time base of the track; ``movie_ticks`` the duration in that of the movie.
    """
    begin = clip.index(b"elst") + 4 + 8
    media_time = struct.unpack(">i", clip[begin + 4 : begin + 8])[0] + skip * ticks_a_frame
    return clip[:begin] + struct.pack(">Ii", movie_ticks, media_time) + clip[begin + 8 :]


@cache
def _encoded(clip: Clip) -> bytes:
    if not clip.faststart:
        target = io.BytesIO()
        _write(clip, target)
        return target.getvalue()
    with tempfile.TemporaryDirectory() as folder:  # moving the index needs a file with a name
        path = Path(folder) / "clip.mp4"
        _write(clip, str(path))
        return path.read_bytes()


def _write(clip: Clip, target: str | io.BytesIO) -> None:
    options = {"movflags": "+faststart"} if clip.faststart else {}
    with av.open(target, "w", format=clip.container, options=options) as container:
        stream = container.add_stream(clip.codec, rate=clip.fps)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pixel_format
        if clip.sample_aspect_ratio:
            stream.codec_context.sample_aspect_ratio = clip.sample_aspect_ratio
        if clip.codec == "libx264":
            stream.codec_context.gop_size = clip.gop_size
            stream.codec_context.max_b_frames = clip.b_frames
            stream.codec_context.options = {
                "preset": "ultrafast",
                "crf": str(clip.crf),
                "x264-params": f"b-adapt=0:scenecut=0:open-gop={int(clip.open_gop)}",
            }
        time_base = Fraction(1, 1000) if clip.times else 1 / Fraction(clip.fps)
        stream.codec_context.time_base = time_base
        if clip.audio:
            audio = container.add_stream(clip.audio_codec, rate=clip.sample_rate)
            audio.codec_context.layout = clip.layout
        for index in range(clip.frames):
            frame = _frame(clip, clip.luma(index))
            frame.pts = clip.times[index] if clip.times else index
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if clip.audio:
            container.mux(audio.encode(_audio_frame(clip)))
            container.mux(audio.encode(None))


def _frame(clip: Clip, luma: Luma) -> av.VideoFrame:
    frame = av.VideoFrame(clip.width, clip.height, clip.pixel_format)
    for number, plane in enumerate(frame.planes):
        rows = np.full((plane.height, plane.line_size), 128, np.uint8)  # no colour
        if number == 0:
            rows[:, : clip.width] = luma
        plane.update(rows)
    return frame


def _audio_frame(clip: Clip) -> av.AudioFrame:
    channels = len(av.AudioLayout(clip.layout).channels)
    samples = np.repeat(clip.samples()[None], channels, axis=0)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=clip.layout)
    frame.sample_rate = clip.sample_rate
    frame.time_base = Fraction(1, clip.sample_rate)
    frame.pts = round(clip.audio_delay_s * clip.sample_rate)
    return frame


def _open(clip: bytes | Path) -> av.container.InputContainer:
    return av.open(io.BytesIO(clip) if isinstance(clip, bytes) else str(clip), "r")


def _block(bit: int) -> Box:
    row, column = divmod(bit, _COLUMNS)
    return _CORNER[0] + column * _BLOCK[0], _CORNER[1] + row * _BLOCK[1], *_BLOCK


def _within(outer: Box, inner: Box) -> Box:
    left, top, width, height = outer
    return left + inner[0] * width, top + inner[1] * height, inner[2] * width, inner[3] * height


def _part(luma: Luma, box: Box, *, margin: float = 0) -> tuple[slice, slice]:
    high, wide = luma.shape
    left, top, width, height = box
    inset = width * margin, height * margin
    return (
        slice(round((top + inset[1]) * high), round((top + height - inset[1]) * high)),
        slice(round((left + inset[0]) * wide), round((left + width - inset[0]) * wide)),
    )


def _mean(luma: Luma, box: Box) -> float:
    return float(luma[_part(luma, box, margin=0.2)].mean())
