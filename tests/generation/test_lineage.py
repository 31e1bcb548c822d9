"""What a task reads and writes is told to Airflow's lineage and to OpenLineage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from airflow_provider_kling.exceptions import KlingError, KlingRequestError
from airflow_provider_kling.generation import report
from airflow_provider_kling.generation.lineage import Dataset, dataset, stored_media
from airflow_provider_kling.models import find_model
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import HookLineageCollector
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, run, video


@pytest.mark.parametrize(
    ("uri", "namespace", "name"),
    [
        ("file:///films/a.mp4", "file", "/films/a.mp4"),
        ("s3://bucket/films/a.mp4", "s3://bucket", "films/a.mp4"),
        ("s3a://bucket/a.mp4", "s3://bucket", "a.mp4"),
        ("s3://aws_default@bucket/a.mp4", "s3://bucket", "a.mp4"),
        ("S3://bucket/a.mp4", "s3://bucket", "a.mp4"),
        ("gcs://bucket/a.mp4", "gs://bucket", "a.mp4"),
        ("gs://user:secret@bucket/a.mp4", "gs://bucket", "a.mp4"),
        (
            "abfss://films@account.dfs.core.windows.net/a.mp4",
            "abfss://films@account.dfs.core.windows.net",
            "a.mp4",
        ),
        ("abfss://films:secret@account/a.mp4", "abfss://films@account", "a.mp4"),
    ],
)
def test_a_file_is_named_as_openlineage_names_storages(uri: str, namespace: str, name: str) -> None:
    assert dataset(uri) == Dataset(namespace, name)


def test_the_files_of_a_request_are_those_on_storage_each_once() -> None:
    parameters = {
        "prompt": "s3://is-no-file/here",
        "images": ["s3://b/1.png", "https://example.com/2.png", "s3://b/1.png"],
        "videos": "['gs://b/3.mp4']",  # of a template
        "duration": 5,
    }
    model = find_model("kling-video-o1")
    assert stored_media(parameters, model=model) == ("s3://b/1.png", "gs://b/3.mp4")
    of_text = {"prompt": "A boat", "negative_prompt": "s3://is-no-file/either"}
    assert stored_media(of_text, model=find_model("kling-v2.6-t2v")) == ()
    unknown = {"prompt": "s3://is-no-file/here", "clip": {"of": ["s3://b/4.mp4"]}}
    assert stored_media(unknown, model=find_model("other/new-model")) == ("s3://b/4.mp4",)
    with pytest.raises(KlingRequestError, match="must be a dict"):
        stored_media("no fields", model=model)  # type: ignore[arg-type]  # as a template may give


@pytest.fixture
def frame(sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path) -> str:
    """A picture on storage."""
    clip = run(video(output=f"file://{tmp_path}/clip.mp4"), task_instance)
    operator = VideoFrameOperator(task_id="frame", source=clip, output=f"file://{tmp_path}/frame.png")
    task_instance.retry()
    uri: str = run(operator, task_instance)["uri"]
    task_instance.store.values.clear()
    return uri


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[set[str], set[str]]]:
    """Return what Airflow's collector has; it is one that collects only where somebody reads it."""
    collector = HookLineageCollector()
    monkeypatch.setattr(report, "get_hook_lineage_collector", lambda: collector)

    def uris() -> tuple[set[str], set[str]]:
        assets = collector.collected_assets
        return {each.asset.uri for each in assets.inputs}, {each.asset.uri for each in assets.outputs}

    return uris


@pytest.mark.contract
def test_airflows_collector_has_reads_and_writes(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    frame: str,
    tmp_path: Path,
    collected: Callable[[], tuple[set[str], set[str]]],
) -> None:
    result = run(video(images=[frame], output=f"file://{tmp_path}/next.mp4"), task_instance)
    assert collected() == ({frame}, {result["uri"], result["poster_uri"]})
    film = VideoConcatOperator(task_id="film", clips=[result, result], output=f"file://{tmp_path}/film.mp4")
    made = run(film, task_instance)
    assert collected() == (
        {frame, result["uri"]},
        {result["uri"], result["poster_uri"], made["uri"], made["poster_uri"]},
    )


def test_a_text_that_only_looks_like_a_file_costs_no_result(task_instance: FakeTaskInstance) -> None:
    """Where the storage is not known, Airflow makes no asset of it; the generation is paid for by then."""
    told = report.Report(context=context(video(), task_instance))  # type: ignore[arg-type]  # a test's context
    told.know_request({"prompt": "A boat", "style": "unknown://style/7"}, model=find_model("other/new-model"))
    assert told.reads == ("unknown://style/7",)
    told.made({"uri": "file:///films/a.mp4"})
    assert told.writes == ("file:///films/a.mp4",)


def openlineage_event(operator: Any, path: Path, *, failed: bool = False) -> dict[str, Any]:
    """Send what an operator tells with the real client, and return what it has written."""
    client = pytest.importorskip("openlineage.client", reason="the extra openlineage is not installed")
    event_v2 = pytest.importorskip("openlineage.client.event_v2")
    from openlineage.client.transport.file import FileConfig, FileTransport

    told = (
        operator.get_openlineage_facets_on_failure(None)
        if failed
        else operator.get_openlineage_facets_on_complete(None)
    )
    sender = client.OpenLineageClient(
        transport=FileTransport(FileConfig(log_file_path=str(path), append=True))
    )
    sender.emit(
        event_v2.RunEvent(
            eventTime="2026-01-01T00:00:00Z",
            eventType=event_v2.RunState.FAIL if failed else event_v2.RunState.COMPLETE,
            run=event_v2.Run(runId=str(uuid4()), facets=told.run_facets),
            job=event_v2.Job(namespace="airflow", name="dag.make", facets=told.job_facets),
            inputs=told.inputs,
            outputs=told.outputs,
        )
    )
    event: dict[str, Any] = json.loads(path.read_text())
    return event


def names(datasets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["namespace"], each["name"]) for each in datasets}


@pytest.mark.contract
def test_openlineage_is_told_of_a_success(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, frame: str, tmp_path: Path
) -> None:
    prompt = "A paper boat " + "sails on " * 100  # longer than what Airflow's pages show
    operator = video(prompt=prompt, images=[frame], output=f"file://{tmp_path}/next.mp4")
    result = run(operator, task_instance)
    event = openlineage_event(operator, tmp_path / "events")
    assert names(event["inputs"]) == {("file", str(tmp_path / "frame.png"))}
    assert names(event["outputs"]) == {
        ("file", str(tmp_path / "next.mp4")),
        ("file", result["poster_uri"].removeprefix("file://")),
    }
    facet = event["run"]["facets"]["kling"]
    assert {name: value for name, value in facet.items() if not name.startswith("_")} == {
        "gateway": "modellix",
        "model": "kling-video-o1",
        "taskId": result["task_id"],
        "promptSha256": hashlib.sha256(prompt.encode()).hexdigest(),
        "outcome": "succeeded",
        "reused": False,
        "durationSeconds": result["duration_s"],
        "cost": result["cost_usd"],
        "costUnit": "USD",
    }
    assert "paper boat" not in json.dumps(event)


@pytest.mark.contract
def test_openlineage_is_told_of_a_failure(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, frame: str, tmp_path: Path
) -> None:
    failed = {"status": "failed", "error": {"code": "77", "message": "no"}}
    sandbox.faults([{"method": "GET", "times": None, "action": {"task": failed}}])
    operator = video(images=[frame], output=f"file://{tmp_path}/next.mp4")
    with pytest.raises(KlingError):
        run(operator, task_instance)
    event = openlineage_event(operator, tmp_path / "events", failed=True)
    assert names(event["inputs"]) == {("file", str(tmp_path / "frame.png"))}
    assert event["outputs"] == []
    facet = event["run"]["facets"]["kling"]
    assert (facet["outcome"], facet["taskId"]) == ("failed", task_instance.xcoms["kling_task_id"])


@pytest.mark.contract
def test_every_operator_and_the_sensor_tell_openlineage(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    clip = run(video(output=f"file://{tmp_path}/clip.mp4"), task_instance)
    operators = [
        KlingDownloadOperator(task_id="get", source=clip, output=f"file://{tmp_path}/1.mp4"),
        KlingTaskSensor(task_id="wait", kling_task_id=clip["task_id"], output=f"file://{tmp_path}/2.mp4"),
        VideoFrameOperator(task_id="frame", source=clip, output=f"file://{tmp_path}/3.png"),
        VideoConcatOperator(task_id="film", clips=[clip, clip], output=f"file://{tmp_path}/4.mp4"),
    ]
    for number, operator in enumerate(operators, start=1):
        made = run(operator, task_instance)
        event = openlineage_event(operator, tmp_path / f"events-{number}")
        assert ("file", made["uri"].removeprefix("file://")) in names(event["outputs"])


def test_a_task_that_did_not_begin_tells_nothing() -> None:
    assert video().get_openlineage_facets_on_failure(None) is None
