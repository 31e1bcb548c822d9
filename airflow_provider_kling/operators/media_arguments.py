"""The arguments of the media operators, as types; :mod:`airflow_provider_kling.arguments` has the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from airflow_provider_kling.arguments import (
    LONGEST_S,
    Arguments,
    Location,
    Seconds,
    WholeNumber,
    read_list,
    read_object,
    seconds,
)
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.still_image import Edge

IMAGE_FORMATS = {".png": FileFormat.PNG, ".jpg": FileFormat.JPEG, ".jpeg": FileFormat.JPEG}
"""The format of a frame, by the extension of its file."""

_AS_TEXT = "this is a result as Python shows it: end the template in `| tojson`"


def _stored(value: object) -> object:
    """Return the URI of a source: itself, or where a generation's result was stored."""
    value = read_object(value)
    uri = value.get("uri") if isinstance(value, Mapping) else value
    if not isinstance(uri, str) or not uri:
        raise PydanticCustomError("stored", "must be a URI, or the result of a generation with an `output`")
    if uri[:1] in ("{", "["):
        raise PydanticCustomError("stored", f"must be a URI; {_AS_TEXT}")
    return uri


def _ends_in(*extensions: str) -> AfterValidator:
    def check(uri: str) -> str:
        name = PurePosixPath("" if uri.endswith("/") else uri)
        if name.suffix.lower() not in extensions:
            rule = "must end in {allowed}, with a name before it"
            raise PydanticCustomError("extension", rule, {"allowed": " or ".join(extensions)})
        return uri

    return AfterValidator(check)


def _position(at: Any) -> Edge | float:
    if isinstance(at, str) and at in list(Edge):
        return Edge(at)
    with suppress(PydanticCustomError):
        if 0 <= (from_first := seconds(at)) <= LONGEST_S:
            return from_first
    raise PydanticCustomError("position", "must be 'first', 'last' or seconds from the first frame")


def _two_or_more(clips: object) -> object:
    clips = read_list(clips)
    if isinstance(clips, str) and clips[:1] in ("{", "["):
        raise PydanticCustomError("clips", f"must be a list of two or more videos; {_AS_TEXT}")
    if not isinstance(clips, list) or len(clips) < 2:
        raise PydanticCustomError("clips", "must be a list of two or more videos")
    return clips


def _two(size: object) -> object:
    if not isinstance(size, Sequence) or isinstance(size, str | bytes) or len(size) != 2:
        raise PydanticCustomError("size", "must be two numbers of pixels")
    return size


def _frame_rate(fps: Any) -> Fraction:
    with suppress(ArithmeticError, TypeError, ValueError):
        if isinstance(fps, str) and "/" in fps:
            frames, _, duration = fps.partition("/")
            return Fraction(int(frames), int(duration))
        if isfinite(float(fps)) and not isinstance(fps, bool):
            return Fraction(float(fps) if isinstance(fps, str) else fps)
    raise PydanticCustomError("fps", "must be a number of frames a second")


StoredFile = Annotated[Location, BeforeValidator(_stored)]
"""A file on a storage: its URI, or the result of a generation that is stored there."""


class FrameArguments(Arguments):
    """What :class:`~airflow_provider_kling.operators.media.VideoFrameOperator` takes."""

    source: StoredFile = ""
    output: Annotated[Location, _ends_in(*IMAGE_FORMATS)] = ""
    at: Annotated[Edge | float, PlainValidator(_position)] = Edge.LAST
    quality: Annotated[WholeNumber, Field(ge=1, le=100)] = 90


class ConcatArguments(Arguments):
    """What :class:`~airflow_provider_kling.operators.media.VideoConcatOperator` takes."""

    clips: Annotated[tuple[StoredFile, ...], BeforeValidator(_two_or_more)] = ()
    output: Annotated[Location, _ends_in(".mp4")] = ""
    size: Annotated[tuple[WholeNumber, WholeNumber], BeforeValidator(_two)] | None = None
    fps: Annotated[Fraction, PlainValidator(_frame_rate)] | None = None
    fade_s: Seconds = 0.0
    trim_frames: WholeNumber = 0
