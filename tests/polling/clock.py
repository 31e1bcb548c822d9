"""What the tests of polling have in common."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.exceptions import KlingConnectionError, KlingNotFoundError
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling import Experience, Poller, PollingPlan

START = 1_800_000_000.0
MIDDLE = 0.5  # the jitter that changes nothing
ALMOST_ONE = 1 - 2**-53


def task(status: TaskStatus, **fields: Any) -> Task:
    return Task(task_id="t", status=status, raw_status=status.value, **fields)


RUNNING, DONE, FAILED = task(TaskStatus.PROCESSING), task(TaskStatus.SUCCESS), task(TaskStatus.FAILED)
NOT_FOUND = KlingNotFoundError("no such task", status_code=404)
BROKEN = KlingConnectionError("broke", request_sent=True)


def poller(
    *, timeout: float = 3600.0, experience: Experience | None = None, now: float = START, **others: Any
) -> Poller:
    plan = PollingPlan.starting(submitted_at=START, timeout=timeout, **others)
    return Poller(plan=plan, experience=experience or Experience(), now=now)
