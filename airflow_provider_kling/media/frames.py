"""Single frames of a video as images: the first, the last, the one at a time, and a poster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import partial
from itertools import takewhile
from typing import BinaryIO, Final, Literal, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import open_container
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.filter_graph import FilterGraph, format_of, rotation_of
from airflow_provider_kling.media.filters import luma_filters, still_filters
from airflow_provider_kling.media.frame_seeker import FrameSeeker, TimedFrame
from airflow_provider_kling.media.pyav import av

T = TypeVar("T")

_ENCODERS: Final[dict[FileFormat, Literal["png", "mjpeg"]]] = {
    FileFormat.PNG: "png",
    FileFormat.JPEG: "mjpeg",
}
_MAX_QUANTISER: Final = 31  # FFmpeg's quantiser goes from 1, the finest, to this
_POSTER_WITHIN_S: Final = 3
_POSTER_QUALITY: Final = 85
_NEARLY_BLACK: Final = 24.0  # mean luma, from 0 to 255


class Edge(StrEnum):
    """The two ends of a video."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, kw_only=True)
class StillImage:
    """An encoded frame of a video.

    :param format: PNG or JPEG.
    :param width: pixels; ``height`` likewise.
    :param seconds: the presentation time in the video, from its first frame.
    """

    content: bytes = field(repr=False)
    format: FileFormat
    width: int
    height: int
    seconds: float


def read_frame(
    file: BinaryIO,
    *,
    name: str,
    at: Edge | float,
    image_format: FileFormat = FileFormat.PNG,
    quality: int = 90,
) -> StillImage:
    """Return one frame of a video. Only what is near it is read and decoded.

    :param file: seekable; it stays open.
    :param name: what messages call the file.
    :param at: seconds from the first frame, for the frame that is displayed then; or the first or the last
        frame that can be decoded, in presentation order.
    :param image_format: PNG or JPEG.
    :param quality: of a JPEG, from 1 to 100; a PNG is lossless.
    :raises KlingMediaError: ``quality`` is out of range; or the video is shorter, has no frame that can be
        decoded, is no media file, or could not be read.
    """
    with open_container(file, name=name) as container:
        seeker = FrameSeeker(container, name=name)
        if at is Edge.FIRST:
            found = seeker.first()
        elif at is Edge.LAST:
            found = seeker.last()
        else:
            found = seeker.at(float(at))
        return _encode(found, seeker.stream, image_format=image_format, quality=quality)


def read_poster(file: BinaryIO, *, name: str) -> StillImage:
    """Return a JPEG that represents a video: its first frame that is not nearly black.

    Where all frames of the first three seconds are, it is the brightest of them. The parameters and errors
    are those of :func:`read_frame`.
    """
    with open_container(file, name=name) as container:
        seeker = FrameSeeker(container, name=name)
        graph = FilterGraph(filters=luma_filters)
        end = seeker.first().seconds + _POSTER_WITHIN_S  # the first may come late, where the start is damaged
        early = takewhile(lambda timed: timed.seconds < end, seeker.all())
        found = first_bright(
            (_mean_luma(graph.convert(timed.frame, format_of(timed.frame, seeker.stream))), timed)
            for timed in early
        )
        return _encode(found, seeker.stream, image_format=FileFormat.JPEG, quality=_POSTER_QUALITY)


def first_bright(candidates: Iterable[tuple[float, T]]) -> T:
    """Return the first candidate that is not nearly black, else the brightest. Later ones are not read.

    :param candidates: mean luma from 0 to 255, and what has it; at least one.
    """
    brightest: tuple[float, T] | None = None
    for luma, candidate in candidates:
        if brightest is None or luma > brightest[0]:
            brightest = luma, candidate
        if luma >= _NEARLY_BLACK:
            break
    if brightest is None:
        raise ValueError("there is no candidate")
    return brightest[1]


def _mean_luma(grey: av.VideoFrame) -> float:
    (plane,) = grey.planes
    content, row = bytes(plane), plane.line_size
    lines = [content[line * row : line * row + plane.width] for line in range(plane.height)]
    return sum(map(sum, lines)) / (plane.width * plane.height)


def _encode(
    timed: TimedFrame, stream: av.VideoStream, *, image_format: FileFormat, quality: int
) -> StillImage:
    """Make a decoded frame upright and encode it."""
    if not 1 <= quality <= 100:
        raise KlingMediaError(f"the quality of a JPEG is from 1 to 100, not {quality}", retryable=False)
    graph = FilterGraph(filters=partial(still_filters, image_format=image_format))
    frame = graph.convert(timed.frame, format_of(timed.frame, stream, rotation=rotation_of(timed.frame)))
    context = av.CodecContext.create(_ENCODERS[image_format], "w")
    context.width, context.height = frame.width, frame.height
    context.pix_fmt = frame.format.name
    context.time_base = Fraction(1, 25)  # encoders need one, also for a single image
    context.options = {"flags": "+bitexact"}  # the same frame gives the same bytes, without FFmpeg's version
    if image_format is FileFormat.JPEG:
        context.qmin = context.qmax = 1 + round((100 - quality) * (_MAX_QUANTISER - 1) / 99)
    return StillImage(
        content=b"".join(map(bytes, [*context.encode(frame), *context.encode(None)])),
        format=image_format,
        width=frame.width,
        height=frame.height,
        seconds=float(timed.seconds),
    )
