"""The JSON file beside a stored result: what was asked, what came, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import reading, write
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.media.download import Download


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a result comes from, as far as the Airflow task knows.

    :param request: the fields that were asked for, with media cut to their names; None where not known.
    """

    model: str | None
    conn_id: str
    request: Mapping[str, Any] | None = None


def sidecar_path(file: ObjectStoragePath) -> ObjectStoragePath:
    """Return where the sidecar of a stored file lies."""
    return file.with_name(f"{file.name}.json")


def write_sidecar(file: ObjectStoragePath, *, task: Task, download: Download, provenance: Provenance) -> None:
    """Write the sidecar of a file that has landed. It holds no link, no key and no bytes of media."""
    facts = {
        "task_id": task.task_id,
        "model": provenance.model,
        "conn_id": provenance.conn_id,
        "request": provenance.request,
        "format": download.kind.value,
        "bytes": download.size,
        "sha256": download.sha256,
        "submitted_at": task.submitted_at.isoformat() if task.submitted_at else None,
        "finished_at": task.finished_at.isoformat() if task.finished_at else None,
        "cost_usd": str(task.cost_usd) if task.cost_usd is not None else None,
        "written_by": f"airflow-provider-kling {__version__}",
    }
    write(sidecar_path(file), [json.dumps(facts, indent=2, ensure_ascii=False).encode()])


def recorded_hash(file: ObjectStoragePath, *, task_id: str) -> str | None:
    """Return the hash that the sidecar has for a result of ``task_id``; None without such a sidecar."""
    try:
        with reading(sidecar_path(file)) as stored:
            facts = json.load(stored)
    except KlingMediaError:  # there is none, or it is damaged
        return None
    ours = isinstance(facts, Mapping) and facts.get("task_id") == task_id
    return str(facts.get("sha256")) if ours else None


def cut_media(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's fields as JSON has them: prompts are whole, other long texts and links are cut."""
    return {name: _cut(value, longest=None if "prompt" in name else _LONGEST) for name, value in body.items()}


_LONGEST = 200


def _cut(value: Any, *, longest: int | None) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _cut(item, longest=longest) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item, longest=longest) for item in value]
    if not isinstance(value, str) or longest is None:
        return value
    if "://" in value[:16]:
        return value.partition("?")[0]
    return value if len(value) <= longest else f"({len(value)} characters)"
