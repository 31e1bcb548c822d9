"""What a generation returns. Pure: built from the task and what was stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import Download
from airflow_provider_kling.media.facts import MediaFacts

MAX_XCOM_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A result that was copied to the user's storage.

    :param facts: what it is, measured; None where the extra ``media`` is not installed.
    :param poster_uri: a picture to show for a video.
    """

    uri: str
    download: Download
    facts: MediaFacts | None = None
    poster_uri: str | None = None


def task_results(task: Task, *, wanted_type: str | None) -> tuple[Resource, ...]:
    """Return the results themselves; there is at least one.

    :raises KlingProtocolError: the task succeeded without a link that can be used.
    """
    results = task.results(wanted_type)
    if not results:
        raise KlingProtocolError(
            f"Task {task.task_id} succeeded and was billed, but the answer holds no link to its "
            f"{wanted_type or 'result'}."
        )
    return results


def generation_result(
    *,
    task: Task,
    results: Sequence[Resource],
    model: str | None,
    conn_id: str,
    stored: Mapping[Resource, StoredFile],
    submitted_at: float | None,
    try_number: int,
    reused: bool = False,
) -> dict[str, Any]:
    """Return the dict that goes to XCom. What is not known is None.

    :param results: the results themselves, the primary one first.
    :param stored: those that were copied to the user's storage.
    :param submitted_at: Unix seconds by this side's clock, for when the service does not tell.
    :param reused: it was paid for in an earlier run of the Airflow task.
    """
    primary = results[0]
    copy = stored.get(primary)
    facts = copy.facts if copy else None
    sound = facts.sound if facts else None
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
        "uri": copy.uri if copy else None,
        "poster_uri": copy.poster_uri if copy else None,
        "type": primary.type,
        "width": facts.width if facts else primary.width,
        "height": facts.height if facts else primary.height,
        "format": primary.format or (copy.download.kind.value if copy else None),
        "duration_s": facts.seconds if facts else primary.duration_s,
        "fps": facts.fps if facts else None,
        "codec": facts.codec if facts else None,
        "has_audio": None if facts is None else sound is not None,
        "audio_codec": sound.codec if sound else None,
        "bytes": copy.download.size if copy else primary.size,
        "sha256": copy.download.sha256 if copy else None,
        "resources": [
            {**asdict(one), "uri": stored[one].uri if one in stored else None} for one in task.resources
        ],
        "submitted_at": _iso(submitted),
        "finished_at": _iso(task.finished_at),
        "elapsed_s": elapsed,
        "expires_at": _iso(task.expires_at),
        "cost_usd": str(task.cost_usd) if task.cost_usd is not None else None,
        "try_number": try_number,
        "reused": reused,
    }
    return _within_xcom(result, results=results)


def stored_uris(result: Mapping[str, Any]) -> list[str]:
    """Return where the files of a result were copied to."""
    return [one["uri"] for one in result["resources"] if one["uri"]]


def _within_xcom(result: dict[str, Any], *, results: Sequence[Resource]) -> dict[str, Any]:
    """Shorten a result that would be too long for an XCom, but never by a result's only address.

    Covers and thumbnails go first, then what is told of each result beside its address, then the links of
    those that are stored.
    """
    links = {one.url for one in results}
    steps: list[Callable[[dict[str, Any]], dict[str, Any] | None]] = [
        lambda one: one if one["url"] in links else None,
        lambda one: {key: one[key] for key in ("type", "url", "role", "uri")},
        lambda one: {**one, "url": None} if one["uri"] else one,
    ]
    for shorten in steps:
        if len(json.dumps(result)) <= MAX_XCOM_BYTES:
            break
        result["resources"] = [kept for one in result["resources"] if (kept := shorten(one))]
    return result


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
