"""Runs a task the way Airflow does: execute, deferral, trigger, and back."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import Any

from airflow.triggers.base import BaseTrigger

from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.operators.kling import KlingVideoOperator
from airflow_provider_kling.polling import Poller, PollWindow
from airflow_provider_kling.polling.pace import Pace
from tests.airflow_names import TaskDeferred

# A poll costs the client and the sandbox a few milliseconds; a sandbox at 200 times the speed needs a second.
POLL_AGAIN_S = 0.1
RETRY_AGAIN_S = 0.02


class Outlets:
    """Stands in for the context's outlet events: one ``extra`` an asset."""

    class Event:
        """What a task tells with an asset."""

        def __init__(self) -> None:
            self.extra: dict[str, Any] = {}

    def __init__(self) -> None:
        self._events: dict[str, Outlets.Event] = {}

    def __getitem__(self, asset: Any) -> Event:
        # By name: on Airflow 3.1 an asset cannot be the key of a dict.
        return self._events.setdefault(asset.name, self.Event())


def context(operator: Any, task_instance: Any) -> dict[str, Any]:
    """Build the part of a context that the provider uses."""
    return {
        "ti": task_instance,
        "task": operator,
        "outlet_events": Outlets(),
        "task_state_store": task_instance.store,
    }


def run(operator: Any, task_instance: Any, **extra_context: Any) -> Any:
    """Run a try of a task to its end, through the triggerer's part whenever it defers."""
    ctx = {**context(operator, task_instance), **extra_context}
    method, arguments = "execute", {}
    while True:
        try:
            return getattr(operator, method)(ctx, **arguments)
        except TaskDeferred as deferred:
            method = deferred.method_name
            arguments = {"event": fire(deferred.trigger), **(deferred.kwargs or {})}


def fire(trigger: BaseTrigger) -> Any:
    """Run a trigger from its stored form until its first event, and check that it ends there."""
    path, stored = trigger.serialize()
    module, _, name = path.rpartition(".")
    revived = getattr(import_module(module), name)(**json.loads(json.dumps(stored)))

    async def events() -> list[Any]:
        return [event.payload async for event in revived.run()]

    (payload,) = asyncio.run(events())
    return payload


def poll_often(monkeypatch: Any) -> None:
    """Let the waiting take no longer than the sandbox does."""
    patient = Poller.window

    def window(self: Poller, **facts: float) -> PollWindow:
        found = patient(self, **facts)
        return PollWindow(
            earliest_s=min(POLL_AGAIN_S, found.earliest_s), latest_s=min(POLL_AGAIN_S, found.latest_s)
        )

    monkeypatch.setattr(Poller, "window", window)
    monkeypatch.setattr(Pace, "free_at", lambda self, now: now)
    monkeypatch.setattr("airflow_provider_kling.triggers.kling.SETTLE_S", 0)


def retry_often(monkeypatch: Any) -> None:
    """Let a call be repeated at once; which errors end it stays as it is."""
    patient = RetryPolicy.delay

    def delay(self: RetryPolicy, *facts: Any, **more: Any) -> float | None:
        wait = patient(self, *facts, **more)
        return None if wait is None else min(RETRY_AGAIN_S, wait)

    monkeypatch.setattr(RetryPolicy, "delay", delay)


def video(**arguments: Any) -> KlingVideoOperator:
    """Make an operator for the cheapest clip there is."""
    return KlingVideoOperator(
        **{"task_id": "make", "prompt": "A paper boat", "mode": "std", "duration": 5, **arguments}
    )
