"""The JSON file beside a stored result: its request, its task, its properties and its cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import reading, write
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.media.download import Download
from airflow_provider_kling.models import KlingRequest, PromptText, body_strings

_MAX_CHARACTERS = 200  # of a text that is not cut


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a result comes from, as far as the Airflow task knows.

    :param request: the fields of the request, with media cut (see :func:`cut_media`); None where unknown.
    """

    model: str | None
    conn_id: str
    request: Mapping[str, Any] | None = None


def sidecar_path(file: ObjectStoragePath) -> ObjectStoragePath:
    """Return the path of the sidecar of a stored file."""
    return file.with_name(f"{file.name}.json")


def write_sidecar(file: ObjectStoragePath, *, task: Task, download: Download, provenance: Provenance) -> None:
    """Write the sidecar of a stored file. It holds no signed link, no API key and no bytes of media."""
    contents = {
        "task_id": task.task_id,
        "model": provenance.model,
        "conn_id": provenance.conn_id,
        "request": provenance.request,
        "format": download.format.value,
        "bytes": download.size,
        "sha256": download.sha256,
        "submitted_at": task.submitted_at.isoformat() if task.submitted_at else None,
        "finished_at": task.finished_at.isoformat() if task.finished_at else None,
        "cost_usd": str(task.cost_usd) if task.cost_usd is not None else None,
        "written_by": f"airflow-provider-kling {__version__}",
    }
    if task.cost is not None and task.cost_unit is not None:
        contents |= {"cost": str(task.cost), "cost_unit": task.cost_unit}
    write(sidecar_path(file), [json.dumps(contents, indent=2, ensure_ascii=False).encode()])


def recorded_hash(file: ObjectStoragePath, *, task_id: str) -> str | None:
    """Return the hash in the sidecar of a file if it is a result of ``task_id``, else None."""
    try:
        with reading(sidecar_path(file)) as stored:
            contents = json.load(stored)
    except KlingMediaError:  # there is none, or it is damaged
        return None
    ours = isinstance(contents, Mapping) and contents.get("task_id") == task_id
    return str(contents.get("sha256")) if ours else None


def cut_media(request: KlingRequest, extra_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's fields as plain JSON: prompts are whole; other long texts and links are cut."""
    body = {**request.body(), **extra_parameters}
    prompts = {one.path for one in body_strings(request, body) if isinstance(one.holds, PromptText)}
    return {name: _cut((name,), value, whole=prompts) for name, value in body.items()}


def _cut(path: tuple[str | int, ...], value: Any, *, whole: AbstractSet[tuple[str | int, ...]]) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _cut((*path, name), item, whole=whole) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut((*path, number), item, whole=whole) for number, item in enumerate(value)]
    if not isinstance(value, str) or path in whole:
        return value
    if "://" in value[:16]:
        return value.partition("?")[0]
    return value if len(value) <= _MAX_CHARACTERS else f"({len(value)} characters)"
