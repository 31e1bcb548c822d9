"""One logical task pays once: over retries, crashes, restarts and clears, blocking or deferred."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, Variable

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import (
    KlingJournalError,
    KlingMediaError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingServerError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.journal.journal import variable_name
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.operators.kling import KlingVideoOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract

both_ways = pytest.mark.parametrize("deferrable", [True, False])


def crash_after_submitting(task_instance: FakeTaskInstance, **arguments: Any) -> str:
    """Run a try until it has deferred, and let it end there; return the task's id."""
    operator = video(**arguments)
    with pytest.raises(TaskDeferred):
        operator.execute(context(operator, task_instance))
    task_id = str(task_instance.xcoms["kling_task_id"])
    task_instance.retry()
    return task_id


def record(task_instance: FakeTaskInstance) -> dict[str, Any]:
    return dict(task_instance.store.get("kling"))


def change_record(task_instance: FakeTaskInstance, **fields: Any) -> None:
    """Change both records, as somebody does by hand."""
    task_instance.store.set("kling", {**record(task_instance), **fields})
    name = variable_name(LogicalTask(task_instance.dag_id, task_instance.run_id, task_instance.task_id))
    if (copy := compat.read_variable(name)) is not None:
        Variable.set(name, json.dumps({**json.loads(copy), **fields}))


# -- re-attaching ---------------------------------------------------------------------------------


@both_ways
def test_a_retry_waits_for_the_task_it_finds_on_record(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    task_id = crash_after_submitting(task_instance)
    result = run(video(deferrable=deferrable), task_instance)
    assert (result["task_id"], result["try_number"], result["reused"]) == (task_id, 2, False)
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_cleared_task_waits_for_the_task_it_finds_on_record(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = crash_after_submitting(task_instance)
    task_instance.clear()
    assert run(video(), task_instance)["task_id"] == task_id
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_task_that_finished_meanwhile_is_not_deferred(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = crash_after_submitting(task_instance)
    sandbox.advance(3600)
    operator = video()
    result = operator.execute(context(operator, task_instance))
    assert result["task_id"] == task_id
    assert task_instance.xcoms["kling_task_id"] == task_id, "XComs of the former try are gone"


def test_the_record_holds_no_key_and_the_prompt_only_where_a_sidecar_will_tell_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    run(video(prompt="A very secret boat"), task_instance)
    stored = json.dumps(task_instance.store.values)
    assert sandbox.api_key not in stored
    assert "secret boat" not in stored
    other = FakeTaskInstance()
    run(video(prompt="A very secret boat", output=f"file://{tmp_path}"), other)
    stored = json.dumps(other.store.values)
    assert sandbox.api_key not in stored
    assert "secret boat" in stored


def test_a_changed_request_is_submitted_anew_and_the_former_is_named(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture
) -> None:
    former = crash_after_submitting(task_instance)
    result = run(video(prompt="A paper plane"), task_instance)
    assert result["task_id"] != former
    assert sandbox.stats()["submissions_accepted"] == 2
    (told,) = [entry.getMessage() for entry in caplog.records if former in entry.getMessage()][-1:]
    assert former in caplog.text
    assert "is billed" in caplog.text
    assert told


@both_ways
def test_a_failed_task_is_submitted_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", "error": "melted"}}}])
    with pytest.raises(KlingTaskFailedError):
        run(video(deferrable=deferrable), task_instance)
    assert record(task_instance)["phase"] == "failed", "nobody has to ask the service again"
    task_instance.retry()
    assert run(video(deferrable=deferrable), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 2


def test_a_read_that_fails_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_after_submitting(task_instance)
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    sandbox.faults([{"method": "GET", "times": None, "action": {"status": 503}}])
    with pytest.raises(KlingServerError) as failed:
        run(video(), task_instance)
    assert not isinstance(failed.value, AirflowFailException), "a retry reads it again"
    assert len(sandbox.requests("POST")) == 1


def test_a_task_that_the_service_should_know_but_does_not_is_left_to_a_person(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    crash_after_submitting(task_instance)
    change_record(task_instance, task_id="task-of-another-key")
    with pytest.raises(KlingNotFoundError, match="has the key of 'kling_default' changed") as missing:
        run(video(), task_instance)
    assert isinstance(missing.value, AirflowFailException)
    assert len(sandbox.requests("POST")) == 1


def test_a_task_older_than_the_service_keeps_any_is_submitted_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    crash_after_submitting(task_instance)
    week = 7 * 24 * 3600
    change_record(task_instance, task_id="task-long-gone", intent_at=time.time() - week - 1)
    assert run(video(), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 2


def test_the_record_says_how_the_request_was_written(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, connect: Callable[..., None]
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"api_version": "2026-08"})
    crash_after_submitting(task_instance)
    assert record(task_instance)["gateway"] == "modellix 2026-08"


@pytest.mark.parametrize(
    "event", [None, {"status": "success", "reason": "finished", "task_id": "task-other"}]
)
def test_an_event_that_is_not_ours_keeps_the_record(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, event: object
) -> None:
    task_id = crash_after_submitting(task_instance)
    operator = video()
    with pytest.raises(KlingProtocolError, match="The record is kept"):
        operator.execute_complete(context(operator, task_instance), event=event)
    assert (record(task_instance)["phase"], record(task_instance)["task_id"]) == ("submitted", task_id)


# -- the deadline ---------------------------------------------------------------------------------


@both_ways
def test_a_retry_after_the_deadline_waits_for_the_same_task(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, deferrable: bool
) -> None:
    with pytest.raises(KlingTimeoutError, match="The record is kept") as late:
        run(video(timeout=0, deferrable=deferrable), task_instance)
    task_instance.retry()
    result = run(video(timeout=0, deferrable=deferrable), task_instance)
    assert result["task_id"] == late.value.task_id
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_retry_before_the_deadline_gets_no_fresh_budget(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    crash_after_submitting(task_instance, timeout=500)
    deadline = record(task_instance)["deadline"]
    assert deadline == record(task_instance)["intent_at"] + 500
    operator = video(timeout=9000)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    assert deferred.value.trigger.serialize()[1]["plan"]["deadline"] == deadline


def test_the_extra_wait_is_kept_on_record_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    crash_after_submitting(task_instance, timeout=0)
    operator = video(timeout=0)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    deadline = deferred.value.trigger.serialize()[1]["plan"]["deadline"]
    assert deadline == record(task_instance)["deadline"]
    assert 590 < deadline - time.time() <= 600


# -- unknown outcomes -----------------------------------------------------------------------------


def lose_the_answer(sandbox: SandboxProcess, task_instance: FakeTaskInstance, **arguments: Any) -> str:
    """Let a submission take effect and its answer get lost; return what the error says."""
    sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    with pytest.raises(KlingSubmissionUnknownError) as unknown:
        run(video(**arguments), task_instance)
    assert isinstance(unknown.value, AirflowFailException), "no retries are used up"
    return str(unknown.value)


def test_a_lost_answer_is_never_sent_again_by_itself(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    lose_the_answer(sandbox, task_instance)
    for begin in (task_instance.retry, task_instance.clear):
        begin()
        with pytest.raises(KlingSubmissionUnknownError):
            run(video(), task_instance)
    assert len(sandbox.requests("POST")) == 1


def test_the_error_names_the_time_the_candidates_and_the_ways_on(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    told = lose_the_answer(sandbox, task_instance)
    task_id = sandbox_task(sandbox)
    sent_at = time.strftime("%Y-%m-%dT%H:", time.gmtime(record(task_instance)["intent_at"]))
    for part in (sent_at, task_id, "/state-store/kling", "PATCH", "clear", "'resubmit'"):
        assert part in told


def test_an_adopted_task_is_waited_for(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    lose_the_answer(sandbox, task_instance)
    change_record(task_instance, task_id=sandbox_task(sandbox))
    task_instance.clear()
    assert run(video(), task_instance)["task_id"] == sandbox_task(sandbox)
    assert sandbox.stats()["submissions_accepted"] == 1


def test_who_accepts_to_pay_twice_may_submit_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture
) -> None:
    lose_the_answer(sandbox, task_instance)
    task_instance.clear()
    assert run(video(on_unknown_submission="resubmit"), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 2
    assert "accepts that both may be billed" in caplog.text


def test_who_accepts_to_pay_twice_gets_it_by_a_retry_as_well(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    with pytest.raises(
        KlingSubmissionUnknownError, match="a retry submits again, and may pay twice"
    ) as unknown:
        run(video(on_unknown_submission="resubmit"), task_instance)
    assert not isinstance(unknown.value, AirflowFailException)
    task_instance.retry()
    assert run(video(on_unknown_submission="resubmit"), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 2


def test_a_log_that_cannot_be_read_changes_nothing_but_the_message(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_kling.http.retry.RetryPolicy.delay", lambda *_, **__: None)
    sandbox.faults([{"method": "GET", "path": "/api/v1/logs", "times": None, "action": {"status": 500}}])
    assert "request log could not be read" in lose_the_answer(sandbox, task_instance)
    assert len(sandbox.requests("POST")) == 1


def sandbox_task(sandbox: SandboxProcess) -> str:
    """Return the id of the one task there is, as the service's log has it."""
    import httpx

    answer = httpx.get(
        f"{sandbox.url}/api/v1/logs", headers={"Authorization": f"Bearer {sandbox.api_key}"}
    ).json()
    (entry,) = answer["requests"]
    return str(entry["task_id"])


# -- the record itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["get", "set"])
def test_a_store_that_does_not_work_submits_nothing(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the API server is down")

    monkeypatch.setattr(task_instance.store, broken, fail)
    with pytest.raises(KlingJournalError, match="nothing was submitted now") as unreadable:
        run(video(), task_instance)
    assert not isinstance(unreadable.value, AirflowFailException), "a retry reads it again"
    assert sandbox.requests("POST") == []


def test_a_record_of_a_later_release_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_instance.store.set("kling", {"version": 99})
    with pytest.raises(KlingJournalError, match="version 99") as refused:
        run(video(), task_instance)
    assert isinstance(refused.value, AirflowFailException)
    assert sandbox.requests("POST") == []


def test_an_id_that_could_not_be_recorded_is_told_and_the_task_goes_on(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = task_instance.store.set

    def fail_once_submitted(key: str, value: Any, **options: Any) -> None:
        if value["phase"] == "submitted":
            raise RuntimeError("the API server is down")
        store(key, value, **options)

    monkeypatch.setattr(task_instance.store, "set", fail_once_submitted)
    result = run(video(), task_instance)
    assert result["task_id"] in caplog.text
    assert record(task_instance)["phase"] == "finished"


# -- running again after a success ----------------------------------------------------------------


def test_clearing_a_success_returns_the_recorded_result_for_nothing(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    output = f"file://{tmp_path}/boat.mp4"
    first = run(video(output=output), task_instance)
    asked = len(sandbox.requests())
    task_instance.clear()
    again = run(video(output=output), task_instance)
    assert again == {**first, "try_number": 2, "reused": True}
    assert len(sandbox.requests()) == asked, "the service is not even asked"
    assert "REUSED" in caplog.text
    assert "on_rerun='regenerate'" in caplog.text
    assert task_instance.xcoms["kling_task_id"] == first["task_id"]


def test_who_wants_a_new_one_at_each_clear_gets_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    first = run(video(on_rerun="regenerate"), task_instance)
    task_instance.clear()
    second = run(video(on_rerun="regenerate"), task_instance)
    assert second["task_id"] != first["task_id"]
    assert sandbox.stats()["submissions_accepted"] == 2


def test_a_crash_after_the_end_is_no_clear_and_pays_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    first = run(video(on_rerun="regenerate"), task_instance)
    task_instance.retry()
    assert run(video(on_rerun="regenerate"), task_instance)["task_id"] == first["task_id"]
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_lost_copy_is_fetched_again_as_long_as_the_service_has_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    output = f"file://{tmp_path}/boat.mp4"
    first = run(video(output=output), task_instance)
    (tmp_path / "boat.mp4").unlink()
    task_instance.clear()
    again = run(video(output=output), task_instance)
    assert (again["sha256"], again["reused"]) == (first["sha256"], True)
    assert (tmp_path / "boat.mp4").exists()
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_result_of_which_nothing_is_left_is_made_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    first = run(video(), task_instance)
    result = {**first, "expires_at": "2020-01-01T00:00:00+00:00"}
    change_record(task_instance, result=result, task_id="task-expired")
    task_instance.clear()
    assert run(video(), task_instance)["task_id"] != first["task_id"]
    assert sandbox.stats()["submissions_accepted"] == 2


def after_days(
    days: float, sandbox: SandboxProcess, task_instance: FakeTaskInstance, output: str
) -> KlingVideoOperator:
    """Let a task be cleared whose copy is gone, and whose links at the service are dead."""
    run(video(output=output), task_instance)
    Path(output.removeprefix("file://")).unlink()
    change_record(task_instance, intent_at=time.time() - days * 86_400)
    sandbox.faults([{"method": "GET", "path": "/results/*", "times": 2, "action": {"status": 403}}])
    task_instance.clear()
    return video(output=output)


def test_a_result_that_the_service_keeps_no_longer_is_made_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    again = after_days(8, sandbox, task_instance, f"file://{tmp_path}/boat.mp4")
    assert run(again, task_instance)["reused"] is False
    assert (tmp_path / "boat.mp4").exists()
    assert sandbox.stats()["submissions_accepted"] == 2


def test_a_result_that_the_service_should_still_have_is_not_paid_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    again = after_days(6, sandbox, task_instance, f"file://{tmp_path}/boat.mp4")
    with pytest.raises(KlingMediaError, match="on_rerun='regenerate', and clear this Airflow task"):
        run(again, task_instance)
    assert sandbox.stats()["submissions_accepted"] == 1
    task_instance.retry()
    assert run(again, task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 1


# -- being killed ---------------------------------------------------------------------------------


def test_being_killed_tells_the_truth_about_the_task(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = video(deferrable=False)

    def killed(*_: Any) -> None:
        operator.on_kill()

    monkeypatch.setattr("airflow_provider_kling.hooks.kling.KlingHook.poll_task", killed)
    caplog.set_level(logging.WARNING)
    with pytest.raises(SystemExit):
        operator.execute(context(operator, task_instance))
    assert f"Task {task_instance.xcoms['kling_task_id']} cannot be cancelled" in caplog.text
    assert record(task_instance)["phase"] == "submitted"


def test_being_killed_while_a_submission_is_sent_ends_the_try_once_it_is_recorded(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, begin = video(), ResponseReader.begin

    def killed(self: ResponseReader, *response: Any) -> None:
        operator.on_kill()
        begin(self, *response)

    monkeypatch.setattr(ResponseReader, "begin", killed)
    with pytest.raises(SystemExit):
        operator.execute(context(operator, task_instance))
    assert record(task_instance)["phase"] == "submitted"
    assert sandbox.stats()["submissions_accepted"] == 1


def test_an_execution_timeout_ends_the_try_itself(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = video(deferrable=False)

    def overdue(*_: Any) -> None:
        try:
            raise AirflowTaskTimeout  # noqa: TRY301  - Airflow raises it from a signal
        except AirflowTaskTimeout:
            operator.on_kill()
            raise

    monkeypatch.setattr("airflow_provider_kling.hooks.kling.KlingHook.poll_task", overdue)
    with pytest.raises(AirflowTaskTimeout):
        operator.execute(context(operator, task_instance))


def test_being_killed_before_a_submission_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    video().on_kill()
    assert caplog.text == ""
