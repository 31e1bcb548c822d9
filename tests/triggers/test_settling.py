"""How soon after a deferral the trigger may fire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from airflow_provider_kling.triggers.kling import KlingTaskTrigger
from tests.task_runner import fire


def test_no_event_comes_before_airflow_has_noticed_the_deferral(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow fails a task whose deferral is over before the worker's end of it was noticed."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    connect(password=None)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    fire(KlingTaskTrigger(kling_task_id="task-1"))
    min_heartbeat_interval_s = 5  # Airflow's default
    assert sum(pauses) > min_heartbeat_interval_s
