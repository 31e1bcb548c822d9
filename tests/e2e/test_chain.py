from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.clip import play
from tests.e2e.run import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_the_example_chain_makes_both_films_with_one_submission_each(
    start_run: Callable[..., Run], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    before = sandbox.stats()["submissions_accepted"]
    run = start_run("kling_chain")
    assert run.finish() == "success", run.log("generate")

    for step in ("generate", "restyle"):
        film = play(tmp_path / run.run_id / f"{step}.mp4")
        assert (film.width, film.height, film.seconds, film.codec) == (1280, 720, 5.0, "h264")
    assert sandbox.stats()["submissions_accepted"] == before + 2


def test_a_task_waits_in_the_triggerer(start_run: Callable[..., Run]) -> None:
    run = start_run("kling_quickstart")
    assert run.finish() == "success"
    assert "deferred" in run.seen["generate"]


def test_what_a_task_returns_tells_where_the_film_is(start_run: Callable[..., Run], tmp_path: Path) -> None:
    run = start_run("kling_quickstart")
    assert run.finish() == "success"
    result = run.result("generate")
    film = tmp_path / run.run_id / "generate.mp4"
    assert result["uri"] == f"file://{film}"
    assert result["bytes"] == film.stat().st_size
    assert (result["status"], result["width"], result["height"]) == ("success", 1280, 720)
