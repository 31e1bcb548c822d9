"""An encoded frame of a video."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Final, Literal

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.filter_graph import FilterGraph, format_of, rotation_of
from airflow_provider_kling.media.filters import still_filters
from airflow_provider_kling.media.frame_seeker import TimedFrame
from airflow_provider_kling.media.pyav import av

_ENCODERS: Final[dict[FileFormat, Literal["png", "mjpeg"]]] = {
    FileFormat.PNG: "png",
    FileFormat.JPEG: "mjpeg",
}
_MAX_QUANTISER: Final = 31  # FFmpeg's quantiser goes from 1, the finest, to this


@dataclass(frozen=True, kw_only=True)
class StillImage:
    """An encoded image.

    :param format: PNG or JPEG.
    :param width: pixels; ``height`` likewise.
    :param seconds: the presentation time in the video, from its first frame.
    """

    content: bytes = field(repr=False)
    format: FileFormat
    width: int
    height: int
    seconds: float


def encode_still(
    timed: TimedFrame, stream: av.VideoStream, *, image_format: FileFormat, quality: int
) -> StillImage:
    """Make a decoded frame upright and encode it.

    :param image_format: PNG or JPEG.
    :param quality: of a JPEG, from 1 to 100; a PNG is lossless.
    :raises KlingMediaError: ``quality`` is out of range.
    """
    if not 1 <= quality <= 100:
        raise KlingMediaError(f"the quality of a JPEG is from 1 to 100, not {quality}", retryable=False)
    graph = FilterGraph(filters=partial(still_filters, image_format=image_format))
    frame = graph.convert(timed.frame, format_of(timed.frame, stream, rotation=rotation_of(timed.frame)))
    return StillImage(
        content=_encode(frame, image_format=image_format, quality=quality),
        format=image_format,
        width=frame.width,
        height=frame.height,
        seconds=float(timed.seconds),
    )


def _encode(frame: av.VideoFrame, *, image_format: FileFormat, quality: int) -> bytes:
    context = av.CodecContext.create(_ENCODERS[image_format], "w")
    context.width, context.height = frame.width, frame.height
    context.pix_fmt = frame.format.name
    context.time_base = Fraction(1, 25)  # encoders need one, also for a single image
    context.options = {"flags": "+bitexact"}  # the same frame gives the same bytes, without FFmpeg's version
    if image_format is FileFormat.JPEG:
        context.qmin = context.qmax = 1 + round((100 - quality) * (_MAX_QUANTISER - 1) / 99)
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))
