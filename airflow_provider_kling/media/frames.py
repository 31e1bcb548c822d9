"""Single frames of a video as pictures: the first, the last, the one at a time, and a poster."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from airflow_provider_kling.media.chain import PictureChain, shape_of
from airflow_provider_kling.media.footage import Footage, Found
from airflow_provider_kling.media.picture import ImageFormat, light_filters
from airflow_provider_kling.media.source import opened
from airflow_provider_kling.media.still import Still, develop

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

T = TypeVar("T")

_POSTER_WITHIN_S: Final = 3
_NEARLY_BLACK: Final = 24.0  # mean luma, of 255


class Edge(StrEnum):
    """The two ends of a video."""

    FIRST = "first"
    LAST = "last"


def read_frame(
    file: BinaryIO,
    *,
    name: str,
    at: Edge | float,
    image: ImageFormat = ImageFormat.PNG,
    quality: int = 90,
    max_width: int | None = None,
) -> Still:
    """Return one frame of a video. Only what lies near it is read and decoded.

    :param file: seekable; it is left open.
    :param name: what messages call the file.
    :param at: seconds from the first frame, for the frame that is shown then; or the first or last frame that
        can be decoded, in the order of showing.
    :param quality: of a JPEG, from 1 to 100.
    :param max_width: pixels; a wider picture is made smaller, in proportion.
    :raises KlingMediaError: the video does not last so long, holds no frame that can be decoded, is no media
        file, or could not be read.
    """
    with opened(file, name=name) as container:
        footage = Footage(container, name=name)
        if at is Edge.FIRST:
            found = footage.first()
        elif at is Edge.LAST:
            found = footage.last()
        else:
            found = footage.at(float(at))
        return _developed(found, footage.stream, image=image, quality=quality, max_width=max_width)


def read_poster(file: BinaryIO, *, name: str, quality: int = 85, max_width: int | None = None) -> Still:
    """Return a JPEG to show for a video: its first frame that is not nearly black.

    Where the first three seconds all are, it is the lightest frame in them. The parameters and errors are
    those of :func:`read_frame`.
    """
    with opened(file, name=name) as container:
        footage = Footage(container, name=name)
        early = takewhile(lambda found: found.seconds < _POSTER_WITHIN_S, footage.from_the_beginning())
        chain = PictureChain(filters=light_filters)
        found = first_light((_light(found.frame, footage.stream, chain), found) for found in early)
        return _developed(found, footage.stream, image=ImageFormat.JPEG, quality=quality, max_width=max_width)


def first_light(seen: Iterable[tuple[float, T]]) -> T:
    """Return the first thing that is not nearly black, or the lightest; what follows it is not asked for.

    :param seen: mean luma from 0 to 255, and the thing; at least one.
    """
    lightest: tuple[float, T] | None = None
    for light, thing in seen:
        if light >= _NEARLY_BLACK:
            return thing
        if lightest is None or light > lightest[0]:
            lightest = light, thing
    if lightest is None:
        raise ValueError("there is nothing to choose from")
    return lightest[1]


def _light(frame: VideoFrame, stream: VideoStream, chain: PictureChain) -> float:
    (plane,) = chain.convert(frame, shape_of(frame, stream)).planes
    content, row = bytes(plane), plane.line_size
    lines = [content[line * row : line * row + plane.width] for line in range(plane.height)]
    return sum(map(sum, lines)) / (plane.width * plane.height)


def _developed(
    found: Found, stream: VideoStream, *, image: ImageFormat, quality: int, max_width: int | None
) -> Still:
    return develop(
        found.frame,
        stream,
        image=image,
        quality=quality,
        max_width=max_width,
        seconds=float(found.seconds),
    )
