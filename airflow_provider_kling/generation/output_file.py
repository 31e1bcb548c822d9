"""The one rule of all that write files for a task: nobody's file is lost.

A task replaces a file only if it has written that file itself, in this run or an earlier one, and nobody has
changed it since. The file's sidecar tells. Everything else at a name is somebody else's, also a folder, a
sidecar without a file, and a file that this task wrote at another map index or in another pass of a loop.

Where that is known before anything is paid for, and where the work costs nothing, the task fails
(:func:`check_writable`). A result that is paid for, and a poster, get a free name beside it.

The sidecar is written before its file. So it also reserves the name: of several tasks that want the same
free one, only one creates the sidecar. A poster has no sidecar of its own; that of its video describes it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.sidecar import (
    Sidecar,
    read_sidecar,
    sidecar_path,
    signed,
    token,
    write_sidecar,
)
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.atomic_writer import AtomicWriter

log = logging.getLogger(__name__)

_MOST_NAMES: Final = 1000
_WAY_OUT: Final = "Give this task another `output`, or move or delete what is there."


class Holder(StrEnum):
    """To whom a name belongs."""

    NOBODY = "nobody"
    AUTHOR = "author"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is at a name.

    :param sha256: of a file that is the author's and may be replaced; None without a file.
    :param why: why the name is somebody else's, as the end of a sentence about the file.
    :param sidecar: of the author's file.
    """

    holder: Holder
    sha256: str | None = None
    why: str = ""
    sidecar: Sidecar | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceResult:
    """One of the results of a task at the service: a task of many results never replaces one by another.

    :param number: counts the results of the task.
    :param results: how many it has.
    """

    task_id: str
    number: int
    results: int

    @property
    def token(self) -> str:
        """What tells its temporary file apart from those of other results that are stored under one name."""
        return hashlib.sha256(f"{self.task_id} {self.number}".encode()).hexdigest()[:8]


def find(file: ObjectStoragePath, *, author: LogicalTask, result: ServiceResult | None = None) -> Found:
    """Return what is at a name, and to whom it belongs.

    :param result: what is to be written, where it comes from the service.
    :raises KlingMediaError: the storage does not tell.
    """
    kind = files.kind(file)
    if kind is files.Kind.FOLDER:
        return Found(holder=Holder.OTHER, why="is a folder")
    beside = sidecar_path(file)
    if files.kind(beside) is None:
        if kind is None:
            return Found(holder=Holder.NOBODY)
        return Found(holder=Holder.OTHER, why=f"has no sidecar ({beside.name}) that says that it may")
    sidecar = read_sidecar(file)
    if sidecar is None:
        return Found(holder=Holder.OTHER, why=f"has beside it {beside.name}, which is no sidecar")
    if not author.is_same_in(sidecar.logical_task):
        return Found(
            holder=Holder.OTHER, why=f"was written by {sidecar.logical_task.name}, or is being written"
        )
    if result and sidecar.task_id == result.task_id and sidecar.number != result.number:
        return Found(holder=Holder.OTHER, why="is another result of the same generation")
    if kind is None:
        return Found(holder=Holder.AUTHOR, sidecar=sidecar)
    sha256 = files.content_of(file).sha256
    if not sidecar.is_content(sha256):
        return Found(holder=Holder.OTHER, why="has been changed since this task wrote it")
    return Found(holder=Holder.AUTHOR, sha256=sha256, sidecar=sidecar)


def check_writable(file: ObjectStoragePath, *, author: LogicalTask) -> None:
    """Check that a task may write a file.

    :raises KlingMediaError: a file of somebody else's is there, or is being written (not retryable); or the
        storage does not tell (retryable).
    """
    found = find(file, author=author)
    if found.holder is Holder.OTHER:
        raise _refusal(file, found, author=author)


def names(file: ObjectStoragePath) -> Iterator[ObjectStoragePath]:
    """Yield the name that is wanted, then those to take instead: ``clip.mp4``, ``clip-1.mp4`` and so on."""
    yield file
    name = PurePosixPath(file.name)
    for number in range(1, _MOST_NAMES):
        yield file.with_name(f"{name.stem}-{number}{name.suffix}")


def commit_paid(
    writer: AtomicWriter,
    file: ObjectStoragePath,
    contents: Mapping[str, Any],
    *,
    author: LogicalTask,
    result: ServiceResult,
) -> ObjectStoragePath:
    """Give a result its name, or a free one beside it, and return its file.

    :param writer: has the whole result.
    :param contents: of the sidecar.
    """
    for candidate in names(file):
        found = find(candidate, author=author, result=result)
        if found.holder is not Holder.OTHER and _commit(writer, candidate, contents, found, author=author):
            if candidate != file:
                log.warning("%s is not this task's and stays as it is. Stored as %s", file, candidate)
            return candidate
    raise no_name(file)


def write_free(
    file: ObjectStoragePath, chunks: Iterable[bytes], *, author: LogicalTask, sources: Sequence[str]
) -> str:
    """Write a file that cost nothing, with its sidecar; return its SHA-256 in hexadecimal.

    :param sources: the URIs of the files that it was made of.
    :raises KlingMediaError: a file of somebody else's is there (not retryable), or it cannot be written.
    """
    with (
        files.storage_errors(file, "written"),
        AtomicWriter(files=file.fs, path=file.path, owner=token(author)) as writer,
    ):
        for chunk in chunks:
            writer.write(chunk)
        contents = {"bytes": writer.size, "sha256": writer.sha256, "sources": list(sources)}
        found = find(file, author=author)
        if found.holder is Holder.OTHER or not _commit(writer, file, contents, found, author=author):
            raise _refusal(file, find(file, author=author), author=author)
        return writer.sha256


def _commit(
    writer: AtomicWriter,
    file: ObjectStoragePath,
    contents: Mapping[str, Any],
    found: Found,
    *,
    author: LogicalTask,
) -> bool:
    """Write a sidecar, then its file; tell whether the name was still free, or still the author's."""
    poster = found.sidecar.poster if found.sidecar else None
    contents = signed(
        author, {**contents, "replaces": found.sha256, "poster": poster.model_dump() if poster else None}
    )
    try:
        write_sidecar(file, contents, author=author, replace=found.holder is Holder.AUTHOR)
    except FileExistsError:
        return False
    try:
        with files.storage_errors(file, "written", FileExistsError):
            writer.commit(file.path, replace=found.sha256 is not None)
    except FileExistsError:
        _withdraw(file, sha256=writer.sha256, author=author)
        return False
    return True


def _withdraw(file: ObjectStoragePath, *, sha256: str, author: LogicalTask) -> None:
    """Delete a sidecar that was written for a file that is not there."""
    sidecar = read_sidecar(file)
    if sidecar is not None and author.is_same_in(sidecar.logical_task) and sidecar.sha256 == sha256:
        with files.storage_errors(file, "written"):
            file.fs.rm_file(sidecar_path(file).path)


def _refusal(file: ObjectStoragePath, found: Found, *, author: LogicalTask) -> KlingMediaError:
    each = " Each map index needs a file of its own: put {{ ti.map_index }} into `output`, or name a folder."
    return KlingMediaError(
        f"{file} must not be replaced by {author.name}: it {found.why or 'has been written meanwhile'}. "
        f"{_WAY_OUT}{'' if author.map_index < 0 else each}",
        retryable=False,
    )


def no_name(file: ObjectStoragePath) -> KlingMediaError:
    """Return the error for a file that can have no name."""
    return KlingMediaError(
        f"{file} and the {_MOST_NAMES - 1} names beside it belong to others. Move or delete some of them."
    )
