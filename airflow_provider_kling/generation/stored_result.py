"""Finding a result that a logical task has stored before, when its record is gone: by the sidecars.

A clear of a task deletes its record on Airflow 3.4, and on 3.1 and 3.2 after a success. What was paid for is
still at ``output``, and the sidecar of each file says for which task and which request it was made.
"""

from __future__ import annotations

import glob
import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.gateways.json_values import amount, moment
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.failure import error_context
from airflow_provider_kling.generation.result import GenerationResult, generation_result, stored_uris
from airflow_provider_kling.generation.result_storage import ResultStorage, target_uri
from airflow_provider_kling.generation.sidecar import MOST_BYTES, Sidecar, read_sidecar
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskStatus
from airflow_provider_kling.journal.record import Phase, Record, damaged
from airflow_provider_kling.journal.rules import OnRerun
from airflow_provider_kling.media.download import Download
from airflow_provider_kling.media.reader import MediaReader

log = logging.getLogger(__name__)

STORED_UNKNOWN = (
    "So it is unknown whether the result of an earlier try is still stored. Nothing was submitted again; the "
    "next try of this Airflow task checks it again."
)
_READERS: Final = 8
_EVER: Final = datetime.min.replace(tzinfo=UTC)

_Found = tuple[ObjectStoragePath, Sidecar]


def is_result_available(record: Record, *, is_to_be_stored: bool) -> bool:
    """Tell whether a finished task's stored copies, or without any the service's link, are still there.

    :param is_to_be_stored: a link is not enough.
    :raises KlingMediaError: the storage does not tell.
    """
    result: Any = record.result if record.phase is Phase.FINISHED else None
    if not result:
        return False
    try:
        uris, expires_at = stored_uris(result), result["expires_at"]
        is_linked = expires_at is not None and datetime.fromisoformat(expires_at).timestamp() > time.time()
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise damaged(f"result: {type(error).__name__}") from error
    if uris:
        with error_context(STORED_UNKNOWN):
            return all(_is_stored(files.file_at(uri), record) for uri in uris)
    return is_linked and not is_to_be_stored


def _is_stored(file: ObjectStoragePath, record: Record) -> bool:
    """Tell whether a file is there, and no other generation's has taken its place."""
    if not files.exists(file):
        return False
    sidecar = read_sidecar(file)
    return sidecar is None or sidecar.task_id in (None, record.task_id)


def result_before_clear(storage: ResultStorage | None, *, on_rerun: OnRerun) -> GenerationResult | None:
    """Return what a task without a record, which may have been cleared, has stored for its request before.

    The log says what is found, or why nothing is.

    :param storage: where the task stores its results; None where it stores none.
    :raises KlingMediaError: the storage does not tell.
    """
    result = None
    if on_rerun is OnRerun.REGENERATE:
        why = "on_rerun='regenerate' asks for a new result."
    elif storage is None:
        why = "Without an output, no result of it is stored."
    else:
        why = f"No result of it for this request is stored at {storage.output}."
        result = find_stored_result(storage)
    if result is None:
        log.warning(
            "This Airflow task, or another of its run, was cleared, and there is no record of an earlier "
            "submission. %s So the request is submitted, and paid for again if an earlier try finished it.",
            why,
        )
    else:
        log.info("The record of this Airflow task is gone. Its result is still stored as %s", result["uri"])
    return result


def find_stored_result(storage: ResultStorage) -> GenerationResult | None:
    """Return the newest result that a logical task has stored for a request, whole; None where there is none.

    No request is sent to the service, so the links to it are unknown.

    :param storage: knows the task, the request, and where the task stores its results.
    :raises KlingMediaError: the storage does not tell.
    """
    mine = [
        (file, sidecar)
        for file, sidecar in _read_all(_sidecars(storage.output))
        if sidecar.logical_task == storage.author and sidecar.fingerprint == storage.fingerprint
    ]
    for parts in _generations(mine):
        copies = [(file, sidecar, _whole(file, sidecar)) for file, sidecar in parts]
        if all(copy for _, _, copy in copies):
            return _result(storage, [(file, sidecar, copy) for file, sidecar, copy in copies if copy])
    return None


def _sidecars(output: str) -> list[ObjectStoragePath]:
    """Return what may be sidecars of the results at an ``output``: below a folder, or beside a file.

    A file may have got another name with the same beginning, because its own was not free.
    """
    uri, is_folder = target_uri(output, task_id="any")
    target = files.file_at(uri)
    folder = target.path.rpartition("/")[0]
    name = PurePosixPath(target.name)
    pattern = "*.json" if is_folder else f"{glob.escape(name.stem)}*{glob.escape(name.suffix)}.json"
    with files.storage_errors(output, "searched for sidecars"):
        found = target.fs.glob(f"{glob.escape(folder)}/{pattern}", detail=True)
    return [
        target.with_name(PurePosixPath(path).name)
        for path, info in found.items()
        if info.get("type") != "directory" and (info.get("size") or 0) <= MOST_BYTES
    ]


def _read_all(sidecars: Iterable[ObjectStoragePath]) -> Iterator[_Found]:
    with ThreadPoolExecutor(_READERS) as readers:
        yield from filter(None, readers.map(_read, sidecars))


def _read(path: ObjectStoragePath) -> _Found | None:
    file = path.with_name(path.name.removesuffix(".json"))
    try:
        sidecar = read_sidecar(file)
    except KlingError as error:
        if isinstance(error.__cause__, FileNotFoundError):  # deleted since it was listed
            return None
        raise
    return (file, sidecar) if sidecar is not None and is_id(sidecar.task_id) else None


def _generations(found: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Yield the files of each generation of which none is missing, the newest first."""
    by_task = sorted(found, key=lambda one: (str(one[1].task_id), one[1].number))
    groups = [list(group) for _, group in itertools.groupby(by_task, key=lambda one: one[1].task_id)]
    groups.sort(key=lambda group: _age_key(group[0][1]), reverse=True)
    for group in groups:
        by_number = {sidecar.number: (file, sidecar) for file, sidecar in group}
        wanted = range(1, (group[0][1].results or 0) + 1)
        if wanted and all(number in by_number for number in wanted):
            yield [by_number[number] for number in wanted]


def _age_key(sidecar: Sidecar) -> datetime:
    """Order generations by age, the newest last."""
    return moment(sidecar.finished_at) or moment(sidecar.submitted_at) or _EVER


def _whole(file: ObjectStoragePath, sidecar: Sidecar) -> Download | None:
    if not files.exists(file):
        return None
    content = files.content_of(file)
    if content.format is None or content.sha256 != sidecar.sha256:
        return None
    return Download(format=content.format, size=content.size, sha256=content.sha256)


def _result(
    storage: ResultStorage, parts: Sequence[tuple[ObjectStoragePath, Sidecar, Download]]
) -> GenerationResult:
    first = parts[0][1]
    stored = {}
    with MediaReader() as reader:
        for file, _, copy in parts:
            resource = Resource(
                url=str(file),
                type=copy.format.media_type.value,
                role=ResourceRole.PRIMARY,
                format=copy.format.value,
                size=copy.size,
            )
            stored[resource] = storage.describe(file, copy, reader=reader)
    task = Task(
        task_id=str(first.task_id),
        status=TaskStatus.SUCCESS,
        raw_status=TaskStatus.SUCCESS.value,
        resources=tuple(stored),
        submitted_at=moment(first.submitted_at),
        finished_at=moment(first.finished_at),
        cost_usd=amount(first.cost_usd),
        cost=amount(first.cost),
        cost_unit=first.cost_unit,
    )
    result = generation_result(
        task=task,
        results=task.resources,
        model=storage.model,
        conn_id=storage.conn_id,
        stored=stored,
        submitted_at=None,
        try_number=1,
        reused=True,
    )
    result["url"] = None
    for one in result["resources"]:
        one["url"] = None
    return result
