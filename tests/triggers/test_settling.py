"""How soon after a deferral the trigger may fire."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import pytest

from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import PollOutcome, TaskWaiter
from airflow_provider_kling.polling import PollEnd
from airflow_provider_kling.triggers.kling import KlingTaskTrigger
from dev.virtual_time import VirtualLoop, run_in_virtual_time

MIN_HEARTBEAT_INTERVAL_S = 5  # Airflow's default


@pytest.mark.parametrize("ends_after_s", [0.0, 1.0, 5.5, 7.0, 120.0])
def test_only_what_ends_before_airflow_has_noticed_the_deferral_waits_for_that(
    monkeypatch: pytest.MonkeyPatch, ends_after_s: float
) -> None:
    """Before 3.4, Airflow fails a task whose deferral is over before the worker's end of it was noticed."""

    async def poll(_: KlingHook, waiter: TaskWaiter) -> PollOutcome:
        await asyncio.sleep(ends_after_s)
        return PollOutcome(task_id=waiter.task_id, end=PollEnd.FINISHED, waited_s=ends_after_s)

    async def fired_at(loop: VirtualLoop) -> float:
        async for event in KlingTaskTrigger(kling_task_id="t").run():
            assert event.payload["status"] == "success"
        return loop.time()

    monkeypatch.setattr(KlingHook, "poll_task_async", poll)
    fired = run_in_virtual_time(fired_at)
    if tuple(map(int, version("apache-airflow").split(".")[:2])) >= (3, 4):
        assert fired == ends_after_s
    else:
        assert fired > MIN_HEARTBEAT_INTERVAL_S
        assert fired == max(6.0, ends_after_s)
