"""The storyboard on a real Airflow: scenes in their order, and seams that match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.e2e.run import RESCHEDULING, Run
from tests.e2e.submissions import prompts_with

# What the runs send. Each prompt ends with the name of its run, which is in no other test's prompts.
OPENING = "A kite"
CHAINED = ["A kite rises from a hill", "It tumbles over the sea", "It lands on an island"]
AT_ONCE = ["A kite seen from below", "A kite seen from above"]
REJECTED = ["A scene that is [forbidden] here", "A scene after a rejection"]
FPS = 24

Picture = npt.NDArray[np.int16]


# Of the session: tests of another module may run between these.
@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storyboards")


@pytest.fixture(scope="session")
def runs(trigger: Callable[..., Run], folder: Path) -> Iterator[dict[str, Run]]:
    """Runs that go on side by side, because most of their time is waiting."""
    started = {
        name: trigger(
            dag_id,
            output=f"file://{folder}",
            opening=prompt(OPENING, name),
            scenes=[prompt(scene, name) for scene in scenes],
        )
        for name, dag_id, scenes in (
            ("chained", "kling_storyboard", CHAINED),
            ("at once", "kling_storyboard_parallel", AT_ONCE),
            ("rejected", "kling_storyboard", REJECTED),
        )
    }
    yield started
    for run in started.values():
        run.finish()


def prompt(text: str, name: str) -> str:
    return f"{text}, {mark_of(name)}"


def mark_of(name: str) -> str:
    return f"storyboard {name}"


@cache
def watch(path: Path) -> list[Picture]:
    """Return the luma of every frame, one pixel in sixteen."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="gray")[::4, ::4].astype(np.int16) for frame in container.decode(video=0)
        ]


def apart(first: Picture, second: Picture) -> float:
    """Return how far two pictures are from each other, from 0 to 255."""
    return float(np.abs(first - second).mean())


def scenery(picture: Picture) -> Picture:
    """Return what lies between the sandbox's captions, which differ from scene to scene."""
    height = picture.shape[0]
    return picture[height // 10 : height * 3 // 4]


def test_each_scene_begins_where_the_one_before_ends(runs: dict[str, Run], folder: Path) -> None:
    run = runs["chained"]
    assert run.finish() == "success", run.log("film")
    scenes = [watch(folder / run.run_id / "scenes" / f"{number}.mp4") for number in range(3)]
    for before, after in pairwise(scenes):
        seam = apart(scenery(before[-1]), scenery(after[0]))
        movement = apart(scenery(after[0]), scenery(after[len(after) // 2]))
        assert seam < 2
        assert movement > 5 * seam, "nothing moves in the scene, so that its seam shows nothing"


def test_the_film_shows_the_scenes_in_their_order_without_the_frames_that_they_repeat(
    runs: dict[str, Run], folder: Path
) -> None:
    run = runs["chained"]
    assert run.finish() == "success", run.log("film")
    scenes = [watch(folder / run.run_id / "scenes" / f"{number}.mp4") for number in range(3)]
    film = watch(folder / run.run_id / "film.mp4")
    expected = [*scenes[0], *scenes[1][1:], *scenes[2][1:]]
    assert len(film) == len(expected) == 3 * 5 * FPS - 2
    assert max(apart(*pair) for pair in zip(film, expected, strict=True)) < 2
    assert min(apart(*pair) for pair in pairwise(scene[60] for scene in scenes)) > 4, "all scenes look alike"


def test_the_last_task_says_where_the_film_and_its_poster_are(runs: dict[str, Run], folder: Path) -> None:
    run = runs["chained"]
    assert run.finish() == "success"
    made = folder / run.run_id
    shown = run.stack.api.xcoms(run.tasks()["show"])["return_value"]
    assert shown == f"file://{made}/film.mp4 (14.9 s in 3 scenes); its poster is file://{made}/film.jpg"
    assert Image.open(made / "film.jpg").size == (1280, 720)


def test_a_scene_waits_for_the_one_before_without_a_worker(runs: dict[str, Run]) -> None:
    run = runs["chained"]
    assert run.finish() == "success"
    assert RESCHEDULING in run.log("scene.first_frame[2]")
    ends = [str(run.result(f"scene.clip[{number}]")["finished_at"]) for number in range(3)]
    begins = [str(run.result(f"scene.clip[{number}]")["submitted_at"]) for number in range(3)]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))


def test_every_scene_is_submitted_once(runs: dict[str, Run], sandbox: SandboxProcess) -> None:
    for name in ("chained", "at once"):
        assert runs[name].finish() == "success"
    for name, scenes in (("chained", CHAINED), ("at once", AT_ONCE)):
        sent = prompts_with(mark_of(name), sandbox)
        assert sent == {prompt(text, name): 1 for text in (OPENING, *scenes)}


def test_scenes_that_do_not_follow_each_other_are_made_at_the_same_time(
    runs: dict[str, Run], folder: Path
) -> None:
    run = runs["at once"]
    assert run.finish() == "success", run.log("film")
    labels, tasks = [f"clip[{number}]" for number in range(2)], run.tasks()
    submitted = [datetime.fromisoformat(str(run.result(label)["submitted_at"])) for label in labels]
    # Not the end of the generation: on a slow machine one may be done before the next task has its worker.
    ended = [tasks[label].ended_at for label in labels]
    assert max(submitted) < min(moment for moment in ended if moment)
    with Image.open(folder / run.run_id / "opening.png") as opening:
        size: Any = (320, 180)
        picture = np.asarray(opening.convert("L").resize(size)).astype(np.int16)
    for number in range(2):
        first = watch(folder / run.run_id / "scenes" / f"{number}.mp4")[0]
        assert apart(scenery(first), scenery(picture)) < 12
    assert len(watch(folder / run.run_id / "film.mp4")) == 2 * 5 * FPS - FPS // 2, (
        "they fade for half a second"
    )


def test_after_a_scene_that_is_rejected_nothing_more_is_paid_for(
    runs: dict[str, Run], sandbox: SandboxProcess
) -> None:
    run = runs["rejected"]
    assert run.finish() == "failed"
    states = {label: task.state for label, task in run.tasks().items()}
    assert states["scene.clip[0]"] == "failed"
    assert states["scene.first_frame[1]"] == "failed"
    assert states["film"] == "upstream_failed"
    assert "scene 0 has no last frame: scene.last_frame is upstream_failed" in run.log("scene.first_frame[1]")
    sent = prompts_with(mark_of("rejected"), sandbox)
    assert sent == {prompt(OPENING, "rejected"): 1, prompt(REJECTED[0], "rejected"): 1}
