"""The generating operators against the sandbox: what is sent, and what comes back."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset

from airflow_provider_kling.exceptions import (
    KlingBadRequestError,
    KlingError,
    KlingMediaError,
    KlingRequestError,
)
from airflow_provider_kling.operators.kling import (
    KlingDownloadOperator,
    KlingGenerateOperator,
)
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import API_KEY, FakeTaskInstance
from tests.task_runner import context, poll_often, run, video

pytestmark = pytest.mark.contract

RESULT_KEYS = {
    "task_id", "model", "status", "conn_id", "url", "uri", "poster_uri", "type", "width", "height", "format",
    "duration_s", "bytes", "sha256", "resources", "submitted_at", "finished_at", "elapsed_s", "expires_at",
    "cost_usd", "try_number", "reused", "fps", "codec", "has_audio", "audio_codec",
}  # fmt: skip


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_clip_is_made_paid_once_and_stored(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, deferrable: bool
) -> None:
    operator = video(deferrable=deferrable, output=f"file://{tmp_path}/out/boat.mp4")
    result = run(operator, task_instance)

    clip = tmp_path / "out" / "boat.mp4"
    assert set(result) == RESULT_KEYS
    assert result["uri"] == f"file://{clip}"
    assert result["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert result["bytes"] == clip.stat().st_size
    assert (result["width"], result["height"], result["duration_s"]) == (1280, 720, 5.0)
    assert (result["status"], result["model"], result["conn_id"]) == (
        "success",
        "kling-video-o1",
        "kling_default",
    )
    assert (result["try_number"], result["reused"]) == (1, False)
    assert result["elapsed_s"] >= 0
    assert [one["uri"] for one in result["resources"]] == [result["uri"]]
    assert sorted(path.name for path in clip.parent.iterdir()) == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
    summary = task_instance.xcoms.pop("kling_summary")
    assert task_instance.xcoms == {"kling_task_id": result["task_id"], "kling_cost_usd": result["cost_usd"]}
    same = ("task_id", "model", "uri", "width", "height", "duration_s", "cost_usd", "elapsed_s")
    assert {name: summary[name] for name in same} == {name: result[name] for name in same}
    assert (summary["prompt"], summary["has_poster"], summary["results"]) == ("A paper boat", True, 1)
    assert "url" not in summary, "whoever may read the XCom needs no signed link beside the stored copy"
    assert len(json.dumps(result)) < 4096
    assert sandbox.stats()["submissions_accepted"] == 1


def test_the_price_is_the_services_own_figure(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    # docs: pricing of 2026-08-20, 720p: $0.0869 a second.
    assert run(video(), task_instance)["cost_usd"] == "0.4345"


def test_what_the_service_does_not_tell_is_null(
    kling_sandbox_factory: Callable[..., SandboxProcess],
    connect: Callable[..., None],
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terse = kling_sandbox_factory(speed=1000, tier="1000", optional_fields="none")
    connect(host=terse.url, password=terse.api_key)
    poll_often(monkeypatch)
    result = run(video(), task_instance)
    assert set(result) == RESULT_KEYS
    assert result["url"]
    assert result["submitted_at"] is not None, "our own clock knows"
    unknown = {"width", "height", "duration_s", "bytes", "cost_usd", "finished_at", "elapsed_s", "expires_at"}
    assert {key for key in unknown if result[key] is not None} == set()
    assert "kling_cost_usd" not in task_instance.xcoms


def test_a_cover_listed_first_is_not_taken_for_the_clip(
    kling_sandbox_factory: Callable[..., SandboxProcess],
    connect: Callable[..., None],
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    covered = kling_sandbox_factory(speed=1000, tier="1000", cover=True)
    connect(host=covered.url, password=covered.api_key)
    poll_often(monkeypatch)
    result = run(video(output=f"file://{tmp_path}/out"), task_instance)
    assert [one["role"] for one in result["resources"]] == ["cover", "primary"]
    assert result["type"] == "video"
    assert result["uri"] == f"file://{tmp_path}/out/{result['task_id']}.mp4"


def test_one_step_works_on_the_clip_of_the_one_before(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    first = run(video(), task_instance)
    restyle = video(task_id="restyle", videos=[first["url"]], duration=None, prompt="As a watercolour")
    assert run(restyle, task_instance)["duration_s"] == 5.0


def test_the_generic_operator_takes_a_dict_and_a_request(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    fields = {"prompt": "A paper boat", "mode": "std", "duration": 5}
    operator = KlingGenerateOperator(task_id="make", model="kling/kling-video-o1", parameters=fields)
    assert run(operator, task_instance)["status"] == "success"
    (post,) = sandbox.requests("POST")
    assert post["body"] == fields


def test_the_same_arguments_work_under_the_newer_contract(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, connect: Callable[..., None]
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"api_version": "2026-08"})
    assert run(video(sound="off"), task_instance)["height"] == 720
    (post,) = sandbox.requests("POST")
    assert post["path"] == "/api/v1/kling/kling-video-o1-t2v"
    assert post["body"] == {"prompt": "A paper boat", "duration": 5, "audio": "off", "resolution": "720p"}


def test_a_service_that_moved_on_is_named_as_such(
    kling_sandbox_factory: Callable[..., SandboxProcess],
    connect: Callable[..., None],
    task_instance: FakeTaskInstance,
) -> None:
    newer = kling_sandbox_factory(api_version="2026-08")
    connect(host=newer.url, password=newer.api_key)
    with pytest.raises(KlingBadRequestError, match="extra `api_version` to '2026-08'") as refused:
        run(video(), task_instance)
    assert "nothing is billed" in str(refused.value)


def test_extra_parameters_are_sent_as_they_are(
    kling_sandbox_factory: Callable[..., SandboxProcess],
    connect: Callable[..., None],
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lenient = kling_sandbox_factory(speed=1000, tier="1000", allow_unknown_fields=True)
    connect(host=lenient.url, password=lenient.api_key)
    poll_often(monkeypatch)
    run(video(extra_parameters={"camera": {"zoom": 2}}), task_instance)
    (post,) = lenient.requests("POST")
    assert post["body"]["camera"] == {"zoom": 2}


def test_a_link_to_a_web_page_is_not_stored(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    sandbox.faults(
        [{"method": "GET", "path": "/results/*", "times": None, "action": {"body": "<html>" + "x" * 99}}]
    )
    with pytest.raises(KlingMediaError, match="no video"):
        run(video(output=f"file://{tmp_path}/boat.mp4"), task_instance)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_is_started_over(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    sandbox.faults([{"method": "GET", "path": "/results/*", "action": {"truncate": 5000}}])
    result = run(video(output=f"file://{tmp_path}/boat.mp4"), task_instance)
    assert (tmp_path / "boat.mp4").stat().st_size == result["bytes"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boat.jpg", "boat.mp4", "boat.mp4.json"]


def test_asset_events_carry_the_facts_but_not_the_signed_link(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    film = Asset("film", uri="x-kling://film")
    operator = video(outlets=[film], output=f"file://{tmp_path}/boat.mp4")
    ctx = context(operator, task_instance)
    result = run(operator, task_instance, outlet_events=ctx["outlet_events"])
    assert ctx["outlet_events"][film].extra == {
        key: result[key]
        for key in ("task_id", "model", "uri", "poster_uri", "duration_s", "sha256", "bytes", "cost_usd")
    }


def test_the_log_tells_what_is_asked_for_how_long_it_takes_and_what_came_of_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    result = run(video(prompt="A boat\nINFO forged", output=f"file://{tmp_path}/boat.mp4"), task_instance)
    story = [one.getMessage() for one in caplog.records if one.name.startswith("airflow_provider_kling")]
    told = "\n".join(story)
    for part in (
        "Requesting kling-video-o1: 'A boat\\nINFO forged'",
        f"as task {result['task_id']} and bills it",
        f"Waiting in the triggerer for task {result['task_id']}",
        "usually takes 60 to 300 s",
        f"{result['cost_usd']} USD, stored as {result['uri']}",
    ):
        assert part in told
    assert not any(line.startswith("INFO forged") for line in told.splitlines())
    assert len(story) < 12, "no line for each poll"


def test_a_download_fetches_the_result_of_a_task_or_of_a_result(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = run(video(), task_instance)
    for number, source in enumerate((made["task_id"], made)):
        target = tmp_path / f"{number}.mp4"
        operator = KlingDownloadOperator(task_id=f"get{number}", source=source, output=f"file://{target}")
        assert run(operator, task_instance)["bytes"] == target.stat().st_size
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.parametrize("source", [{}, {"task_id": None}, {"task_id": ["t"]}, "", "None", None, ["t"], 7])
def test_a_download_without_a_task_is_refused(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, source: Any
) -> None:
    with pytest.raises(KlingRequestError, match="source: must be a task id"):
        KlingDownloadOperator(task_id="get", source=source, output="file:///nowhere")
    operator = KlingDownloadOperator(task_id="get", source="{{ params.task }}", output="file:///nowhere")
    operator.source = source  # as Airflow renders it
    with pytest.raises(AirflowFailException, match="source: must be a task id"):
        run(operator, task_instance)


@pytest.mark.parametrize("name", ["model", "type"])
@pytest.mark.parametrize("odd", [5, True, ["image"], {"a": 1}])
def test_a_download_checks_what_it_uses_of_a_result_before_it_reads_the_task(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, name: str, odd: Any
) -> None:
    source = {"task_id": "task-1", name: odd}
    operator = KlingDownloadOperator(task_id="get", source="{{ params.task }}", output="file:///nowhere")
    operator.source = source  # as Airflow renders it
    with pytest.raises(AirflowFailException, match=rf"source\.{name}: must be"):
        run(operator, task_instance)
    assert sandbox.stats()["polls"] == 0


def test_a_literal_result_with_a_wrong_member_fails_the_import() -> None:
    source = {"task_id": "task-1", "model": 5, "type": "film"}
    with pytest.raises(KlingRequestError) as caught:
        KlingDownloadOperator(task_id="get", source=source, output="file:///nowhere")
    assert [rule.field for rule in caught.value.broken] == ["source.model", "source.type"]


def test_neither_trigger_nor_errors_hold_the_key_or_the_prompt(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, connect: Callable[..., None]
) -> None:
    operator = video(prompt="A very secret boat")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    stored = json.dumps(deferred.value.trigger.serialize()) + json.dumps(deferred.value.kwargs)
    assert sandbox.api_key not in stored
    assert "secret boat" not in stored

    connect(host=sandbox.url, password=API_KEY)
    with pytest.raises(KlingError) as refused:
        run(operator, task_instance)
    assert API_KEY not in repr(refused.value) + str(refused.value)
