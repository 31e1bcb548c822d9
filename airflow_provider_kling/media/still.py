"""A single picture taken out of a video, encoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.chain import PictureChain, shape_of, turn_in
from airflow_provider_kling.media.library import av
from airflow_provider_kling.media.picture import ImageFormat, still_filters

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_ENCODERS: Final[dict[ImageFormat, Literal["png", "mjpeg"]]] = {
    ImageFormat.PNG: "png",
    ImageFormat.JPEG: "mjpeg",
}
_COARSEST: Final = 31  # FFmpeg's quantiser goes from 1, the finest, to here


@dataclass(frozen=True, kw_only=True)
class Still:
    """An encoded picture.

    :param width: pixels; ``height`` likewise.
    :param seconds: when the video shows it, counted from its first frame.
    """

    content: bytes = field(repr=False)
    image: ImageFormat
    width: int
    height: int
    seconds: float


def develop(
    frame: VideoFrame,
    stream: VideoStream,
    *,
    image: ImageFormat,
    quality: int,
    max_width: int | None,
    seconds: float,
) -> Still:
    """Put a decoded frame upright and encode it.

    :param quality: of a JPEG, from 1 to 100; a PNG has no loss.
    :param max_width: pixels; a wider picture is made smaller.
    :raises KlingMediaError: ``quality`` is out of range.
    """
    if not 1 <= quality <= 100:
        raise KlingMediaError(f"the quality of a JPEG is from 1 to 100, not {quality}", retryable=False)
    chain = PictureChain(filters=partial(still_filters, image=image, max_width=max_width))
    picture = chain.convert(frame, shape_of(frame, stream, turn=turn_in(frame)))
    return Still(
        content=_encoded(picture, image=image, quality=quality),
        image=image,
        width=picture.width,
        height=picture.height,
        seconds=seconds,
    )


def _encoded(picture: VideoFrame, *, image: ImageFormat, quality: int) -> bytes:
    context = av.CodecContext.create(_ENCODERS[image], "w")
    context.width, context.height = picture.width, picture.height
    context.pix_fmt = picture.format.name
    context.time_base = Fraction(1, 25)  # encoders want one, also for a single picture
    context.options = {"flags": "+bitexact"}  # the same frame makes the same bytes, with no version in them
    if image is ImageFormat.JPEG:
        context.qmin = context.qmax = 1 + round((100 - quality) * (_COARSEST - 1) / 99)
    return b"".join(bytes(packet) for packet in (*context.encode(picture), *context.encode(None)))
