"""A generation that goes wrong: the right error, one submission, and the truth about the bill."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingBadRequestError,
    KlingError,
    KlingModerationError,
    KlingProtocolError,
    KlingServerError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, fire, run, video

pytestmark = pytest.mark.contract

FAULTS: list[tuple[Mapping[str, Any], type[KlingError], int]] = [
    ({"status": 400}, KlingBadRequestError, 0),
    ({"status": 422}, KlingBadRequestError, 0),
    ({"status": 408}, KlingSubmissionUnknownError, 0),
    ({"status": 500}, KlingSubmissionUnknownError, 0),
    ({"status": 503, "body": "<html>busy</html>"}, KlingSubmissionUnknownError, 0),
    ({"drop": "before"}, KlingSubmissionUnknownError, 0),
    ({"drop": "after"}, KlingSubmissionUnknownError, 1),
    ({"body": "<html>a proxy</html>"}, KlingSubmissionUnknownError, 1),
    ({"truncate": 20}, KlingSubmissionUnknownError, 1),
]


@pytest.mark.parametrize(
    ("action", "error", "accepted"), FAULTS, ids=[json.dumps(fault[0]) for fault in FAULTS]
)
def test_a_submission_is_sent_exactly_once_whatever_comes_back(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    action: Mapping[str, Any],
    error: type[KlingError],
    accepted: int,
) -> None:
    sandbox.faults([{"method": "POST", "times": None, "action": action}])
    with pytest.raises(error) as raised:
        run(video(), task_instance)
    assert len(sandbox.requests("POST")) == 1
    assert sandbox.stats()["submissions_accepted"] == accepted
    assert isinstance(raised.value, AirflowFailException) is not error.retryable


def test_a_slow_answer_is_waited_for_and_not_asked_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": {"delay_s": 1.0}}])
    assert run(video(), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 1


def test_an_answer_that_never_comes_leaves_the_outcome_unknown(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, connect: Callable[..., None]
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"request_timeout": 0.3})
    sandbox.faults([{"method": "POST", "action": {"delay_s": 2.0}}])
    with pytest.raises(KlingSubmissionUnknownError, match="may be running at the service and be billed"):
        run(video(), task_instance)
    assert len(sandbox.requests("POST")) == 1


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({}, KlingTaskFailedError),
        ({"error": "out of memory"}, KlingTaskFailedError),
        ({"error": {"code": 1301, "message": "risk control"}}, KlingModerationError),
    ],
)
def test_a_failed_task_fails_by_its_kind(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    failure: dict[str, Any],
    error: type[KlingError],
    deferrable: bool,
) -> None:
    sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", **failure}}}])
    with pytest.raises(error) as failed:
        run(video(deferrable=deferrable), task_instance)
    assert type(failed.value).__name__ == error.__name__
    assert isinstance(failed.value, AirflowFailException) is not error.retryable
    assert task_instance.xcoms["kling_task_id"] in str(failed.value)


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_passed_deadline_tells_the_tasks_fate(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    with pytest.raises(
        KlingTimeoutError, match="goes on at the service, may still finish, and is then billed"
    ):
        run(video(timeout=0, deferrable=deferrable), task_instance)


def test_a_task_that_finished_while_nobody_looked_is_a_success(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    operator = video(timeout=0)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    sandbox.advance(3600)
    event = fire(deferred.value.trigger)
    assert event["status"] == "success"


def test_the_service_has_the_last_word_over_a_late_event(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    operator = video()
    ctx = context(operator, task_instance)
    with pytest.raises(TaskDeferred):
        operator.execute(ctx)
    task_id = task_instance.xcoms["kling_task_id"]
    sandbox.advance(3600)
    late = {"status": "timeout", "reason": "deadline", "task_id": task_id}
    assert operator.execute_complete(ctx, event=late)["task_id"] == task_id


@pytest.mark.parametrize(
    "event",
    [
        None,
        "success",
        {},
        {"status": "success"},
        {"status": "success", "reason": "finished", "task_id": ""},
        {"status": "success", "reason": "deadline", "task_id": "task-1"},
        {"status": "splendid", "reason": "finished", "task_id": "task-1"},
        {"status": "success", "reason": "splendid", "task_id": "task-1"},
    ],
)
def test_an_event_that_is_not_ours_fails_closed(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, event: object
) -> None:
    operator = video()
    with pytest.raises(KlingProtocolError, match="may still run at the service and be billed"):
        operator.execute_complete(context(operator, task_instance), event=event)


def test_a_success_without_a_link_fails_closed(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    operator = video()
    ctx = context(operator, task_instance)
    with pytest.raises(TaskDeferred):
        operator.execute(ctx)
    task_id = task_instance.xcoms["kling_task_id"]
    empty = {"code": 0, "message": "success", "data": {"status": "success", "task_id": task_id}}
    sandbox.faults([{"method": "GET", "action": {"body": json.dumps(empty)}}])
    event = {"status": "success", "reason": "finished", "task_id": task_id}
    with pytest.raises(KlingProtocolError, match="no link"):
        operator.execute_complete(ctx, event=event)


def test_trouble_at_the_end_tells_the_tasks_fate(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = video()
    ctx = context(operator, task_instance)
    with pytest.raises(TaskDeferred):
        operator.execute(ctx)
    task_id = task_instance.xcoms["kling_task_id"]
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    sandbox.faults([{"method": "GET", "times": None, "action": {"status": 503}}])
    event = {"status": "success", "reason": "finished", "task_id": task_id}
    with pytest.raises(KlingServerError, match=f"Task {task_id} may still run"):
        operator.execute_complete(ctx, event=event)
