"""A file that a request brings along, checked against the documented limits of its field."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.pyav import HAS_PYAV
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import MediaLimits

_TOLERANCE = 0.05  # seconds, and frames a second: containers round


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file that was read to be sent.

    :param name: without its folder, for messages.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def format(self) -> FileFormat | None:
        """The format, detected from the first bytes; None for an unknown one."""
        return sniff(self.content[:HEAD_BYTES])


def broken_limits(
    file: InputFile, *, media_type: MediaType | None, limits: MediaLimits, reader: MediaReader
) -> list[str]:
    """Return the rules that a file breaks, as phrases that follow its field's name.

    Width, height, duration and frame rate are checked where the extra ``media`` is installed. The duration of
    an audio file is left to the service.

    :param media_type: what the field takes; None where that is not known.
    :raises KlingMediaError: no process could be started to read it.
    """
    if media_type is not None and media_type not in _holdable(file.format):
        return [f"must be {'a' if media_type is MediaType.VIDEO else 'an'} {media_type} file"]
    broken = list(_broken_by_file(file, limits))
    if broken or media_type is MediaType.AUDIO or limits == MediaLimits() or not HAS_PYAV:
        return broken
    try:
        info = reader.probe(io.BytesIO(file.content), name=file.name)
    except KlingMediaError as error:
        if error.retryable:
            raise
        return [f"must be a file that can be decoded: {error}"]
    return list(_broken_by_info(info, limits))


def _holdable(file_format: FileFormat | None) -> list[MediaType]:
    if file_format in (FileFormat.MP4, FileFormat.MOV, FileFormat.OGG):  # each may hold audio only
        return [MediaType.VIDEO, MediaType.AUDIO]
    return [file_format.media_type] if file_format else []


def _broken_by_file(file: InputFile, limits: MediaLimits) -> Iterator[str]:
    # With audio only, its name ends in m4a.
    names = {FileFormat.MP4, "m4a"} if file.format is FileFormat.MP4 else {file.format}
    if limits.formats is not None and names.isdisjoint(limits.formats):
        yield f"must be a file in the format {' or '.join(limits.formats)}"
    if limits.max_bytes is not None and len(file.content) > limits.max_bytes:
        yield f"must have at most {limits.max_bytes} bytes"


def _broken_by_info(info: MediaInfo, limits: MediaLimits) -> Iterator[str]:
    short, long = sorted((info.width, info.height))
    low, high = limits.min_side, limits.max_side
    size = f"got {info.width}x{info.height}"
    if low is not None and short < low:
        yield f"must have sides of at least {low} px; {size}"
    if high is not None and long > high:
        yield f"must have sides of at most {high} px; {size}"
    if limits.max_ratio is not None and long > limits.max_ratio * short:
        yield f"must be at most {limits.max_ratio:g} times as long as wide; {size}"
    for value, least, most, unit in (
        (info.duration_s, limits.min_seconds, limits.max_seconds, "seconds"),
        (info.fps, limits.min_fps, limits.max_fps, "frames a second"),
    ):
        if value is None:
            continue
        if least is not None and value < least - _TOLERANCE:
            yield f"must have at least {least:g} {unit}; got {value:.2f}"
        if most is not None and value > most + _TOLERANCE:
            yield f"must have at most {most:g} {unit}; got {value:.2f}"
