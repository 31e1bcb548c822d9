"""The sidecar of a stored file: a JSON file beside it, ``<file>.json``, that says who wrote the file and how.

By it a task knows again what it has written, and so what it may replace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from airflow.sdk import ObjectStoragePath
from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_kling import __version__
from airflow_provider_kling.compat import loop_index
from airflow_provider_kling.generation import files
from airflow_provider_kling.journal.journal import logical_task
from airflow_provider_kling.media.atomic_writer import create

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

LogicalTask = tuple[str, str, str, int]
"""DAG, run, task and map index."""

_WRITTEN_BY: Final = "airflow-provider-kling"
# What it holds is the request and a few facts; a longer file is something else.
_MOST_BYTES: Final = 4 * 1024 * 1024


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
    :ivar loop_index: the pass of the task's loop; None outside of loops.
    :ivar task_id: the task at the service, for a generated file.
    :ivar number: counts the results of that task.
    :ivar fingerprint: of the request, where this Airflow task has submitted it.
    :ivar poster: of a video.
    """

    written_by: str
    logical_task: LogicalTask
    loop_index: int | None = None
    task_id: str | None = None
    number: int = 1
    fingerprint: str | None = None
    poster: Poster | None = None


@dataclass(frozen=True, kw_only=True)
class Author:
    """The running task, as the one who writes a file.

    :param logical_task: DAG, run, task and map index.
    :param loop_index: the pass of the task's loop; None outside of loops.
    """

    logical_task: LogicalTask
    loop_index: int | None = None

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the task of a context."""
        return cls(logical_task=logical_task(context), loop_index=loop_index(context))

    @property
    def name(self) -> str:
        """The task, for people."""
        return _name(self.logical_task, self.loop_index)

    @property
    def token(self) -> str:
        """What tells the task's temporary files apart from those of other tasks that write the same name."""
        whole = json.dumps([*self.logical_task, self.loop_index])
        return hashlib.sha256(whole.encode()).hexdigest()[:8]

    def has_written(self, sidecar: Sidecar) -> bool:
        """Tell whether a file is of this task: of the same DAG, task, map index and pass, in any run."""
        return self._identity(self.logical_task, self.loop_index) == self._identity(
            sidecar.logical_task, sidecar.loop_index
        )

    def signed(self, contents: Mapping[str, Any]) -> dict[str, Any]:
        """Return the contents of a sidecar of this task."""
        return {
            **contents,
            "logical_task": list(self.logical_task),
            "loop_index": self.loop_index,
            "written_by": f"{_WRITTEN_BY} {__version__}",
        }

    @staticmethod
    def _identity(task: LogicalTask, loop: int | None) -> tuple[str, str, int, int | None]:
        dag_id, _, task_id, map_index = task
        return dag_id, task_id, map_index, loop


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
        content = stored.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        return None
    try:
        sidecar = Sidecar.model_validate_json(content)
    except (ValidationError, RecursionError):
        return None
    return sidecar if sidecar.written_by.startswith(f"{_WRITTEN_BY} ") else None


def write_sidecar(file: ObjectStoragePath, contents: Mapping[str, Any], *, replace: bool) -> None:
    """Store the sidecar of a file.

    :param replace: replace one that is there.
    :raises FileExistsError: there is one, and it is not to be replaced.
    :raises KlingMediaError: it cannot be written.
    """
    path = sidecar_path(file)
    content = json.dumps(contents, indent=2, ensure_ascii=False).encode()
    if replace:
        files.write(path, [content])
        return
    with files.storage_errors(path, "written", FileExistsError):
        create(content, files=path.fs, path=path.path)


def author_name(sidecar: Sidecar) -> str:
    """Return who wrote a file, for people."""
    return _name(sidecar.logical_task, sidecar.loop_index)


def _name(task: LogicalTask, loop: int | None) -> str:
    dag_id, run_id, task_id, map_index = task
    index = "" if map_index < 0 else f", map index {map_index}"
    turn = "" if loop is None else f", loop index {loop}"
    return f"task {task_id!r:.80} of DAG {dag_id!r:.80} (run {run_id!r:.80}{index}{turn})"
