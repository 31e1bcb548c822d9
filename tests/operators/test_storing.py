"""Results that stay: a sidecar beside each, nothing fetched twice, and a dead link asked for once more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_kling
from airflow_provider_kling.decorators.kling import video_task
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.operators.sidecar import cut_media
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.decorators.test_decorators import operator_of
from tests.operators.harness import context, fire, run, video

pytestmark = pytest.mark.contract

LINK = {"method": "GET", "path": "/results/*"}
DEAD = {"status": 403, "body": "expired"}


def sidecar(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.with_name(f"{file.name}.json").read_text())
    return found


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_sidecar_says_what_was_asked_what_came_and_what_it_cost(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, deferrable: bool
) -> None:
    clip = tmp_path / "boat.mp4"
    result = run(video(output=f"file://{clip}", deferrable=deferrable), task_instance)
    assert sidecar(clip) == {
        "task_id": result["task_id"],
        "model": "kling-video-o1",
        "conn_id": "kling_default",
        "request": {"prompt": "A paper boat", "mode": "std", "duration": 5},
        "format": "mp4",
        "bytes": clip.stat().st_size,
        "sha256": result["sha256"],
        "submitted_at": result["submitted_at"],
        "finished_at": result["finished_at"],
        "cost_usd": "0.4345",
        "written_by": f"airflow-provider-kling {airflow_provider_kling.__version__}",
    }


def test_a_sidecar_holds_no_media_no_signature_and_no_key(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    first = run(
        KlingGenerateOperator(task_id="still", model="kling-image-o1", parameters={"prompt": "x"}),
        task_instance,
    )
    other = FakeTaskInstance()
    clip = tmp_path / "boat.mp4"
    made = video(images=[first["url"]], output=f"file://{clip}")
    run(made, other)
    text = json.dumps(sidecar(clip))
    assert sidecar(clip)["request"]["images"] == [first["url"].partition("?")[0]]
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
    assert cut_media(body) == {
        "prompt": "p" * 2500,
        "negative_prompt": "n" * 300,
        "images": ["(5000 characters)", "https://cdn.example/a.png"],
        "dynamic_masks": [{"mask": "(5000 characters)"}],
        "multi_prompt": [{"prompt": "q" * 500, "duration": 5}],
        "camera": ["up", {"1": None}],
        "n": 2,
    }


def test_a_sidecar_says_what_was_sent_whatever_a_function_or_a_template_would_say_now(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    clip = tmp_path / "boat.mp4"
    decorate = video_task(mode="std", output=f"file://{clip}", extra_parameters={"duration": 5})
    deferring = operator_of(decorate, lambda: "What was sent")
    with pytest.raises(TaskDeferred) as deferred:
        deferring.execute(context(deferring, task_instance))
    resumed = operator_of(decorate, lambda: "What it would say now")  # in a new process
    resumed.execute_complete(context(resumed, task_instance), event=fire(deferred.value.trigger))
    assert sidecar(clip)["request"] == {"prompt": "What was sent", "mode": "std", "duration": 5}


def test_a_retry_that_finds_the_whole_file_fetches_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    clip = tmp_path / "boat.mp4"
    made = run(video(), task_instance)
    get = KlingDownloadOperator(task_id="get", source=made["task_id"], output=f"file://{clip}")
    first = run(get, task_instance)
    assert sandbox.stats()["downloads"] == 1
    again = run(get, task_instance)
    assert sandbox.stats()["downloads"] == 1
    assert again == first


@pytest.mark.parametrize(
    "spoil",
    [
        lambda clip: clip.write_bytes(clip.read_bytes()[:-1]),
        lambda clip: clip.write_bytes(clip.read_bytes()[:-1] + b"?"),
        lambda clip: clip.with_name(f"{clip.name}.json").unlink(),
        lambda clip: clip.with_name(f"{clip.name}.json").write_text("{"),
        lambda clip: clip.with_name(f"{clip.name}.json").write_text('{"task_id": "another"}'),
        lambda clip: clip.unlink(),
    ],
    ids=["cut", "changed", "no sidecar", "damaged sidecar", "another task's", "gone"],
)
def test_a_file_that_is_not_the_recorded_one_is_fetched_again(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    clip = tmp_path / "boat.mp4"
    made = run(video(), task_instance)
    get = KlingDownloadOperator(task_id="get", source=made["task_id"], output=f"file://{clip}")
    first = run(get, task_instance)
    spoil(clip)
    assert run(get, task_instance) == first
    assert sandbox.stats()["downloads"] == 2
    assert sidecar(clip)["sha256"] == first["sha256"]


def test_a_dead_link_is_asked_for_once_more(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    sandbox.faults([{**LINK, "action": DEAD}])
    result = run(video(output=f"file://{tmp_path}/boat.mp4"), task_instance)
    assert (tmp_path / "boat.mp4").stat().st_size == result["bytes"]


def test_a_link_that_stays_dead_says_that_the_task_was_paid_for(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    sandbox.faults([{**LINK, "times": None, "action": DEAD}])
    with pytest.raises(
        KlingMediaError, match=r"answered 403.*succeeded and was billed.*kept until 20"
    ) as dead:
        run(video(output=f"file://{tmp_path}/boat.mp4"), task_instance)
    assert "finds the same task" in str(dead.value)
    assert list(tmp_path.iterdir()) == []
    assert len([one for one in sandbox.requests("GET") if one["path"].startswith("/results/")]) == 2


def test_a_result_over_the_cap_is_not_stored(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = video(output=f"file://{tmp_path}/boat.mp4", max_bytes=10_000)
    with pytest.raises(KlingMediaError, match="larger than the 10000 bytes allowed"):
        run(operator, task_instance)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys
from airflow_provider_kling.operators.storing import Storage
from airflow_provider_kling.operators.sidecar import Provenance
from airflow_provider_kling.api.client import KlingClient
from airflow_provider_kling.api.settings import ClientSettings
from airflow_provider_kling.gateway import make_gateway
url, key, task_id, output = sys.argv[1:]
settings = ClientSettings(base_url=url, api_key=key)
task = KlingClient(settings=settings).call(make_gateway().task(task_id))
storage = Storage(output=output, max_bytes=2**30, settings=settings)
storage.store(task, task.results(), provenance=Provenance(model=None, conn_id="kling_default"))
"""


def test_a_worker_killed_half_way_leaves_one_whole_file_after_its_retry(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    """SIGKILL while the file comes in: the next try stores it once, and nothing is generated again."""
    clip = tmp_path / "boat.mp4"
    made = run(video(), task_instance)
    # The first answer breaks off, and the worker waits a moment before it goes on: there it is killed.
    sandbox.faults([{**LINK, "action": {"truncate": 300_000}}, {**LINK, "action": {"delay_s": 600}}])
    command = [sys.executable, "-c", KILLED, sandbox.url, sandbox.api_key, made["task_id"], f"file://{clip}"]
    with subprocess.Popen(command) as worker:
        while not list(tmp_path.glob("boat.mp4.*.part")):
            assert worker.poll() is None
        os.kill(worker.pid, signal.SIGKILL)
    assert not clip.exists()
    sandbox.clear_faults()

    get = KlingDownloadOperator(task_id="get", source=made["task_id"], output=f"file://{clip}")
    result = run(get, task_instance)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
    assert result["bytes"] == clip.stat().st_size
    assert sandbox.stats()["submissions_accepted"] == 1
