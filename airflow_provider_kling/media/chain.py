"""Running a decoded frame through FFmpeg's filters."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_kling.media.library import av
from airflow_provider_kling.media.picture import Filter, Shape, turn_of

if TYPE_CHECKING:
    from av.filter import Graph
    from av.filter.context import FilterContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MATRIX: Final = struct.Struct("=9i")


def turn_in(frame: VideoFrame) -> tuple[Filter, ...]:
    """Return what puts a decoded frame upright. It is the same in all frames of a video.

    Ask one of them only: a frame that was asked for it stays in memory until Python looks for cycles.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's types know of motion vectors only
    return () if matrix is None else turn_of(_MATRIX.unpack(bytes(matrix)))


def shape_of(frame: VideoFrame, stream: VideoStream, *, turn: tuple[Filter, ...] = ()) -> Shape:
    """Return what decides how a frame is converted; ``turn`` is what puts it upright."""
    return Shape(
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        matrix=int(frame.colorspace),
        colour_range=int(frame.color_range),
        pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
        turn=turn,
    )


class PictureChain:
    """Converts frames, one by one; the filters are set up anew when a frame has another shape.

    :param filters: says which filters frames of a shape go through.
    """

    def __init__(self, *, filters: Callable[[Shape], Sequence[Filter]]) -> None:
        self._filters = filters
        self._shape: Shape | None = None
        self._line: Line | None = None

    def convert(self, frame: VideoFrame, shape: Shape) -> VideoFrame:
        """Return the converted frame."""
        if self._line is None or shape != self._shape:
            self._shape = shape
            self._line = Line.of(
                [("buffer", _buffer(shape, frame)), *self._filters(shape), ("buffersink", "")]
            )
        self._line.source.push(frame)
        return self._line.graph.vpull()


@dataclass(frozen=True, kw_only=True)
class Line:
    """Filters in a row; the graph is kept because its filters do not keep it alive."""

    graph: Graph
    source: FilterContext
    sink: FilterContext

    @classmethod
    def of(cls, filters: Sequence[Filter]) -> Line:
        """Set up filters in a row; the first is the source, the last the sink."""
        graph = av.filter.Graph()
        nodes = [graph.add(name, arguments or None) for name, arguments in filters]
        graph.link_nodes(*nodes).configure()
        return cls(graph=graph, source=nodes[0], sink=nodes[-1])


def _buffer(shape: Shape, frame: VideoFrame) -> str:
    aspect = f"{shape.pixel_aspect.numerator}/{shape.pixel_aspect.denominator}"
    return (
        f"width={shape.width}:height={shape.height}:pix_fmt={shape.pixel_format}"
        f":time_base={frame.time_base or Fraction(1, 1000)}:pixel_aspect={aspect}"
    )


class Dissolve:
    """Blends a film's pictures, step by step from one clip into the next.

    :param size: width and height of the pictures.
    :param steps: how many are blended.
    """

    def __init__(self, *, size: tuple[int, int], steps: int) -> None:
        self._graph = av.filter.Graph()
        source = (
            f"width={size[0]}:height={size[1]}:pix_fmt=yuv420p:time_base=1/1:pixel_aspect=1/1:frame_rate=1/1"
        )
        self._sources = [self._graph.add("buffer", source) for _ in range(2)]
        # A step before the first and one after the last, so that no step shows one of the two alone.
        blend = self._graph.add("xfade", f"transition=fade:duration={steps + 1}:offset=-1")
        sink = self._graph.add("buffersink")
        for number, node in enumerate(self._sources):
            node.link_to(blend, 0, number)
        blend.link_to(sink)
        self._graph.configure()
        self._step = 0

    def blend(self, first: VideoFrame, second: VideoFrame) -> VideoFrame:
        """Return the next step."""
        for source, picture in zip(self._sources, (first, second), strict=True):
            picture.pts, picture.time_base = self._step, Fraction(1)
            source.push(picture)
        self._step += 1
        return self._graph.vpull()
