"""The sidecar of a stored file: a JSON file beside it, ``<file>.json``, that says who wrote the file and how.

By it a task knows again what it has written, and so what it may replace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from airflow.sdk import ObjectStoragePath
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_kling import __version__
from airflow_provider_kling.generation import files
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.atomic_writer import create

_WRITTEN_BY: Final = "airflow-provider-kling"
# What it holds is the request and a few facts; a longer file is something else.
MOST_BYTES: Final = 4 * 1024 * 1024


_Count = Annotated[int, Field(ge=1)]


class _Stored(BaseModel):
    """A file, by its hash.

    :ivar sha256: of the file, in hexadecimal.
    :ivar replaces: of the file that it takes the place of. Both count as written by the task: a worker may
        die after the sidecar is written and before the file is.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    sha256: str
    replaces: str | None = None

    def is_content(self, sha256: str) -> bool:
        """Tell whether a file with this hash is what the task has written."""
        return sha256 in (self.sha256, self.replaces)


class Poster(_Stored):
    """The image beside a stored video.

    :ivar name: of its file, in the same folder.
    :ivar made_from: the hash of the video that it shows.
    """

    name: str
    made_from: str


class Sidecar(_Stored):
    """What the rules need of a sidecar. It holds more, for people.

    :ivar written_by: this package and its version.
    :ivar logical_task: the task that wrote the file.
    :ivar task_id: the task at the service, for a generated file.
    :ivar number: counts the results of that task, from 1.
    :ivar results: how many it has.
    :ivar fingerprint: of the request, where this Airflow task has submitted it.
    :ivar poster: of a video.
    """

    written_by: str
    logical_task: LogicalTask
    task_id: str | None = None
    number: _Count = 1
    results: _Count | None = None
    fingerprint: str | None = None
    poster: Poster | None = None
    submitted_at: str | None = None
    finished_at: str | None = None
    cost_usd: str | None = None
    cost: str | None = None
    cost_unit: str | None = None


def signed(author: LogicalTask, contents: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contents of a sidecar of a task."""
    return {**contents, "logical_task": list(author), "written_by": f"{_WRITTEN_BY} {__version__}"}


def token(author: LogicalTask) -> str:
    """Return what tells a task's temporary files apart from those of other tasks that write the same name."""
    return hashlib.sha256(json.dumps(author).encode()).hexdigest()[:8]


def sidecar_path(file: ObjectStoragePath) -> ObjectStoragePath:
    """Return where the sidecar of a file is."""
    return file.with_name(f"{file.name}.json")


def read_sidecar(file: ObjectStoragePath) -> Sidecar | None:
    """Return the sidecar of a file; None where there is none, or something that is none of this provider's.

    :raises KlingMediaError: it cannot be read.
    """
    path = sidecar_path(file)
    if files.kind(path) is not files.Kind.FILE:
        return None
    with files.reading(path) as stored:
        content = stored.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        return None
    try:
        sidecar = Sidecar.model_validate_json(content)
    except (ValidationError, RecursionError):
        return None
    return sidecar if sidecar.written_by.startswith(f"{_WRITTEN_BY} ") else None


def write_sidecar(
    file: ObjectStoragePath, contents: Mapping[str, Any], *, author: LogicalTask, replace: bool
) -> None:
    """Store the sidecar of a file.

    :param author: the running task.
    :param replace: replace one that is there.
    :raises FileExistsError: there is one, and it is not to be replaced.
    :raises KlingMediaError: it cannot be written.
    """
    path = sidecar_path(file)
    content = json.dumps(contents, indent=2, ensure_ascii=False).encode()
    if replace:
        files.write(path, content, owner=token(author))
        return
    with files.storage_errors(path, "written", FileExistsError):
        create(content, files=path.fs, path=path.path, owner=token(author))
