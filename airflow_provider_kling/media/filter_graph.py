"""Running decoded frames through FFmpeg's filters."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from airflow_provider_kling.media.filters import Filter, FrameFormat, rotation_filters
from airflow_provider_kling.media.pyav import av


def rotation_of(frame: av.VideoFrame) -> tuple[Filter, ...]:
    """Return the filters that make a decoded frame upright. They are the same for all frames of a video.

    Call it for one frame only: PyAV keeps the frame in memory until Python collects reference cycles.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's types know motion vectors only
    return () if matrix is None else rotation_filters(struct.unpack("=9i", bytes(matrix)))


def format_of(
    frame: av.VideoFrame, stream: av.VideoStream, *, rotation: tuple[Filter, ...] = ()
) -> FrameFormat:
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


class FilterGraph:
    """Converts frames, one by one. It is built again when a frame has another format.

    :param filters: returns the filters for frames of a format.
    """

    def __init__(self, *, filters: Callable[[FrameFormat], Sequence[Filter]]) -> None:
        self._filters = filters
        self._format: FrameFormat | None = None
        self._graph: av.filter.Graph | None = None

    def convert(self, frame: av.VideoFrame, frame_format: FrameFormat) -> av.VideoFrame:
        """Return the converted frame."""
        if self._graph is None or frame_format != self._format:
            self._format = frame_format
            source = (
                f"width={frame_format.width}:height={frame_format.height}:pix_fmt={frame_format.pixel_format}"
                f":time_base={frame.time_base or Fraction(1, 1000)}"
                f":pixel_aspect={frame_format.sample_aspect_ratio}"
            )
            self._graph = filter_chain([("buffer", source), *self._filters(frame_format), ("buffersink", "")])
        self._graph.vpush(frame)
        return self._graph.vpull()


def filter_chain(filters: Sequence[Filter]) -> av.filter.Graph:
    """Return a graph of filters in a row; the first is the source, the last the sink."""
    graph = av.filter.Graph()
    nodes = [graph.add(name, arguments or None) for name, arguments in filters]
    graph.link_nodes(*nodes).configure()
    return graph


class CrossFade:
    """Blends frames of one clip into those of the next, step by step.

    :param size: width and height of the frames.
    :param steps: how many frames are blended.
    """

    def __init__(self, *, size: tuple[int, int], steps: int) -> None:
        self._graph = av.filter.Graph()
        source = (
            f"width={size[0]}:height={size[1]}:pix_fmt=yuv420p:time_base=1/1:pixel_aspect=1/1:frame_rate=1/1"
        )
        self._sources = [self._graph.add("buffer", source) for _ in range(2)]
        # One step before the first and one after the last, so that no step shows only one of the two.
        blend = self._graph.add("xfade", f"transition=fade:duration={steps + 1}:offset=-1")
        for number, node in enumerate(self._sources):
            node.link_to(blend, 0, number)
        blend.link_to(self._graph.add("buffersink"))
        self._graph.configure()
        self._step = 0

    def blend(self, first: av.VideoFrame, second: av.VideoFrame) -> av.VideoFrame:
        """Return the next step."""
        for source, frame in zip(self._sources, (first, second), strict=True):
            frame.pts, frame.time_base = self._step, Fraction(1)
            source.push(frame)
        self._step += 1
        return self._graph.vpull()
