"""What Airflow's pages are told of a generation on its way, and of one that fails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import mask_secret

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.summary import Summary
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract


def told(task_instance: FakeTaskInstance) -> Summary:
    summary = Summary.read(task_instance.xcoms["kling_summary"])
    assert summary is not None
    return summary


def defer(operator: Any, task_instance: FakeTaskInstance) -> None:
    """Run a task until it waits in the triggerer."""
    with pytest.raises(TaskDeferred):
        operator.execute(context(operator, task_instance))


def test_a_running_generation_is_told_with_its_usual_time(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    before = time.time()
    defer(video(), task_instance)
    summary = told(task_instance)
    assert (summary.prompt, summary.model, summary.task_id) == (
        "A paper boat",
        "kling-video-o1",
        task_instance.xcoms["kling_task_id"],
    )
    assert summary.submitted_at is not None
    assert before <= summary.submitted_at.timestamp() <= time.time()
    assert summary.expected_s is not None
    assert (summary.results, summary.error) == (0, None)


def test_a_task_that_waits_for_capacity_has_no_task_at_the_service_yet(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "times": 20, "action": {"status": 429}}])
    defer(video(), task_instance)
    assert (told(task_instance).prompt, told(task_instance).task_id) == ("A paper boat", None)


def test_a_failed_generation_is_told_with_its_error(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    failed = {"status": "failed", "error": {"code": "77", "message": "no"}}
    sandbox.faults([{"method": "GET", "times": None, "action": {"task": failed}}])
    with pytest.raises(KlingError) as caught:
        run(video(), task_instance)
    summary = told(task_instance)
    assert summary.error is not None
    assert summary.error[:80] == str(caught.value)[:80]
    assert summary.task_id == task_instance.xcoms["kling_task_id"]


def test_a_rejected_request_is_told_with_its_error(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": {"status": 400}}])
    with pytest.raises(KlingError):
        run(video(), task_instance)
    assert told(task_instance).task_id is None
    assert "nothing is billed" in str(told(task_instance).error)


def test_an_error_is_the_tasks_own_also_where_it_cannot_be_told(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(key: str, value: object) -> None:
        raise RuntimeError("the API server is away")

    sandbox.faults([{"method": "POST", "action": {"status": 400}}])
    monkeypatch.setattr(task_instance, "xcom_push", broken)
    with pytest.raises(KlingError, match="rejected"):
        run(video(), task_instance)


def test_what_is_made_of_clips_is_told_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    clip = run(video(output=f"file://{tmp_path}/clip.mp4"), task_instance)
    operators = {
        "2 videos joined": VideoConcatOperator(
            task_id="film", clips=[clip["uri"], clip["uri"]], output=f"file://{tmp_path}/film.mp4"
        ),
        "Frame of clip.mp4": VideoFrameOperator(
            task_id="frame", source=clip["uri"], output=f"file://{tmp_path}/frame.png"
        ),
    }
    for title, operator in operators.items():
        task_instance.xcoms.clear()
        made = run(operator, task_instance)
        summary = told(task_instance)
        assert (summary.title, summary.uri, summary.results) == (title, made["uri"], 1)
        assert (summary.width, summary.height) == (made["width"], made["height"])
        assert summary.has_poster is (made.get("poster_uri") is not None)


def test_a_download_and_a_wait_are_told_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = run(video(), task_instance)
    link = told(task_instance)
    assert (link.url, link.uri) == (made["url"], None)
    for operator in (
        KlingDownloadOperator(task_id="get", source=made, output=f"file://{tmp_path}/a.mp4"),
        KlingTaskSensor(task_id="wait", kling_task_id=made["task_id"], output=f"file://{tmp_path}/b.mp4"),
    ):
        task_instance.xcoms.clear()
        result = run(operator, task_instance)
        assert (told(task_instance).task_id, told(task_instance).uri) == (made["task_id"], result["uri"])


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_paid_generation_does_not_fail_because_it_cannot_be_shown(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    deferrable: bool,
) -> None:
    push = task_instance.xcom_push

    def refused(key: str, value: object) -> None:
        if key == "kling_summary":
            raise RuntimeError("the database takes no such text")
        push(key, value)

    monkeypatch.setattr(task_instance, "xcom_push", refused)
    assert run(video(deferrable=deferrable), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_masked_value_is_not_in_what_pages_show(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    mask_secret("hunter2-hunter2")
    defer(video(prompt="A boat named hunter2-hunter2"), task_instance)
    assert told(task_instance).prompt == "A boat named ***"
