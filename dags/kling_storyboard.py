"""A storyboard: a list of scenes becomes one video.

An opening image sets the style. In `kling_storyboard` each scene starts from the last frame of the scene
before it, so that the video continues without a cut; the scenes are generated one after another. In
`kling_storyboard_parallel` all scenes start from the opening image, are generated at the same time, and fade
into each other. The list may have any length: the scenes are mapped tasks. A scene that has failed can be
cleared together with those after it. What was generated before is not paid for again (on Airflow 3.4, clear
with *Keep task state and resume*).

It needs a connection `kling_default` with your API key as its password, and the extra `media`.
"""

from __future__ import annotations

import tempfile
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, Param, PokeReturnValue, task, task_group

from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator

STILL_MODEL = "kling-image-o1"
SCENE_MODEL = "kling-v3-i2v"  # its `image` is the first frame
FOLDER = "{{ params.output }}/{{ run_id }}"

PARAMS = {
    "opening": "A paper boat at the kerb of a rainy street at dusk, film still",
    "scenes": Param(
        [
            "The boat is lifted by the rain water and sets off",
            "It races along the kerb, past a sleeping cat",
            "It glides out into a moonlit harbour",
        ],
        type="array",
        items={"type": "string"},
        minItems=2,
    ),
    # Any storage that Airflow can write to: file://, s3://, gs://, ... A real pipeline names its bucket.
    "output": f"file://{tempfile.gettempdir()}/kling",
}


@task
def read_scenes(params: dict[str, Any]) -> list[str]:
    """Return the list that the other tasks are mapped over. A real pipeline may generate it."""
    return list(params["scenes"])


@task.kling_generate(model=STILL_MODEL, output=f"{FOLDER}/opening.png")
def draw_opening(params: dict[str, Any]) -> dict[str, Any]:
    """Return the request for the image with which the video begins."""
    return {"prompt": params["opening"], "aspect_ratio": "16:9"}


@task.kling_generate(model=SCENE_MODEL, output=f"{FOLDER}/scenes/{{{{ ti.map_index }}}}.mp4")
def clip(text: str, picture: str) -> dict[str, Any]:
    """Return the request for the clip of a scene, which starts from a stored image."""
    return {"image": picture, "prompt": text, "mode": "std", "duration": 5}


@task.sensor(mode="reschedule", poke_interval=10)
def first_frame(opening: str, ti: Any) -> PokeReturnValue:
    """Wait, without a worker, for the last frame of the scene before. The first scene has the opening."""
    if ti.map_index == 0:
        return PokeReturnValue(is_done=True, xcom_value=opening)
    # Airflow has no order between the indexes of a mapped group, so this checks by itself. It reads the state
    # first, because a task that was cleared keeps its old result until it runs again.
    step, before = "scene.last_frame", ti.map_index - 1
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[step], map_index=before, run_ids=[ti.run_id])
    state = next(iter(states.get(ti.run_id, {}).values()), None)
    if state in ("failed", "upstream_failed", "skipped", "removed"):
        raise AirflowFailException(f"scene {before} has no last frame: {step} is {state}")
    if state != "success":
        return PokeReturnValue(is_done=False)
    return PokeReturnValue(is_done=True, xcom_value=ti.xcom_pull(task_ids=step, map_indexes=before)["uri"])


@task_group
def scene(text: str, opening: str) -> Any:
    """Generate one scene, from the last frame of the scene before it."""
    made = clip(text, first_frame(opening))
    VideoFrameOperator(
        task_id="last_frame", source=made, at="last", output=f"{FOLDER}/frames/{{{{ ti.map_index }}}}.png"
    )
    return made


@task
def show(film: dict[str, Any]) -> str:
    """Return where the video and its poster are."""
    length = f"{film['duration_s']:.1f} s in {film['clips']} scenes"
    return f"{film['uri']} ({length}); its poster is {film['poster_uri']}"


with DAG(dag_id="kling_storyboard", schedule=None, tags=["kling"], doc_md=__doc__, params=PARAMS):
    scenes = scene.partial(opening=draw_opening()["uri"]).expand(text=read_scenes())
    # The first frame of a scene repeats the last one of the scene before, so it is left out.
    film = VideoConcatOperator(task_id="film", clips=scenes, trim_frames=1, output=f"{FOLDER}/film.mp4")
    show(film.output)

with DAG(dag_id="kling_storyboard_parallel", schedule=None, tags=["kling"], doc_md=__doc__, params=PARAMS):
    clips = clip.partial(picture=draw_opening()["uri"]).expand(text=read_scenes())
    film = VideoConcatOperator(task_id="film", clips=clips, fade_s=0.5, output=f"{FOLDER}/film.mp4")
    show(film.output)
