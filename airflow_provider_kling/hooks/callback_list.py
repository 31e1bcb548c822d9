"""The tasks that a service has reported, on their way from Airflow's API server to its triggerers. Pure.

They are in a few Airflow Variables, which API server and triggerers have in common on every supported
version. A store of one's own would be another table, or another server. A report that gets lost, as when two
are written at once, costs the time until the next poll.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from airflow_provider_kling.gateways.json_values import mapping, number

_SHARDS: Final = 4  # so that two that are written at once seldom meet
_KEPT_S: Final = 600.0
_MOST: Final = 500

NAMES: Final = tuple(f"kling_callbacks_{shard}" for shard in range(_SHARDS))
"""Of the Variables."""


def variable_of(task_id: str) -> str:
    """Return the name of the Variable in which a task is reported."""
    return NAMES[hashlib.sha256(task_id.encode()).digest()[0] % _SHARDS]


def reported(stored: str | None) -> dict[str, float]:
    """Return when each task was reported, in Unix seconds, by the value of a Variable."""
    try:
        told = mapping(json.loads(stored or "{}"))
    except (ValueError, RecursionError):
        return {}
    return {task_id: at for task_id, time in told.items() if (at := number(time)) is not None}


def with_report(stored: str | None, *, task_id: str, now: float) -> str:
    """Return the value of a Variable with one more task, and without those from long ago."""
    known = {one: at for one, at in reported(stored).items() if now - _KEPT_S < at <= now and one != task_id}
    newest = dict(sorted({**known, task_id: now}.items(), key=lambda item: item[1])[-_MOST:])
    return json.dumps(newest, separators=(",", ":"))
