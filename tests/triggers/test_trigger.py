"""The trigger that waits for a task: what it stores, that it never breaks its triggerer, what it yields."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_kling.hooks.connection import KlingConnection
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.client import AsyncKlingClient
from airflow_provider_kling.models import VideoO1Request
from airflow_provider_kling.polling import PollingPlan
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.triggers.kling import KlingTaskTrigger
from tests.conftest import API_KEY
from tests.http.raw_server import RawServer, reply
from tests.task_runner import fire

FAR = 4_000_000_000.0
PLAN = PollingPlan(submitted_at=FAR - 3600, deadline=FAR, expected_s=120.0)


@pytest.fixture(autouse=True)
def _no_time_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_kling.triggers.kling.SETTLE_S", 0)


def test_it_survives_storage() -> None:
    trigger = KlingTaskTrigger(conn_id="c", kling_task_id="task-1", plan=PLAN.to_json())
    path, stored = trigger.serialize()
    assert path == "airflow_provider_kling.triggers.kling.KlingTaskTrigger"
    again = KlingTaskTrigger(**json.loads(json.dumps(stored)))
    assert again.serialize() == (path, stored)
    assert PollingPlan.from_json(again.plan or {}) == PLAN


def test_it_stores_only_ids_and_numbers_and_the_kind_of_the_task() -> None:
    _, stored = KlingTaskTrigger(conn_id="c", kling_task_id="task-1", plan=PLAN.to_json()).serialize()
    plan = stored.pop("plan")
    assert stored == {"conn_id": "c", "kling_task_id": "task-1"}
    assert plan.pop("kind") == PLAN.kind
    assert {type(value) for value in plan.values()} == {float}


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"a_field_of_a_later_release": 1},
        {"submitted_at": 1.5, "deadline": 2.5, "usual_s": 3.5},
        {"conn_id": None, "kling_task_id": None, "plan": None},
        {"plan": "soon"},
        {"plan": [1, 2]},
        {"plan": {"deadline": "soon", "a_field_of_a_later_release": {}}},
    ],
)
def test_creating_it_never_raises(stored: dict[str, Any]) -> None:
    """An exception there would end the whole triggerer, and the next one that picks it up."""
    KlingTaskTrigger(**stored)


def test_it_does_not_keep_the_kling_task_where_airflow_keeps_its_own() -> None:
    """Airflow overwrites a trigger's ``task_id`` with the name of the task in the DAG."""
    trigger = KlingTaskTrigger(kling_task_id="task-1")
    trigger.task_id = "the_airflow_task"
    assert trigger.serialize()[1]["kling_task_id"] == "task-1"


@pytest.mark.parametrize(
    "connection",
    [
        None,
        {"password": None},
        {"host": "ftp://nowhere"},
        {"extra": {"api_version": "1999-01"}},
        {"extra": {"gateway": "nowhere"}},
    ],
)
def test_a_connection_that_cannot_be_used_ends_in_an_event(
    connect: Callable[..., None], connection: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection is None:
        monkeypatch.delenv("AIRFLOW_CONN_KLING_DEFAULT", raising=False)
    else:
        connect(**connection)
    event = fire(KlingTaskTrigger(kling_task_id="task-1", plan=PLAN.to_json()))
    assert event == {"status": "error", "reason": "waiter_broke", "task_id": "task-1"}


def test_arguments_of_the_wrong_kind_end_in_an_event(connect: Callable[..., None]) -> None:
    connect(host="http://127.0.0.1:9")
    trigger = KlingTaskTrigger(kling_task_id="task-1", plan="soon")  # type: ignore[arg-type]
    assert fire(trigger)["reason"] == "waiter_broke"


@pytest.mark.parametrize("plan", [None, {}, {"deadline": "soon"}])
def test_without_a_plan_it_polls_once_and_ends(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, plan: dict[str, Any] | None
) -> None:
    """It was stored by another release; the worker finds out what is true."""
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    running = reply({"code": 0, "data": {"task_id": "task-1", "status": "processing"}})
    with RawServer(running) as server:
        connect(host=server.url)
        event = fire(KlingTaskTrigger(kling_task_id="task-1", plan=plan))
    assert event == {"status": "timeout", "reason": "deadline", "task_id": "task-1"}
    assert server.connections == 1


def test_it_waits_asynchronously_only() -> None:
    assert inspect.isasyncgenfunction(KlingTaskTrigger.run)


def test_being_killed_says_what_is_true_and_sends_nothing(
    connect: Callable[..., None], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow calls this also for a trigger that another triggerer took over; then it must do no harm."""
    connect(host="http://127.0.0.1:9")  # any call would fail
    asyncio.run(KlingTaskTrigger(kling_task_id="task-1", deadline=FAR).on_kill())
    logged = caplog.text + capsys.readouterr().out
    assert "Task task-1 cannot be cancelled: it goes on at the service and may be billed" in logged


@pytest.fixture
def submitted(sandbox: SandboxProcess) -> str:
    with KlingHook() as hook:
        return hook.submit(VideoO1Request(prompt="A paper boat", mode="std", duration=5)).task_id


def trigger(task_id: str, *, deadline: float = FAR) -> KlingTaskTrigger:
    plan = PollingPlan(submitted_at=deadline - 3600, deadline=deadline)
    return KlingTaskTrigger(kling_task_id=task_id, plan=plan.to_json())


@pytest.mark.contract
def test_it_yields_one_thin_event(submitted: str) -> None:
    assert fire(trigger(submitted)) == {"status": "success", "reason": "finished", "task_id": submitted}


@pytest.mark.contract
def test_it_only_ever_reads(submitted: str, sandbox: SandboxProcess) -> None:
    fire(trigger(submitted))
    assert {entry["method"] for entry in sandbox.requests()[1:]} == {"GET"}


@pytest.mark.contract
def test_an_error_that_passes_does_not_end_it(
    submitted: str, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the client's own repeats, each of these is a poll that failed.
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    passing: list[dict[str, Any]] = [
        {"status": 500},
        {"status": 502, "body": "<html>bad gateway</html>"},
        {"status": 503},
        {"status": 408},
        {"status": 429},
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"drop": "before"},
        {"drop": "after"},
        {"body": "<html>a proxy's page</html>"},
        {"body": '{"code": 0, "da'},
        {"truncate": 10},
        # Without a result: with one, and a bill, an unknown word is an end.
        {"task": {"status": "daydreaming", "result": None}},
        {"status": 404},
    ]
    sandbox.faults([{"method": "GET", "path": "/api/v1/tasks/*", "action": action} for action in passing])
    assert fire(trigger(submitted))["reason"] == "finished"
    assert sandbox.stats()["polls"] > len(passing)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("fault", "times", "reason"),
    [(401, 1, "key_rejected"), (403, 1, "key_rejected"), (404, 2, "not_found")],
)
def test_an_error_that_stays_ends_it_at_once(
    submitted: str, sandbox: SandboxProcess, fault: int, times: int, reason: str
) -> None:
    sandbox.faults([{"method": "GET", "path": "/api/v1/tasks/*", "times": None, "action": {"status": fault}}])
    assert fire(trigger(submitted)) == {"status": "error", "reason": reason, "task_id": submitted}
    assert sandbox.stats()["polls"] == times


@pytest.mark.contract
def test_after_a_passed_deadline_there_is_still_one_poll(submitted: str, sandbox: SandboxProcess) -> None:
    sandbox.faults([{"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}])
    assert fire(trigger(submitted, deadline=0))["status"] == "timeout"
    assert sandbox.stats()["polls"] == 1


@pytest.mark.contract
def test_many_triggers_share_one_client_and_leave_none_behind(
    submitted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[AsyncKlingClient] = []
    make = AsyncKlingClient.__init__

    def count(client: AsyncKlingClient, **options: Any) -> None:
        made.append(client)
        make(client, **options)

    monkeypatch.setattr(AsyncKlingClient, "__init__", count)

    async def wait_together() -> list[Any]:
        async def one() -> Any:
            return [event.payload async for event in trigger(submitted).run()]

        return await asyncio.gather(*(one() for _ in range(20)))

    assert [event["reason"] for (event,) in asyncio.run(wait_together())] == ["finished"] * 20
    assert len(made) == 1
    assert made[0].closed


@pytest.mark.contract
def test_its_log_holds_neither_the_key_nor_a_signed_link(
    submitted: str, sandbox: SandboxProcess, connect: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fire(trigger(submitted))
    connect(host=sandbox.url, password=API_KEY)
    fire(trigger(submitted))
    assert submitted in caplog.text
    for secret in (API_KEY, sandbox.api_key, "Signature="):
        assert secret not in caplog.text


@pytest.mark.contract
def test_a_key_that_was_replaced_is_looked_up_again_and_a_task_is_not_lost_for_it(
    submitted: str, sandbox: SandboxProcess, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str | None] = []
    look_up = KlingHook._looked_up

    async def looked(hook: KlingHook) -> KlingConnection:
        # Somebody replaces the key after the first trigger has read the old one.
        connect(host=sandbox.url, password=sandbox.api_key if looked_up else API_KEY)
        looked_up.append(hook.conn_id)
        return await look_up(hook)

    monkeypatch.setattr(KlingHook, "_looked_up", looked)
    assert fire(trigger(submitted))["reason"] == "finished"
    assert len(looked_up) == 2
