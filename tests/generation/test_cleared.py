"""A task is cleared, and its record is gone: an open submission and a stored result are found again.

So it is on Airflow 3.4 after a plain clear, and on Airflow 3.1 and 3.2 after a success.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_kling.decorators.kling import video_task
from airflow_provider_kling.exceptions import KlingMediaError, KlingSubmissionUnknownError
from airflow_provider_kling.generation.files import file_at
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.decorators.test_decorators import operator_of
from tests.storages import Storage
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract


def clear(task_instance: FakeTaskInstance) -> None:
    """Clear the task as Airflow 3.4 does, which empties its state store."""
    task_instance.clear()
    task_instance.store.values.clear()


def accepted(sandbox: SandboxProcess) -> int:
    return int(sandbox.stats()["submissions_accepted"])


# -- the submission is open -----------------------------------------------------------------------


def defer(task_instance: FakeTaskInstance, operator: Any, **extra: Any) -> str:
    with pytest.raises(TaskDeferred):
        operator.execute({**context(operator, task_instance), **extra})
    return str(task_instance.xcoms["kling_task_id"])


def test_a_task_that_is_cleared_while_its_generation_runs_waits_for_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    task_id = defer(task_instance, video())
    clear(task_instance)
    assert run(video(), task_instance)["task_id"] == task_id
    assert accepted(sandbox) == 1


def test_a_task_that_is_cleared_while_its_outcome_is_unknown_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    for _ in range(3):
        with pytest.raises(KlingSubmissionUnknownError):
            run(video(), task_instance)
        clear(task_instance)
    assert accepted(sandbox) == 1


def test_a_sidecar_has_the_request_although_the_second_record_has_not(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    output = f"{storage.uri}/boat.mp4"
    defer(task_instance, video(output=output))
    clear(task_instance)
    run(video(output=output), task_instance)
    sidecar = json.loads(storage.read("boat.mp4.json") or b"")
    assert sidecar["request"] == {"prompt": "A paper boat", "mode": "std", "duration": 5}


def test_a_sidecar_has_the_request_of_a_function_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    decorate = video_task(mode="std", output=f"{storage.uri}/boat.mp4", extra_parameters={"duration": 5})
    defer(task_instance, operator_of(decorate, lambda: "A paper boat"))
    clear(task_instance)
    run(operator_of(decorate, lambda: "A paper boat"), task_instance)
    assert json.loads(storage.read("boat.mp4.json") or b"")["request"]["prompt"] == "A paper boat"
    assert accepted(sandbox) == 1


def test_each_iteration_of_a_loop_has_its_own_submission(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    vars(task_instance).update(region_id="0199a0c1-0000-7000-8000-000000000001", region_index=0)
    loops = [SimpleNamespace(index=index) for index in range(3)]
    for loop in loops:
        defer(task_instance, video(), loop=loop)
        task_instance.store.values.clear()  # each has a store of its own
    for loop in loops:
        run(video(), task_instance, loop=loop)
        task_instance.store.values.clear()
    assert accepted(sandbox) == 3


# -- the generation has succeeded -----------------------------------------------------------------


def test_a_stored_result_is_taken_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    output = f"{storage.uri}/boat.mp4"
    first = run(video(output=output), task_instance)
    clear(task_instance)
    sandbox.reset()  # the service knows nothing of it any more
    again = run(video(output=output), task_instance)
    links = {"url": None, "expires_at": None}
    resources = [{**again["resources"][0], "uri": first["uri"], "url": None}]
    assert again == {**first, **links, "resources": resources, "try_number": 2, "reused": True}
    assert sandbox.requests("POST") == []
    assert task_instance.store.get("kling")["phase"] == "finished"


@pytest.mark.parametrize("name", ["", "clips", "clips/"], ids=["bucket", "folder", "folder with a slash"])
def test_a_result_that_is_stored_in_a_folder_is_found_among_others(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage, name: str
) -> None:
    output = f"{storage.uri}/{name}"
    for other in ("A paper plane", "A paper hat"):
        run(video(prompt=other, output=output), FakeTaskInstance())
    first = run(video(output=output), task_instance)
    storage.write(f"{name.rstrip('/')}/notes.mp4.json".lstrip("/"), b"[1]")
    clear(task_instance)
    again = run(video(output=output), task_instance)
    assert (again["task_id"], again["uri"], again["reused"]) == (first["task_id"], first["uri"], True)
    assert accepted(sandbox) == 3


def test_all_results_of_a_generation_are_taken_again_or_none(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    def still() -> KlingGenerateOperator:
        parameters = {"prompt": "A paper boat", "n": 3}
        return KlingGenerateOperator(
            task_id="make", model="kling-v3-t2i", parameters=parameters, output=f"{storage.uri}/boat.png"
        )

    first = run(still(), task_instance)
    assert len([one for one in first["resources"] if one["uri"]]) == 3
    clear(task_instance)
    again = run(still(), task_instance)
    assert [one["uri"] for one in again["resources"]] == [one["uri"] for one in first["resources"]]
    assert accepted(sandbox) == 1

    storage.files.rm_file(storage.path("boat-2.png"))
    clear(task_instance)
    assert run(still(), task_instance)["reused"] is False
    assert accepted(sandbox) == 2


def edit(storage: Storage, **fields: Any) -> None:
    sidecar = json.loads(storage.read("boat.mp4.json") or b"")
    storage.write("boat.mp4.json", json.dumps({**sidecar, **fields}).encode())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda storage: storage.files.rm_file(storage.path("boat.mp4")),
        lambda storage: edit(storage, logical_task=["dag", "other", "make", -1, None]),
        lambda storage: edit(storage, fingerprint="another"),
        lambda storage: edit(storage, task_id="../another"),
    ],
    ids=["gone", "run", "request", "id"],
)
def test_what_is_not_certainly_the_result_is_not_taken(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    spoil: Callable[[Storage], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    output = f"{storage.uri}/boat.mp4"
    run(video(output=output), task_instance)
    spoil(storage)
    clear(task_instance)
    assert run(video(output=output), task_instance)["reused"] is False
    assert accepted(sandbox) == 2
    assert f"No result of it for this request is stored at {output}" in caplog.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda storage: storage.write("boat.mp4", storage.read("boat.mp4")[:-1]),
        lambda storage: storage.files.rm_file(storage.path("boat.mp4.json")),
        lambda storage: storage.write("boat.mp4.json", b"{"),
        lambda storage: storage.write("boat.mp4.json", b"[" * 5000),
        lambda storage: edit(storage, logical_task=["dag", "run", "make", -1, 1]),
    ],
    ids=["cut", "no sidecar", "damaged", "nested", "iteration"],
)
def test_what_is_not_certainly_the_tasks_own_stays_and_nothing_is_paid(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    spoil: Callable[[Storage], None],
) -> None:
    output = f"{storage.uri}/boat.mp4"
    run(video(output=output), task_instance)
    spoil(storage)
    there = storage.read("boat.mp4")
    clear(task_instance)
    with pytest.raises(KlingMediaError, match="must not be replaced"):
        run(video(output=output), task_instance)
    assert accepted(sandbox) == 1
    assert storage.read("boat.mp4") == there


def test_another_runs_file_is_not_taken_for_the_result(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    output = f"{storage.uri}/boat.mp4"
    first = run(video(output=output), task_instance)
    other = FakeTaskInstance()
    vars(other)["run_id"] = "another"
    second = run(video(prompt="A cat", output=output), other)
    assert second["uri"] == first["uri"]
    task_instance.clear()  # and the record is still there
    again = run(video(output=output), task_instance)
    assert again["task_id"] == first["task_id"]
    assert again["sha256"] == first["sha256"]
    assert accepted(sandbox) == 2


def test_a_result_is_stored_where_an_output_was_added(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    first = run(video(), task_instance)
    task_instance.clear()
    again = run(video(output=f"{storage.uri}/boat.mp4"), task_instance)
    assert (again["task_id"], again["uri"]) == (first["task_id"], f"{storage.uri}/boat.mp4")
    assert storage.read("boat.mp4")
    assert accepted(sandbox) == 1


def test_a_storage_that_does_not_tell_causes_no_submission(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = f"{storage.uri}/boat.mp4"
    run(video(output=output), task_instance)
    clear(task_instance)

    def broken(*_: Any, **__: Any) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(file_at(output).fs, "glob", broken)
    with pytest.raises(KlingMediaError, match="unknown whether the result of an earlier try is still stored"):
        run(video(output=output), task_instance)
    assert accepted(sandbox) == 1


def test_a_new_result_is_made_where_somebody_wants_that(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    output = f"{storage.uri}/boat.mp4"
    run(video(output=output), task_instance)
    clear(task_instance)
    assert run(video(output=output, on_rerun="regenerate"), task_instance)["reused"] is False
    assert accepted(sandbox) == 2
    assert "on_rerun='regenerate' asks for a new result" in caplog.text


def test_without_an_output_it_starts_over_and_the_log_says_so(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture
) -> None:
    run(video(), task_instance)
    assert "was cleared" not in caplog.text
    clear(task_instance)
    assert run(video(), task_instance)["reused"] is False
    assert accepted(sandbox) == 2
    assert "Without an output, no result of it is stored. So the request is submitted" in caplog.text


def test_a_task_that_a_cleared_run_of_airflow_3_4_makes_again_finds_its_result_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    """It has a new store, and its tries are counted from one again: only the run tells of the clear."""
    output = f"{storage.uri}/boat.mp4"
    run(video(output=output), task_instance)
    made_again = FakeTaskInstance()
    result = run(video(output=output), made_again, dag_run=SimpleNamespace(clear_number=1))
    assert result["reused"] is True
    assert accepted(sandbox) == 1


def test_a_task_that_was_not_cleared_searches_for_nothing(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def searched(*_: Any, **__: Any) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr("airflow_provider_kling.generation.submission.result_before_clear", searched)
    run(
        video(output=f"{storage.uri}/boat.mp4", retries=2),
        task_instance,
        dag_run=SimpleNamespace(clear_number=0),
    )
    assert accepted(sandbox) == 1
