from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.clip import play
from dev.waiting import PATIENCE_S
from tests.e2e.held import HeldSandbox
from tests.e2e.run import DEFERRING, Run
from tests.e2e.submissions import prompts_with


def test_without_deferral_the_worker_waits(start_run: Callable[..., Run], tmp_path: Path) -> None:
    run = start_run("blocking")
    assert run.finish() == "success", run.log("generate")
    assert DEFERRING not in run.log("generate")
    assert play(tmp_path / "blocking.mp4").seconds == 5.0


def test_each_mapped_task_renders_its_own_prompt_and_writes_its_own_clip(
    start_run: Callable[..., Run], sandbox: SandboxProcess, mark: str, tmp_path: Path
) -> None:
    run = start_run("mapped", subject=f"a red kite, {mark},")
    assert run.finish() == "success", run.log("generate[0]")
    assert prompts_with(mark, sandbox) == {
        f"a red kite, {mark}, at dawn": 1,
        f"a red kite, {mark}, at night": 1,
    }
    assert (tmp_path / "0.mp4").read_bytes() != (tmp_path / "1.mp4").read_bytes()
    assert [play(tmp_path / f"{index}.mp4").seconds for index in range(2)] == [5.0, 5.0]


def test_the_sensor_brings_the_clip_of_a_task_that_was_submitted_elsewhere(
    start_run: Callable[..., Run], held: HeldSandbox, tmp_path: Path
) -> None:
    response = httpx.post(
        f"{held.sandbox.url}/api/v1/kling/kling-video-o1/async",
        headers={"Authorization": f"Bearer {held.sandbox.api_key}"},
        json={"prompt": "A lighthouse", "mode": "std", "duration": 5},
        trust_env=False,
        timeout=PATIENCE_S,
    )
    kling_task_id = response.raise_for_status().json()["data"]["task_id"]
    run = start_run("sensor", conn_id=held.conn_id, kling_task_id=kling_task_id)
    run.until("wait", "deferred")
    held.finish_generations()
    assert run.finish() == "success", run.log("wait")
    assert run.result("wait")["task_id"] == kling_task_id
    assert play(tmp_path / "elsewhere.mp4").seconds == 5.0
    assert len(held.sandbox.requests("POST")) == 1, "the sensor submits nothing"
