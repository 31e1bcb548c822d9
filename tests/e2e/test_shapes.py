from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.clip import play
from tests.e2e.run import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_without_deferral_the_worker_waits(start_run: Callable[..., Run], tmp_path: Path) -> None:
    run = start_run("blocking")
    assert run.finish() == "success", run.log("generate")
    assert "deferred" not in run.seen["generate"]
    assert play(tmp_path / "blocking.mp4").seconds == 5.0


def test_each_mapped_task_renders_its_own_prompt_and_writes_its_own_film(
    start_run: Callable[..., Run], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    run = start_run("mapped", subject="a red kite")
    assert run.finish() == "success", run.log("generate[0]")
    sent = {request["body"]["prompt"] for request in sandbox.requests("POST") if request["status"] == 200}
    assert {"a red kite at dawn", "a red kite at night"} <= sent
    assert play(tmp_path / "0.mp4").bytes != play(tmp_path / "1.mp4").bytes


def test_the_sensor_brings_the_film_of_a_task_that_was_submitted_elsewhere(
    start_run: Callable[..., Run], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    answer = httpx.post(
        f"{sandbox.url}/api/v1/kling/kling-video-o1/async",
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        json={"prompt": "A lighthouse", "mode": "std", "duration": 5},
        trust_env=False,
    )
    kling_task_id = answer.raise_for_status().json()["data"]["task_id"]
    submitted = sandbox.stats()["submissions_accepted"]
    run = start_run("sensor", kling_task_id=kling_task_id)
    assert run.finish() == "success", run.log("wait")
    assert run.result("wait")["task_id"] == kling_task_id
    assert play(tmp_path / "elsewhere.mp4").seconds == 5.0
    assert sandbox.stats()["submissions_accepted"] == submitted
