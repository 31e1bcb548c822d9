"""What the child process can do with one file: probe it, or take a frame of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from airflow_provider_kling.media.child_main import Job, Operation
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.frames import read_frame, read_poster
from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.media.still_image import Edge, StillImage

_FORMATS: Final = {each.value: each for each in (FileFormat.PNG, FileFormat.JPEG)}

Result = tuple[Mapping[str, Any], bytes]


def _probe(job: Job) -> Result:
    (source,) = job.files
    with source.open() as file:
        return asdict(probe(file, name=source.name)), b""


def _poster(job: Job) -> Result:
    (source,) = job.files
    with source.open() as file:
        return _encoded(read_poster(file, name=source.name))


def _frame(job: Job) -> Result:
    (source,), arguments = job.files, job.arguments
    at = arguments["at"]
    with source.open() as file:
        return _encoded(
            read_frame(
                file,
                name=source.name,
                at=Edge(at) if isinstance(at, str) else at,
                image_format=_FORMATS[arguments["image_format"]],
                quality=arguments["quality"],
            )
        )


def _encoded(still: StillImage) -> Result:
    fields = asdict(still)
    return fields, fields.pop("content")


OPERATIONS: Final[Mapping[str, Operation]] = {"probe": _probe, "poster": _poster, "frame": _frame}
