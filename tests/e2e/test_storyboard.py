"""The storyboard on a real Airflow: scenes in their order, and seams that match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from tests.e2e.run import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CHAINED = ["A kite rises from a hill", "It tumbles over the sea", "It lands on an island"]
AT_ONCE = ["A kite seen from below", "A kite seen from above"]
REFUSED = ["A scene that is [forbidden] here", "A scene after a refusal"]
FPS = 24

Picture = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def runs(stack: AirflowStack, folder: Path) -> Iterator[dict[str, Run]]:
    """Runs that go on side by side, because most of their time is waiting."""
    started = {}
    for name, dag_id, scenes in (
        ("chained", "kling_storyboard", CHAINED),
        ("at once", "kling_storyboard_parallel", AT_ONCE),
        ("refused", "kling_storyboard", REFUSED),
    ):
        stack.wait_for(lambda dag=dag_id: stack.api.has_dag(dag), what=f"the DAG {dag_id}", timeout=120)
        stack.api.unpause(dag_id)
        conf = {"output": f"file://{folder}", "opening": f"A kite, {name}", "scenes": scenes}
        run_id = stack.api.trigger(dag_id, conf, run_id=f"storyboard-{name.replace(' ', '-')}")
        started[name] = Run(stack=stack, dag_id=dag_id, run_id=run_id)
    yield started
    for run in started.values():
        run.finish()


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
        assert movement > 5 * seam, "the scene stands still, so that its seam tells nothing"


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
    shown = run.stack.api.xcoms(run.look()["show"])["return_value"]
    assert shown == f"file://{made}/film.mp4 (14.9 s in 3 scenes); its poster is file://{made}/film.jpg"
    assert Image.open(made / "film.jpg").size == (1280, 720)


def test_a_scene_waits_for_the_one_before_without_a_worker(runs: dict[str, Run]) -> None:
    run = runs["chained"]
    assert run.finish() == "success"
    assert "up_for_reschedule" in run.seen["scene.first_frame[2]"]
    ends = [str(run.result(f"scene.clip[{number}]")["finished_at"]) for number in range(3)]
    begins = [str(run.result(f"scene.clip[{number}]")["submitted_at"]) for number in range(3)]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))


def test_every_scene_is_submitted_once(runs: dict[str, Run], sandbox: SandboxProcess) -> None:
    for name in ("chained", "at once"):
        assert runs[name].finish() == "success"
    asked = Counter(post["body"]["prompt"] for post in sandbox.requests("POST"))
    prompts = [*CHAINED, *AT_ONCE, "A kite, chained", "A kite, at once"]
    assert [asked[prompt] for prompt in prompts] == [1] * len(prompts)


def test_scenes_that_do_not_follow_each_other_are_made_at_the_same_time(
    runs: dict[str, Run], folder: Path
) -> None:
    run = runs["at once"]
    assert run.finish() == "success", run.log("film")
    made = [run.result(f"clip[{number}]") for number in range(2)]
    assert max(str(each["submitted_at"]) for each in made) < min(str(each["finished_at"]) for each in made)
    with Image.open(folder / run.run_id / "opening.png") as opening:
        size: Any = (320, 180)
        picture = np.asarray(opening.convert("L").resize(size)).astype(np.int16)
    for number in range(2):
        first = watch(folder / run.run_id / "scenes" / f"{number}.mp4")[0]
        assert apart(scenery(first), scenery(picture)) < 12
    assert len(watch(folder / run.run_id / "film.mp4")) == 2 * 5 * FPS - FPS // 2, (
        "they fade for half a second"
    )


def test_after_a_scene_that_is_refused_nothing_more_is_paid_for(
    runs: dict[str, Run], sandbox: SandboxProcess
) -> None:
    run = runs["refused"]
    assert run.finish() == "failed"
    states = {label: task.state for label, task in run.look().items()}
    assert states["scene.clip[0]"] == "failed"
    assert states["scene.first_frame[1]"] == "failed"
    assert states["film"] == "upstream_failed"
    assert "scene 0 has no last frame: scene.last_frame is upstream_failed" in run.log("scene.first_frame[1]")
    assert REFUSED[1] not in {post["body"]["prompt"] for post in sandbox.requests("POST")}
