"""What a generation returns. Pure: built from the task and what was stored."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_kling.api.task import Resource, Task
from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.media.download import Download

MAX_XCOM_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A result that was copied to the user's storage."""

    uri: str
    download: Download


def primary_resource(task: Task, *, wanted_type: str) -> Resource:
    """Return the result itself.

    :raises KlingProtocolError: the task succeeded without a link that can be used.
    """
    primary = task.primary(wanted_type)
    if primary is None:
        raise KlingProtocolError(
            f"Task {task.task_id} succeeded and was billed, but the answer holds no link to a {wanted_type}."
        )
    return primary


def generation_result(
    *,
    task: Task,
    primary: Resource,
    model: str | None,
    conn_id: str,
    stored: StoredFile | None,
    submitted_at: float | None,
    try_number: int,
    reused: bool = False,
) -> dict[str, Any]:
    """Return the dict that goes to XCom. What is not known is None.

    :param submitted_at: Unix seconds by this side's clock, for when the service does not tell.
    :param reused: it was paid for in an earlier run of the Airflow task.
    """
    elapsed = None
    if task.submitted_at and task.finished_at:
        elapsed = (task.finished_at - task.submitted_at).total_seconds()
    submitted = task.submitted_at
    if submitted is None and submitted_at is not None:
        submitted = datetime.fromtimestamp(submitted_at, tz=UTC)
    result = {
        "task_id": task.task_id,
        "model": model,
        "status": task.status.value,
        "conn_id": conn_id,
        "url": primary.url,
        "uri": stored.uri if stored else None,
        "poster_uri": None,
        "type": primary.type,
        "width": primary.width,
        "height": primary.height,
        "format": primary.format or (stored.download.kind.value if stored else None),
        "duration_s": primary.duration_s,
        "bytes": stored.download.size if stored else primary.size,
        "sha256": stored.download.sha256 if stored else None,
        "resources": [
            {**asdict(one), "uri": stored.uri if stored and one is primary else None}
            for one in task.resources
        ],
        "submitted_at": _iso(submitted),
        "finished_at": _iso(task.finished_at),
        "elapsed_s": elapsed,
        "expires_at": _iso(task.expires_at),
        "cost_usd": str(task.cost_usd) if task.cost_usd is not None else None,
        "try_number": try_number,
        "reused": reused,
    }
    return _within_xcom(result, primary=primary)


def _within_xcom(result: dict[str, Any], *, primary: Resource) -> dict[str, Any]:
    """Drop the covers and thumbnails if the result would be too long for an XCom otherwise."""
    if len(json.dumps(result)) > MAX_XCOM_BYTES:
        result["resources"] = [one for one in result["resources"] if one["url"] == primary.url]
    return result


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
