from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.clip import play
from tests.e2e.run import DEFERRING, Run
from tests.e2e.submissions import prompts_with


def test_the_example_chain_makes_both_clips_with_one_submission_each(
    start_run: Callable[..., Run], sandbox: SandboxProcess, mark: str, tmp_path: Path
) -> None:
    boat, painting = f"A paper boat, {mark}", f"As a watercolour painting, {mark}"
    run = start_run("kling_chain", prompt=boat, restyle_prompt=painting)
    assert run.finish() == "success", run.log("generate")

    for step in ("generate", "restyle"):
        clip = play(tmp_path / run.run_id / f"{step}.mp4")
        assert (clip.width, clip.height, clip.seconds, clip.codec) == (1280, 720, 5.0, "h264")
    assert prompts_with(mark, sandbox) == {boat: 1, painting: 1}


def test_a_task_waits_in_the_triggerer(start_run: Callable[..., Run]) -> None:
    run = start_run("kling_quickstart")
    assert run.finish() == "success"
    assert DEFERRING in run.log("generate")


def test_what_a_task_returns_tells_where_the_clip_is(start_run: Callable[..., Run], tmp_path: Path) -> None:
    run = start_run("kling_quickstart")
    assert run.finish() == "success"
    result = run.result("generate")
    clip = tmp_path / run.run_id / "generate.mp4"
    assert result["uri"] == f"file://{clip}"
    assert result["bytes"] == clip.stat().st_size
    assert (result["status"], result["width"], result["height"]) == ("success", 1280, 720)
