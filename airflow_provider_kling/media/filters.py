"""The FFmpeg filters that turn a decoded frame into what a viewer sees: upright, scaled, in its colours."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import cos, radians, sin
from typing import Any, Final

from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.pyav import av

Filter = tuple[str, str]
"""The name of a filter, and its arguments."""

# FFmpeg's numbers of colour spaces, and the scale filter's names for their matrices.
_MATRICES: Final = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE: Final = 2
_HDR_TRANSFERS: Final = (16, 18)  # FFmpeg's numbers of PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)
_THREADS: Final = 4
_SCALER: Final = "flags=bicubic+accurate_rnd+full_chroma_int"


@dataclass(frozen=True, kw_only=True)
class FrameFormat:
    """The properties of a frame that decide how it is converted.

    :param width: pixels as stored; ``height`` likewise.
    :param pixel_format: FFmpeg's name.
    :param colorspace: FFmpeg's number of the tagged colour space; 2 for none.
    :param color_range: FFmpeg's number of the tagged range of the values; 2 for full, 0 for none.
    :param sample_aspect_ratio: width of a pixel over its height.
    :param rotation: the filters that make the frame upright; see :func:`rotation_filters`.
    """

    width: int
    height: int
    pixel_format: str
    colorspace: int = 2
    color_range: int = 0
    sample_aspect_ratio: Fraction = Fraction(1)
    rotation: tuple[Filter, ...] = ()

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height as displayed, in square pixels."""
        width, height = max(1, round(self.width * self.sample_aspect_ratio)), self.height
        transposed = any(name == "transpose" for name, _ in self.rotation)
        return (height, width) if transposed else (width, height)

    @property
    def scale_input(self) -> str:
        """The scale filter's arguments for the colours of the frame."""
        # An untagged video is BT.709 if it is HD and BT.601 if it is smaller, as in players.
        untagged = "bt709" if self.width >= 1280 or self.height > 576 else "bt601"
        full = self.color_range == _FULL_RANGE or self.pixel_format.startswith("yuvj")
        return f"in_color_matrix={_MATRICES.get(self.colorspace, untagged)}:in_range={'pc' if full else 'tv'}"


def rotation_filters(matrix: Sequence[int]) -> tuple[Filter, ...]:
    """Return the filters that apply a container's display matrix (nine numbers, row by row).

    Rotations by 90 degrees and flips are applied; an angle in between is rounded to them.
    """
    a, b, _, c, d = matrix[:5]
    if abs(b) > abs(a):
        if b > 0:
            return (("transpose", "cclock_flip" if c > 0 else "clock"),)
        return (("transpose", "clock_flip" if c < 0 else "cclock"),)
    flipped = (("hflip", ""),) if a < 0 else ()
    return (*flipped, ("vflip", "")) if d < 0 else flipped


def still_filters(frame: FrameFormat, *, image_format: FileFormat) -> list[Filter]:
    """Return the filters for a still image: upright, with square pixels, in full-range colours.

    A PNG holds RGB. A JPEG holds YUV, by its standard with the matrix of BT.601.
    """
    width, height = frame.display_size
    is_png = image_format is FileFormat.PNG
    matrix = "" if is_png else ":out_color_matrix=bt601"
    return [
        *frame.rotation,
        ("scale", f"w={width}:h={height}:{frame.scale_input}{matrix}:out_range=pc:{_SCALER}"),
        ("format", "rgb24" if is_png else "yuvj420p"),
        ("setsar", "1"),
        # A PNG with the video's transfer curve would look different from a JPEG of the same frame.
        ("setparams", "color_primaries=unknown:color_trc=unknown"),
    ]


def luma_filters(frame: FrameFormat) -> list[Filter]:
    """Return the filters for a tiny grey copy, from which the brightness of a frame is measured."""
    return [("scale", f"w=32:h=32:{frame.scale_input}:out_range=pc:flags=area"), ("format", "gray")]


def concat_filters(frame: FrameFormat, *, width: int, height: int) -> list[Filter]:
    """Return the filters for a frame of a concatenated video: scaled to fit, padded with black, in BT.709.

    :param width: of the output, even; ``height`` likewise.
    """
    fit_width, fit_height = fitted(frame.display_size, width=width, height=height)
    output = "out_color_matrix=bt709:out_range=tv"
    return [
        *frame.rotation,
        ("scale", f"w={fit_width}:h={fit_height}:{frame.scale_input}:{output}:{_SCALER}"),
        ("format", "yuv420p"),
        ("pad", f"w={width}:h={height}:x=-1:y=-1:color=black"),
    ]


def fitted(size: tuple[int, int], *, width: int, height: int) -> tuple[int, int]:
    """Return the largest even size of the same aspect ratio, within a pixel, that fits."""
    scale = min(Fraction(width, size[0]), Fraction(height, size[1]))
    fit_width, fit_height = (max(2, round(side * scale / 2) * 2) for side in size)
    return min(fit_width, width), min(fit_height, height)


def rotation_of(frame: av.VideoFrame) -> tuple[Filter, ...]:
    """Return the filters that make a decoded frame upright. They are the same for all frames of a video.

    Call it for one frame only: PyAV keeps the frame in memory until Python collects reference cycles.
    """
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's types know motion vectors only
    except ValueError:
        # FFmpeg is newer than PyAV, and knows other side data, such as the EXIF of a photo. Without a matrix,
        # a flip is taken for a rotation.
        angle = radians(-frame.rotation)
        cosine, sine = round(cos(angle)), round(sin(angle))
        return rotation_filters((cosine, sine, 0, -sine, cosine))
    return () if matrix is None else rotation_filters(struct.unpack("=9i", bytes(matrix)))


def is_hdr(stream: av.VideoStream) -> bool:
    """Tell whether a stream, of which a frame was decoded, has a high dynamic range.

    None of the filters here maps that to the usual one.
    """
    # A stream has it for all its frames.
    return stream.codec_context.color_trc in _HDR_TRANSFERS


def format_of(frame: av.VideoFrame, stream: av.VideoStream, *, rotation: tuple[Filter, ...]) -> FrameFormat:
    """Return the properties of a frame that decide how it is converted."""
    return FrameFormat(
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        colorspace=int(frame.colorspace),
        color_range=int(frame.color_range),
        sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
        rotation=rotation,
    )


@dataclass(kw_only=True)
class FilterGraph:
    """Converts the frames of a stream, one by one. It is built again when a frame has another format.

    :param rotation: the filters that make the frames upright.
    :param filters: returns the filters for frames of a format.
    """

    stream: av.VideoStream
    rotation: tuple[Filter, ...] = ()
    filters: Callable[[FrameFormat], Sequence[Filter]]
    _format: FrameFormat | None = field(default=None, init=False)
    _graph: av.filter.Graph | None = field(default=None, init=False)

    def convert(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the converted frame."""
        frame_format = format_of(frame, self.stream, rotation=self.rotation)
        if self._graph is None or frame_format != self._format:
            self._format = frame_format
            source = (
                f"width={frame_format.width}:height={frame_format.height}:pix_fmt={frame_format.pixel_format}"
                f":time_base={frame.time_base or Fraction(1, 1000)}"
                f":pixel_aspect={frame_format.sample_aspect_ratio}"
            )
            self._graph = filter_chain([("buffer", source), *self.filters(frame_format), ("buffersink", "")])
        self._graph.vpush(frame)
        return self._graph.vpull()


def filter_chain(filters: Sequence[Filter]) -> av.filter.Graph:
    """Return a graph of filters in a row; the first is the source, the last the sink."""
    graph = av.filter.Graph()
    graph.threads = _THREADS
    nodes = [graph.add(name, arguments or None) for name, arguments in filters]
    graph.link_nodes(*nodes).configure()
    return graph


def cross_fade_video(
    pairs: Iterable[tuple[av.VideoFrame, av.VideoFrame]], *, size: tuple[int, int], steps: int
) -> Iterator[av.VideoFrame]:
    """Blend frames of one clip into those of the next, in ``steps`` pairs. ``size`` is width and height."""
    graph = av.filter.Graph()
    arguments = f"width={size[0]}:height={size[1]}:pix_fmt=yuv420p:time_base=1:pixel_aspect=1:frame_rate=1"
    sources = [graph.add("buffer", arguments) for _ in range(2)]
    # One step before the first and one after the last, so that no step shows only one of the two.
    blend = graph.add("xfade", f"transition=fade:duration={steps + 1}:offset=-1")
    for number, source in enumerate(sources):
        source.link_to(blend, 0, number)
    blend.link_to(graph.add("buffersink"))
    graph.configure()
    for step, pair in enumerate(pairs):
        for source, frame in zip(sources, pair, strict=True):
            frame.pts, frame.time_base = step, Fraction(1)
            source.push(frame)
        yield graph.vpull()
