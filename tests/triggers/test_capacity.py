"""The trigger that waits for capacity: a timer that sends no request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_provider_kling.triggers.kling import KlingCapacityTrigger
from tests.task_runner import fire


def test_it_survives_storage() -> None:
    trigger = KlingCapacityTrigger(until=3.5, since=1.5, rejections=2)
    path, stored = trigger.serialize()
    assert path == "airflow_provider_kling.triggers.kling.KlingCapacityTrigger"
    assert KlingCapacityTrigger(**json.loads(json.dumps(stored))).serialize() == (path, stored)


def test_it_hands_back_when_the_wait_began_and_how_often_the_task_was_rejected() -> None:
    assert fire(KlingCapacityTrigger(until=0.0, since=1.5, rejections=2)) == {"since": 1.5, "rejections": 2}


@pytest.mark.parametrize(("now", "pause"), [(100.0, 30.0), (130.0, 0.0), (500.0, 0.0)])
def test_it_waits_until_its_moment_also_after_a_restart(
    monkeypatch: pytest.MonkeyPatch, now: float, pause: float
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr("airflow_provider_kling.triggers.kling.time.time", lambda: now)
    fire(KlingCapacityTrigger(until=130.0))
    assert pauses[0] == pause


@pytest.mark.parametrize("stored", [{}, {"later": 1}, {"until": None, "since": "x", "rejections": []}])
def test_creating_it_never_raises(stored: dict[str, Any]) -> None:
    KlingCapacityTrigger(**stored)
