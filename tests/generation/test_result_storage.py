"""Stored results: a sidecar beside each, no second download, and one request for a new link."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import airflow_provider_kling
from airflow_provider_kling.decorators.kling import video_task
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.media_arguments import cut_media
from airflow_provider_kling.generation.result_storage import target_uri
from airflow_provider_kling.models import find_model
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.waiting import wait_for
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.decorators.test_decorators import operator_of
from tests.storages import Storage
from tests.task_runner import context, fire, run, video

pytestmark = pytest.mark.contract

LINK = {"method": "GET", "path": "/results/*"}
DEAD = {"status": 403, "body": "expired"}


def sidecar(storage: Storage, name: str = "boat.mp4") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(storage.read(f"{name}.json") or b"")
    return found


def asked_for_files(sandbox: SandboxProcess) -> int:
    return len([one for one in sandbox.requests("GET") if one["path"].startswith("/results/")])


@pytest.mark.parametrize(
    ("output", "number", "target"),
    [
        ("s3://b/clips", 1, ("s3://b/clips/t", True)),
        ("s3://b/clips/", 2, ("s3://b/clips/t-2", True)),
        ("s3://b/clip.mp4", 1, ("s3://b/clip.mp4", False)),
        ("s3://b/clip.mp4", 3, ("s3://b/clip-3.mp4", False)),
        ("s3://b/v1.5/clip", 1, ("s3://b/v1.5/clip/t", True)),
        ("s3://b/clip.MOV", 2, ("s3://b/clip-2.MOV", False)),
    ],
)
def test_an_output_names_a_file_or_a_folder(output: str, number: int, target: tuple[str, bool]) -> None:
    assert target_uri(output, task_id="t", number=number) == target


def download(storage: Storage, task_id: str) -> KlingDownloadOperator:
    return KlingDownloadOperator(task_id="get", source=task_id, output=f"{storage.uri}/boat.mp4")


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_sidecar_has_the_request_the_result_and_the_cost(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage, deferrable: bool
) -> None:
    result = run(video(output=f"{storage.uri}/boat.mp4", deferrable=deferrable), task_instance)
    assert sidecar(storage) == {
        "task_id": result["task_id"],
        "number": 1,
        "results": 1,
        "logical_task": ["dag", "run", "make", -1, None],
        "fingerprint": task_instance.store.get("kling")["fingerprint"],
        "replaces": None,
        "poster": {
            "name": "boat.jpg",
            "sha256": hashlib.sha256(storage.read("boat.jpg") or b"").hexdigest(),
            "replaces": None,
            "made_from": result["sha256"],
        },
        "model": "kling-video-o1",
        "conn_id": "kling_default",
        "request": {"prompt": "A paper boat", "mode": "std", "duration": 5},
        "format": "mp4",
        "bytes": len(storage.read("boat.mp4") or b""),
        "sha256": result["sha256"],
        "submitted_at": result["submitted_at"],
        "finished_at": result["finished_at"],
        "cost_usd": "0.4345",
        "cost": None,
        "cost_unit": None,
        "written_by": f"airflow-provider-kling {airflow_provider_kling.__version__}",
    }


def test_a_sidecar_holds_no_media_no_signature_and_no_key(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    first = run(
        KlingGenerateOperator(task_id="still", model="kling-image-o1", parameters={"prompt": "x"}),
        task_instance,
    )
    other = FakeTaskInstance()
    made = video(images=[first["url"]], output=f"{storage.uri}/boat.mp4")
    run(made, other)
    text = json.dumps(sidecar(storage))
    assert sidecar(storage)["request"]["images"] == [first["url"].partition("?")[0]]
    assert "Signature" not in text
    assert sandbox.api_key not in text


def test_media_are_cut_and_prompts_are_not() -> None:
    body = {
        "prompt": "p" * 2500,
        "negative_prompt": "n" * 300,
        "images": ["A" * 5000, "https://cdn.example/a.png?sig=1"],
        "dynamic_masks": [{"mask": "B" * 5000}],
        "multi_prompt": [{"prompt": "q" * 500, "duration": 5}],
        "camera": ("up", {1: None}),
        "n": 2,
    }
    request = find_model("google/veo-3").parse({name: body[name] for name in body if name != "n"})
    assert cut_media(request, {"n": body["n"]}) == {
        "prompt": "p" * 2500,
        "negative_prompt": "n" * 300,
        "images": ["(5000 characters)", "https://cdn.example/a.png"],
        "dynamic_masks": [{"mask": "(5000 characters)"}],
        "multi_prompt": [{"prompt": "q" * 500, "duration": 5}],
        "camera": ["up", {"1": None}],
        "n": 2,
    }


def test_a_sidecar_has_the_request_that_was_sent_even_if_the_function_returns_another_one_now(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    decorate = video_task(mode="std", output=f"{storage.uri}/boat.mp4", extra_parameters={"duration": 5})
    deferring = operator_of(decorate, lambda: "What was sent")
    with pytest.raises(TaskDeferred) as deferred:
        deferring.execute(context(deferring, task_instance))
    resumed = operator_of(decorate, lambda: "What it would say now")  # in a new process
    resumed.execute_complete(context(resumed, task_instance), event=fire(deferred.value.trigger))
    assert sidecar(storage)["request"] == {"prompt": "What was sent", "mode": "std", "duration": 5}


def test_a_retry_that_finds_the_whole_file_downloads_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    made = run(video(), task_instance)
    get = download(storage, made["task_id"])
    first = run(get, task_instance)
    assert sandbox.stats()["downloads"] == 1
    again = run(get, task_instance)
    assert sandbox.stats()["downloads"] == 1
    assert again == first


@pytest.mark.parametrize(
    "spoil",
    [
        lambda storage: storage.write("boat.mp4", storage.read("boat.mp4")[:-1]),
        lambda storage: storage.write("boat.mp4", storage.read("boat.mp4")[:-1] + b"?"),
        lambda storage: storage.files.rm_file(storage.path("boat.mp4.json")),
        lambda storage: storage.write("boat.mp4.json", b"{"),
        lambda storage: storage.write("boat.mp4.json", b'{"task_id": "another"}'),
        lambda storage: storage.files.rm_file(storage.path("boat.mp4")),
    ],
    ids=["cut", "changed", "no sidecar", "damaged sidecar", "another task's", "gone"],
)
def test_a_file_that_differs_from_its_sidecar_is_kept_and_downloaded_again(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    spoil: Callable[[Storage], None],
) -> None:
    made = run(video(), task_instance)
    get = download(storage, made["task_id"])
    first = run(get, task_instance)
    spoil(storage)
    before = {name: storage.read(name) for name in storage.names()}
    again = run(get, task_instance)
    assert sandbox.stats()["downloads"] == 2
    assert again["sha256"] == first["sha256"]
    name = again["uri"].rpartition("/")[2]
    assert name == ("boat.mp4" if before.get("boat.mp4") is None else "boat-1.mp4")
    assert hashlib.sha256(storage.read(name) or b"").hexdigest() == first["sha256"]
    assert sidecar(storage, name)["sha256"] == first["sha256"]
    if name == "boat-1.mp4":
        assert {kept: storage.read(kept) for kept in before} == before
    assert run(get, task_instance) == again, "and found at the next try"
    assert sandbox.stats()["downloads"] == 2


def test_a_new_link_is_requested_once_for_a_dead_one(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    sandbox.faults([{**LINK, "action": DEAD}])
    result = run(video(output=f"{storage.uri}/boat.mp4"), task_instance)
    assert len(storage.read("boat.mp4") or b"") == result["bytes"]


def test_an_error_for_a_link_that_stays_dead_says_that_the_task_was_paid_for(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    sandbox.faults([{**LINK, "times": None, "action": DEAD}])
    with pytest.raises(
        KlingMediaError, match=r"answered 403.*succeeded and was billed.*expire at 20"
    ) as dead:
        run(video(output=f"{storage.uri}/boat.mp4"), task_instance)
    assert "finds the same task" in str(dead.value)
    assert storage.names() == []
    assert asked_for_files(sandbox) == 2


def test_a_result_over_the_cap_is_not_stored(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    operator = video(output=f"{storage.uri}/boat.mp4", max_bytes=10_000)
    with pytest.raises(KlingMediaError, match="larger than the 10000 bytes allowed"):
        run(operator, task_instance)
    assert storage.names() == []


def test_the_cap_counts_all_results_of_a_task_together(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    arguments: dict[str, Any] = {
        "task_id": "make",
        "model": "kling-image-o1",
        "parameters": {"prompt": "x", "n": 2},
        "output": f"{storage.uri}/still.png",
    }
    sizes = [
        run(KlingGenerateOperator(**arguments), task_instance)["bytes"],
        len(storage.read("still-2.png") or b""),
    ]
    for name in storage.names():
        storage.files.rm_file(storage.path(name))
    capped = KlingGenerateOperator(**arguments, max_bytes=sum(sizes) - 1)
    for _ in range(2):
        with pytest.raises(KlingMediaError, match=f"larger than the {sizes[1] - 1} bytes allowed"):
            run(capped, task_instance)
        assert storage.names() == ["still.png", "still.png.json"]
    enough = KlingGenerateOperator(**arguments, max_bytes=sum(sizes))
    assert len(run(enough, task_instance)["resources"]) == 2


KILLED = """
import sys
from airflow_provider_kling.generation.result_storage import ResultStorage
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.gateways import make_gateway
url, key, task_id, output = sys.argv[1:]
settings = ClientSettings(base_url=url, credentials=BearerToken(key))
task = KlingClient(settings=settings).call(make_gateway().task(task_id))
author = LogicalTask("dag", "run", "make")
storage = ResultStorage(
    author=author, output=output, max_bytes=2**30, settings=settings, conn_id="kling_default"
)
storage.store(task, task.results())
"""


def test_the_retry_after_a_killed_worker_leaves_one_whole_file(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    """SIGKILL during the download: the next try stores the file once, and nothing is generated again."""
    made = run(video(), task_instance)
    # The first answer is cut, and the worker is killed while it waits for the rest.
    sandbox.faults([{**LINK, "action": {"truncate": 300_000}}, {**LINK, "action": {"delay_s": 600}}])
    output = f"{storage.uri}/boat.mp4"
    command = [sys.executable, "-c", KILLED, sandbox.url, sandbox.api_key, made["task_id"], output]
    with subprocess.Popen(command) as worker:
        wait_for(lambda: asked_for_files(sandbox) == 2, what="the worker to ask for the rest", timeout=600)
        os.kill(worker.pid, signal.SIGKILL)
    assert storage.read("boat.mp4") is None
    sandbox.clear_faults()

    get = download(storage, made["task_id"])
    result = run(get, task_instance)
    assert storage.names() == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
    stored = storage.read("boat.mp4") or b""
    assert (result["bytes"], result["sha256"]) == (len(stored), hashlib.sha256(stored).hexdigest())
    assert sandbox.stats()["submissions_accepted"] == 1
