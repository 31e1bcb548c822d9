"""Clips to test with, and what can be seen and heard in a clip.

Every frame of a made clip carries a number, as black and white blocks that survive encoding, scaling and
padding, so that a test can say which frame of which clip it sees. A flash, one white frame, comes with a beep
of the same beginning, so that a test can tell how far picture and sound are apart.
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
"""Left, top, width and height of a part of a picture, as shares of its sides."""

WHITE, BLACK = 235, 16
RGB = (200, 60, 90)
WHOLE: Box = (0, 0, 1, 1)
BEEP_S = 0.06
_COLUMNS, _ROWS = 5, 2
_BLOCK = 0.15, 0.25  # width and height, as shares of the picture's
_CORNER = 0.125, 0.25


class Drawing(Enum):
    """What is drawn in the middle of every frame; the square is white, and half as high as the picture."""

    NUMBER = auto()
    SQUARE = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True)
class Clip:
    """What a clip is to be; :meth:`made` makes it.

    :param first: the number in the first frame; the others count on. Below 1024.
    :param shade: luma around the numbers; ``shades`` gives it frame by frame.
    :param drawing: what is drawn in the middle.
    :param grain: how strong a noise lies over the picture, which makes the file large.
    :param times: when each frame is shown, in milliseconds, where the rate is to vary.
    :param flashes: frames that are white around the numbers, and at whose beginning there is a beep.
    :param tone: loudness of a steady tone, from 0 to 1.
    :param open_groups: frames may refer to those before the key frame in front of them.
    :param sound: whether there is a sound track at all.
    :param sound_late_s: by how much the sound begins after the picture.
    :param in_front: the index lies in front of the frames, so that a file that is cut off can be opened.
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
    sound: bool = False
    sample_rate: int = 48_000
    layout: str = "stereo"
    sound_codec: str = "aac"
    sound_late_s: float = 0.0
    codec: str = "libx264"
    container: str = "mp4"
    pixel_format: str = "yuv420p"
    pixel_aspect: Fraction | None = None
    b_frames: int = 2
    key_every: int = 12
    open_groups: bool = False
    crf: int = 23
    in_front: bool = False

    def made(self) -> bytes:
        """Return the file; the same clip is made once."""
        return _made(self)

    def numbers(self) -> list[int]:
        """Return the numbers in its frames."""
        return list(range(self.first, self.first + self.frames))

    def when(self, index: int) -> Fraction:
        """Return when a frame is shown, in seconds."""
        return Fraction(self.times[index], 1000) if self.times else index / Fraction(self.fps)

    @property
    def seconds(self) -> Fraction:
        """Return the length; a clip of varying rate ends as its last gap goes on."""
        return (
            2 * self.when(self.frames - 1) - self.when(self.frames - 2)
            if self.times
            else self.when(self.frames)
        )

    def picture(self, index: int) -> Luma:
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

    def track(self) -> Samples:
        """Return the sound, one channel."""
        time = np.arange(round(self.seconds * self.sample_rate)) / self.sample_rate
        samples = self.tone * np.sin(2 * np.pi * 440 * time)
        for index in self.flashes:
            since = time - float(self.when(index)) + self.sound_late_s
            samples += np.where((since >= 0) & (since < BEEP_S), 0.6 * np.sin(2 * np.pi * 1000 * since), 0)
        return samples.astype(np.float32)


def coloured(*, matrix: int, tagged: bool, width: int, height: int, full: bool = False) -> bytes:
    """Make a clip of one frame of the colour ``RGB``.

    :param matrix: FFmpeg's number of the colours' matrix: 1 for BT.709 and 6 for BT.601.
    :param tagged: whether the file says so.
    :param full: whether luma goes from 0 to 255.
    """
    red, blue = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}[matrix]
    r, g, b = (value / 255 for value in RGB)
    luma = red * r + (1 - red - blue) * g + blue * b
    shares = luma, (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)
    scale = ((255, 0), (255, 128), (255, 128)) if full else ((219, 16), (224, 128), (224, 128))
    picture = av.VideoFrame(width, height, "yuv420p")
    for plane, share, (times, plus) in zip(picture.planes, shares, scale, strict=True):
        plane.update(bytes([round(share * times + plus)]) * plane.buffer_size)
    picture.color_range = 2 if full else 1
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.options = {"crf": "1", "preset": "ultrafast"}
        context.color_range = picture.color_range
        if tagged:
            picture.colorspace = context.colorspace = matrix
            context.color_primaries = context.color_trc = 1
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A frame of a clip: when it is shown (seconds), the number in it, and the luma around the number."""

    time: Fraction
    number: int
    shade: int

    @property
    def flash(self) -> bool:
        """Tell whether it is white around the number."""
        return self.shade > 200


def watch(clip: bytes | Path, *, box: Box = WHOLE) -> list[Seen]:
    """Decode all frames. ``box`` is the part of the picture that shows the clip as it was made."""
    with _open(clip) as container:
        stream = container.streams.video[0]
        return [
            Seen(
                time=frame.pts * stream.time_base,
                number=number_in(luma_of(frame), box=box),
                shade=shade_in(luma_of(frame), box=box),
            )
            for frame in container.decode(stream)
        ]


def hear(clip: bytes | Path) -> Samples:
    """Decode the sound, its first channel at 48 kHz; index 0 is time 0, and what is not there is silence."""
    resampler = av.AudioResampler(format="fltp", rate=48_000)
    with _open(clip) as container:
        stream = container.streams.audio[0]
        pieces = [
            (round(float(frame.pts * frame.time_base) * 48_000), frame.to_ndarray()[0])
            for decoded in container.decode(stream)
            for frame in resampler.resample(decoded)
        ]
    heard = np.zeros(max((begin + len(piece) for begin, piece in pieces), default=0), np.float32)
    for begin, piece in pieces:
        heard[max(begin, 0) : begin + len(piece)] = piece[max(-begin, 0) :]
    return heard


def beeps(heard: Samples) -> list[float]:
    """Return when beeps begin, in seconds."""
    loud = np.flatnonzero(np.abs(heard) > 0.25)
    return [at / 48_000 for at, before in zip(loud, [-48_000, *loud], strict=False) if at - before > 4800]


def flashes(seen: Sequence[Seen]) -> list[float]:
    """Return when flashes begin, in seconds."""
    return [
        float(frame.time)
        for frame, before in zip(seen, [None, *seen], strict=False)
        if frame.flash and not (before and before.flash)
    ]


def luma_of(frame: av.VideoFrame) -> Luma:
    """Return the luma of a frame in YUV, height by width."""
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def number_in(luma: Luma, *, box: Box = WHOLE) -> int:
    """Read the number in a picture."""
    return sum(1 << bit for bit in range(_COLUMNS * _ROWS) if _mean(luma, _within(box, _block(bit))) > 128)


def shade_in(luma: Luma, *, box: Box = WHOLE) -> int:
    """Return the luma around the number, from the two strips beside it."""
    return round(sum(_mean(luma, _within(box, (left, 0.3, 0.06, 0.4))) for left in (0.03, 0.91)) / 2)


def payloads(clip: bytes | Path, kind: str = "video") -> list[bytes]:
    """Return the packets of the first stream of a kind, as they are stored."""
    with _open(clip) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def places(clip: bytes) -> list[tuple[int, int]]:
    """Return where each video packet lies in the file, and how long it is, in the order of decoding."""
    with _open(clip) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def damaged(clip: bytes, packets: range, *, keep: int = 0) -> bytes:
    """Overwrite some video packets with zeros, by their places in the order of decoding.

    :param keep: bytes that are left in front of each, so that it is noticed only while it is decoded.
    """
    changed = bytearray(clip)
    found = places(clip)
    for index in packets:
        begin, size = found[index]
        changed[begin + keep : begin + size] = bytes(max(0, size - keep))
    return bytes(changed)


def rotated(clip: bytes, degrees: int) -> bytes:
    """Have an MP4's picture turned clockwise when it is shown."""
    turns = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    return oriented(clip, turns[degrees])


def oriented(clip: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """Write the matrix that an MP4's picture is shown with: how across and down go across and down."""
    begin = clip.index(b"tkhd") + 4 + 40  # after version, times, track, duration, layer and volume
    a, b, c, d = (value << 16 for value in matrix)
    return clip[:begin] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + clip[begin + 36 :]


def trimmed_by_edit_list(
    clip: bytes, *, skip: int, frames: int, ticks_a_frame: int, movie_ticks: int
) -> bytes:
    """Have an MP4 without sound show only some of its frames.

    :param skip: how many are left out in front; ``frames`` how many are shown then.
    :param ticks_a_frame: of the track; ``movie_ticks`` how many of the movie's the shown frames take.
    """
    begin = clip.index(b"elst") + 4 + 8
    media_time = struct.unpack(">i", clip[begin + 4 : begin + 8])[0] + skip * ticks_a_frame
    return clip[:begin] + struct.pack(">Ii", movie_ticks, media_time) + clip[begin + 8 :]


@cache
def _made(clip: Clip) -> bytes:
    if not clip.in_front:
        target = io.BytesIO()
        _write(clip, target)
        return target.getvalue()
    with tempfile.TemporaryDirectory() as folder:  # moving the index needs a file with a name
        path = Path(folder) / "clip.mp4"
        _write(clip, str(path))
        return path.read_bytes()


def _write(clip: Clip, target: str | io.BytesIO) -> None:
    options = {"movflags": "+faststart"} if clip.in_front else {}
    with av.open(target, "w", format=clip.container, options=options) as container:
        stream = container.add_stream(clip.codec, rate=clip.fps)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pixel_format
        if clip.pixel_aspect:
            stream.codec_context.sample_aspect_ratio = clip.pixel_aspect
        if clip.codec == "libx264":
            stream.codec_context.gop_size = clip.key_every
            stream.codec_context.max_b_frames = clip.b_frames
            stream.codec_context.options = {
                "preset": "ultrafast",
                "crf": str(clip.crf),
                "x264-params": f"b-adapt=0:scenecut=0:open-gop={int(clip.open_groups)}",
            }
        time_base = Fraction(1, 1000) if clip.times else 1 / Fraction(clip.fps)
        stream.codec_context.time_base = time_base
        if clip.sound:
            heard = container.add_stream(clip.sound_codec, rate=clip.sample_rate)
            heard.codec_context.layout = clip.layout
        for index in range(clip.frames):
            frame = _frame(clip, clip.picture(index))
            frame.pts = clip.times[index] if clip.times else index
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if clip.sound:
            container.mux(heard.encode(_sound(clip)))
            container.mux(heard.encode(None))


def _frame(clip: Clip, luma: Luma) -> av.VideoFrame:
    frame = av.VideoFrame(clip.width, clip.height, clip.pixel_format)
    for number, plane in enumerate(frame.planes):
        rows = np.full((plane.height, plane.line_size), 128, np.uint8)  # no colour
        if number == 0:
            rows[:, : clip.width] = luma
        plane.update(rows)
    return frame


def _sound(clip: Clip) -> av.AudioFrame:
    channels = len(av.AudioLayout(clip.layout).channels)
    samples = np.repeat(clip.track()[None], channels, axis=0)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=clip.layout)
    frame.sample_rate = clip.sample_rate
    frame.time_base = Fraction(1, clip.sample_rate)
    frame.pts = round(clip.sound_late_s * clip.sample_rate)
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
