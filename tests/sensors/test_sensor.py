"""The sensor waits for a task that something else submitted."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest

from airflow_provider_kling.compat import default_deferrable
from airflow_provider_kling.exceptions import (
    KlingNotFoundError,
    KlingPermissionError,
    KlingRequestError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.models import VideoO1Request
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, fire, run

pytestmark = pytest.mark.contract


ARGUMENTS: list[dict[str, Any]] = [{}, {"deferrable": True}, {"deferrable": False}]
RUNNING = {"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}


def submit() -> str:
    with KlingHook() as hook:
        return hook.submit(VideoO1Request(prompt="A paper boat", mode="std", duration=5)).task_id


def sensor(task_id: str, **arguments: Any) -> KlingTaskSensor:
    return KlingTaskSensor(task_id="wait", kling_task_id=task_id, **arguments)


@pytest.mark.parametrize("deferrable", [True, False])
def test_it_returns_the_result_of_a_task_submitted_elsewhere(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    task_id = submit()
    result = run(sensor(task_id, deferrable=deferrable, poke_interval=0.1), task_instance)
    assert (result["task_id"], result["status"], result["model"]) == (task_id, "success", None)
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_task_that_has_already_ended_is_not_deferred(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = submit()
    sandbox.advance(3600)
    operator = sensor(task_id)
    assert operator.execute(context(operator, task_instance))["task_id"] == task_id


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_failed_task_fails_it_without_retries(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", "error": "melted"}}}])
    with pytest.raises(KlingTaskFailedError, match="melted") as caught:
        run(sensor(submit(), deferrable=deferrable, poke_interval=0.1), task_instance)
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("deferrable", [True, False])
def test_an_unknown_task_fails_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    with pytest.raises(KlingNotFoundError):
        run(sensor("task-unknown", deferrable=deferrable), task_instance)


def test_a_passed_deadline_is_a_sensor_timeout(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([RUNNING])
    with pytest.raises(KlingTimeoutError) as caught:
        run(sensor(submit(), timeout=0), task_instance)
    assert isinstance(caught.value, AirflowSensorTimeout)


def event_at_the_deadline(operator: KlingTaskSensor, ctx: Any) -> tuple[Any, dict[str, Any]]:
    """Defer a sensor and let its trigger run; return the event, and what else Airflow hands back."""
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(ctx)
    return fire(deferred.value.trigger), dict(deferred.value.kwargs or {})


def test_a_timeout_says_how_long_the_sensor_has_waited(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([RUNNING])
    operator = sensor(submit(), timeout=0)
    ctx: Any = context(operator, task_instance)
    before = time.time()
    event, kept = event_at_the_deadline(operator, ctx)
    assert before <= kept["waiting_since"] <= time.time()
    kept["waiting_since"] -= 125
    with pytest.raises(KlingTimeoutError) as caught:
        operator.execute_complete(ctx, event, **kept)
    message = re.search(r"was still running after a wait of (\d+) s \(", str(caught.value))
    assert message is not None
    assert 125 <= int(message[1]) <= 125 + (time.time() - before) + 1


def test_a_timeout_claims_no_wait_where_airflow_hands_back_the_event_alone(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    """``dag.test()`` drops the rest."""
    sandbox.faults([RUNNING])
    operator = sensor(submit(), timeout=0)
    ctx: Any = context(operator, task_instance)
    event, _ = event_at_the_deadline(operator, ctx)
    with pytest.raises(KlingTimeoutError, match=r"was still running at the deadline \("):
        operator.execute_complete(ctx, event)


def test_a_task_that_ended_after_the_last_poll_is_a_result_all_the_same(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{**RUNNING, "times": 2}])  # for the sensor itself, and for its trigger
    operator = sensor(submit(), timeout=0)
    ctx: Any = context(operator, task_instance)
    event, kept = event_at_the_deadline(operator, ctx)
    assert event["status"] == "timeout"
    sandbox.advance(3600)
    assert operator.execute_complete(ctx, event, **kept)["status"] == "success"


def test_soft_fail_skips_on_a_passed_deadline(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([RUNNING])
    operator = sensor(submit(), timeout=0, soft_fail=True)
    ctx: Any = context(operator, task_instance)
    event, kept = event_at_the_deadline(operator, ctx)
    with pytest.raises(AirflowSkipException):
        operator.resume_execution("execute_complete", {"event": event, **kept}, ctx)


def test_an_error_that_passes_only_delays_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    task_id = submit()
    sandbox.faults([{"method": "GET", "times": 3, "action": {"status": 503}}])
    operator = sensor(task_id, deferrable=False, poke_interval=0.05)
    assert run(operator, task_instance)["task_id"] == task_id


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_rejected_key_fails_it_at_once(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    task_id = submit()
    sandbox.faults([{"method": "GET", "times": None, "action": {"status": 403}}])
    with pytest.raises(KlingPermissionError) as caught:
        run(sensor(task_id, deferrable=deferrable, poke_interval=0.05), task_instance)
    assert isinstance(caught.value, AirflowFailException)
    assert sandbox.stats()["polls"] == 1


def test_it_submits_nothing(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    run(sensor(submit()), task_instance)
    assert [entry["method"] for entry in sandbox.requests()].count("POST") == 1


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("attribute", "field", "rendered"),
    [
        *(
            ("kling_task_id", "kling_task_id", odd)
            for odd in (["t"], " task-1", "None", None, "", 7, "a/../b")
        ),
        *(("output_uri", "output", odd) for odd in ("clips", "None", 5, ["s3://a"], "https://a.example/x")),
        ("conn_id", "conn_id", 5),
    ],
)
def test_what_a_template_renders_to_is_checked_before_the_first_poll(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    deferrable: bool,
    attribute: str,
    field: str,
    rendered: object,
) -> None:
    operator = sensor("task-1", output="file:///nowhere", deferrable=deferrable)
    setattr(operator, attribute, rendered)  # as Airflow renders it
    with pytest.raises(KlingRequestError, match=f"- {field}: ") as caught:
        run(operator, task_instance)
    assert isinstance(caught.value, AirflowFailException)
    assert "may still run" not in str(caught.value)
    assert sandbox.stats()["polls"] == 0


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(
            (name, odd)
            for name in ("timeout", "poke_interval", "max_wait")
            for odd in (inf, nan, 1e15, 10**400, -1, "soon", "1e999", True, [60], timedelta.max)
        ),
        *(
            (name, odd)
            for name in ("soft_fail", "never_fail", "silent_fail", "exponential_backoff")
            for odd in ("maybe", 2, [], ["true"])
        ),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_argument_of_every_sensor_that_makes_no_sense_fails_the_import(name: str, odd: object) -> None:
    with pytest.raises(KlingRequestError, match=f"{name}: must be"):
        sensor("task-1", **{name: odd})


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("0", False), ("true", True), (True, True)])
def test_a_switch_of_every_sensor_is_what_its_text_says(written: object, meant: bool) -> None:
    assert sensor("task-1", soft_fail=written).soft_fail is meant


@pytest.mark.parametrize("written", [90, 90.0, "90", timedelta(seconds=90)])
def test_a_time_of_every_sensor_is_seconds_or_a_timedelta(written: Any) -> None:
    made = sensor("task-1", timeout=written, poke_interval=written, max_wait=written)
    assert (made.timeout, made.poke_interval, made.max_wait) == (90, 90, timedelta(seconds=90))


def test_an_argument_of_every_sensor_that_is_none_is_airflows_default() -> None:
    names = ("timeout", "poke_interval", "soft_fail")
    made = sensor("task-1", timeout=None, max_wait=None)
    assert [getattr(made, name) for name in names] == [getattr(sensor("task-1"), name) for name in names]


def test_its_waits_are_airflows_default_only_where_somebody_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    for value in (None, "true", "false"):
        default_deferrable.cache_clear()
        with monkeypatch.context() as patch:
            if value is not None:
                patch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", value)
            made[value] = [sensor("t", **given).deferrable for given in ARGUMENTS]
    default_deferrable.cache_clear()
    assert made == {
        None: [True, True, False],
        "true": [True, True, False],
        "false": [False, True, False],
    }


def test_what_is_not_known_of_a_result_is_left_out_of_the_log(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    result = run(sensor(submit()), task_instance)
    assert result["model"] is None
    (line,) = [record.getMessage() for record in caplog.records if "is finished" in record.getMessage()]
    assert line.endswith(f"is finished: {result['elapsed_s']} s, {result['cost_usd']} USD")
