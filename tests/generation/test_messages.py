"""The message of a failed Airflow task: what became of the task, its bill, and what a retry does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import (
    KlingError,
    KlingMediaError,
    KlingMinBalanceError,
    KlingModerationError,
    KlingNotFoundError,
    KlingServerError,
    KlingTaskFailedError,
)
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.generation.test_durability import change_record, crash_after_submitting
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract

DOWN = {"status": 503}


@pytest.fixture(autouse=True)
def _no_repeated_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)


def message(task_instance: FakeTaskInstance, error: type[KlingError], **arguments: Any) -> str:
    with pytest.raises(error) as failed:
        run(video(**arguments), task_instance)
    return str(failed.value)


def test_a_recorded_task_that_cannot_be_read_may_be_billed(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = crash_after_submitting(task_instance)
    sandbox.faults([{"method": "GET", "times": None, "action": DOWN}])
    assert message(task_instance, KlingServerError).endswith(
        f"Task {task_id} was submitted before, and may still run and be billed. Nothing was submitted again; "
        "the next try of this Airflow task reads the same task."
    )


def test_a_balance_that_cannot_be_read_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"path": "*/balance", "action": DOWN}])
    assert message(task_instance, KlingServerError, min_balance=1).endswith(
        "It was read because of min_balance; nothing was submitted or billed."
    )
    assert sandbox.requests("POST") == []


def test_a_balance_that_is_too_low_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    assert "Nothing was submitted or billed" in message(task_instance, KlingMinBalanceError, min_balance=1000)
    assert sandbox.requests("POST") == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_file_store_that_is_down_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, method: str
) -> None:
    Image.new("RGB", (320, 320), "teal").save(tmp_path / "still.png")
    sandbox.faults([{"method": method, "path": "/api/v1/media/files", "action": DOWN}])
    images = [f"file://{tmp_path}/still.png"]
    assert message(task_instance, KlingServerError, images=images, upload="always").endswith(
        "It was for a file of the request; nothing was submitted or billed."
    )
    assert sandbox.stats()["submissions_accepted"] == 0


def test_a_stored_copy_that_cannot_be_checked_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = f"file://{tmp_path}/boat.mp4"
    run(video(output=output), task_instance)
    task_instance.clear()

    def broken(*_: object) -> bool:
        raise KlingMediaError("the bucket does not answer")

    monkeypatch.setattr("airflow_provider_kling.generation.files.exists", broken)
    told = message(task_instance, KlingMediaError, output=output)
    assert "unknown whether the result of an earlier try is still stored. Nothing was submitted again" in told
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.parametrize(
    ("failure", "error", "is_submitted_again"),
    [
        ("out of memory", KlingTaskFailedError, True),
        ({"code": 1301, "message": "risk control"}, KlingModerationError, False),
    ],
)
def test_a_failed_task_says_whether_a_retry_submits_again(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    failure: object,
    error: type[KlingError],
    is_submitted_again: bool,
) -> None:
    sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", "error": failure}}}])
    told = message(task_instance, error)
    assert "It has ended" in told
    assert ("A retry of this Airflow task submits the request again" in told) is is_submitted_again
    assert ("would reject the same content again" in told) is not is_submitted_again


def test_a_task_that_is_not_found_promises_no_retry(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = crash_after_submitting(task_instance)
    operator = video()
    sandbox.reset()
    event = {"status": "error", "reason": "not_found", "task_id": task_id}
    with pytest.raises(KlingNotFoundError) as failed:
        operator.execute_complete(context(operator, task_instance), event=event)
    assert "this Airflow task is not retried" in str(failed.value)
    assert "next try" not in str(failed.value)


# -- what the log says about the former submission when another one is sent -------------------------


def change_prompt(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    return {"prompt": "A paper plane"}


def fail_at_service(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    failed = {"code": 0, "data": {"task_id": "task-1", "status": "failed"}}
    change_record(task_instance, task_id="task-1")
    sandbox.faults([{"method": "GET", "action": {"body": failed}}])
    return {}


def expire(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    change_record(task_instance, task_id="task-1", intent_at=time.time() - 8 * 24 * 3600)
    return {}


def leave_intent(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    change_record(task_instance, phase="intent", task_id=None)
    return {"on_unknown_submission": "resubmit"}


def fail_on_record(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    change_record(task_instance, phase="failed")
    return {}


def finish_and_clear(task_instance: FakeTaskInstance, sandbox: SandboxProcess) -> dict[str, Any]:
    run(video(), task_instance)
    task_instance.clear()
    return {"on_rerun": "regenerate"}


FORMER: dict[str, Callable[[FakeTaskInstance, SandboxProcess], dict[str, Any]]] = {
    "was submitted before, for a request that has changed since": change_prompt,
    "has failed at the service": fail_at_service,
    "does not know task task-1, or no longer": expire,
    "is unknown, and on_unknown_submission='resubmit' accepts that both may be billed": leave_intent,
    "The former submission": fail_on_record,
    "is finished and was paid for": finish_and_clear,
}


@pytest.mark.parametrize("told", FORMER)
def test_the_log_says_why_a_request_is_submitted_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture, told: str
) -> None:
    crash_after_submitting(task_instance)
    arguments = FORMER[told](task_instance, sandbox)
    assert run(video(**arguments), task_instance)["status"] == "success"
    (line,) = [one.getMessage() for one in caplog.records if "Submitting again." in one.getMessage()]
    assert told in line
