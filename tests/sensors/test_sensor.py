"""The sensor waits for a task that something else submitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingTaskFailedError, KlingTimeoutError
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.models import VideoO1Request
from airflow_provider_kling.sandbox.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, fire, poll_often, run

pytestmark = pytest.mark.contract


@pytest.fixture
def sandbox(
    kling_sandbox: SandboxProcess, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> SandboxProcess:
    connect(host=kling_sandbox.url, password=kling_sandbox.api_key)
    poll_often(monkeypatch)
    return kling_sandbox


def submit() -> str:
    with KlingHook() as hook:
        return hook.submit(VideoO1Request(prompt="A paper boat", mode="std", duration=5)).task_id


def sensor(task_id: str, **arguments: Any) -> KlingTaskSensor:
    return KlingTaskSensor(task_id="watch", kling_task_id=task_id, **arguments)


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
    with pytest.raises(KlingTaskFailedError, match="melted") as failed:
        run(sensor(submit(), deferrable=deferrable, poke_interval=0.1), task_instance)
    assert isinstance(failed.value, AirflowFailException)


@pytest.mark.parametrize("deferrable", [True, False])
def test_an_unknown_task_fails_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    with pytest.raises(KlingNotFoundError):
        run(sensor("task-unknown", deferrable=deferrable), task_instance)


def test_a_passed_deadline_is_a_sensor_timeout(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}])
    with pytest.raises(KlingTimeoutError) as late:
        run(sensor(submit(), timeout=0), task_instance)
    assert isinstance(late.value, AirflowSensorTimeout)


def test_soft_fail_skips_on_a_passed_deadline(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}])
    operator = sensor(submit(), timeout=0, soft_fail=True)
    ctx: Any = context(operator, task_instance)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(ctx)
    event = {"event": fire(deferred.value.trigger), **(deferred.value.kwargs or {})}
    with pytest.raises(AirflowSkipException):
        operator.resume_execution(deferred.value.method_name, event, ctx)


def test_trouble_that_passes_only_delays_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    task_id = submit()
    sandbox.faults([{"method": "GET", "times": 3, "action": {"status": 503}}])
    operator = sensor(task_id, deferrable=False, poke_interval=0.05)
    assert run(operator, task_instance)["task_id"] == task_id
