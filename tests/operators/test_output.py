"""``output``: what is wrong with it is told before anything is paid, and what is paid is never lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_kling.decorators.kling import generate_task, video_task
from airflow_provider_kling.exceptions import KlingMediaError, KlingRequestError
from airflow_provider_kling.generation.templates import is_same_in_a_run
from airflow_provider_kling.operators.kling import (
    KlingDownloadOperator,
    KlingGenerateOperator,
    KlingVideoOperator,
)
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.decorators.test_decorators import operator_of
from tests.media.clips import Clip
from tests.storages import Storage
from tests.task_runner import context, fire, run, video

STRANGE = b"a stranger's, and dear to them"


def instance(*, map_index: int = -1, run_id: str = "run", task_id: str = "make") -> FakeTaskInstance:
    made: Any = FakeTaskInstance()
    made.map_index, made.run_id, made.task_id = map_index, run_id, task_id
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- the extension ---------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["s3://b/wrong.jpg", "s3://b/wrong.PNG", "s3://b/a.mp3", "s3://b/a.gif"])
def test_an_extension_that_is_no_videos_fails_the_import(output: str) -> None:
    with pytest.raises(KlingRequestError, match=r"output: must end in an extension of the video .*\.mp4"):
        video(output=output)


@pytest.mark.parametrize(
    "output", ["s3://b/a.mp4", "s3://b/a.MOV", "s3://b/a.webm", "s3://b/folder", "s3://b/a.b"]
)
def test_an_extension_of_a_video_and_a_folder_are_taken(output: str) -> None:
    video(output=output)


def test_an_image_is_not_stored_as_a_video() -> None:
    arguments: dict[str, Any] = {"task_id": "make", "parameters": {"prompt": "x"}}
    with pytest.raises(KlingRequestError, match=r"extension of the image .*\.png"):
        KlingGenerateOperator(model="kling-image-o1", output="s3://b/a.mp4", **arguments)
    KlingGenerateOperator(model="kling-image-o1", output="s3://b/a.jpeg", **arguments)
    KlingGenerateOperator(model="google/veo-3", output="s3://b/a.jpeg", **arguments)  # it may make anything


@pytest.mark.contract
def test_a_wrong_extension_from_a_template_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = video(output="{{ params.output }}")
    operator.output_uri = f"file://{tmp_path}/wrong.jpg"  # as Airflow renders it
    with pytest.raises(AirflowFailException, match="output: must end in an extension of the video"):
        run(operator, task_instance)
    assert sandbox.requests("POST") == []


NO_OUTPUTS = [
    *("clips", "clips/clip.mp4", "~/clip.mp4", "C:\\clips\\clip.mp4", "https://cdn.example/clip.mp4"),
    *("file://tmp/clip.mp4", "file://clip.mp4", "s3://", "s3:///", "s3:///clip.mp4", "://b/clip.mp4"),
    *("/clips/clip.mp4 ", "/clips/clip.mp4\n", " s3://b/clip.mp4", "s3://b/.mp4", "/clips/.MP4", ""),
]


@pytest.mark.parametrize("output", NO_OUTPUTS)
def test_what_is_no_place_for_a_file_fails_the_import(output: str) -> None:
    with pytest.raises(KlingRequestError, match="output: must "):
        video(output=output)


@pytest.mark.contract
@pytest.mark.parametrize("output", NO_OUTPUTS)
def test_what_is_no_place_for_a_file_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, output: str
) -> None:
    operator = video(output="{{ params.output }}")
    operator.output_uri = output  # as Airflow renders it
    with pytest.raises(AirflowFailException, match="output: must "):
        run(operator, task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
@pytest.mark.parametrize(
    ("output", "said", "retryable"),
    [
        ("nosuch://bucket/clip.mp4", "cannot be used", False),
        ("{tmp}/" + "a" * 220 + ".mp4", "a name that is longer than", False),
        ("{tmp}/" + "ä" * 120 + ".mp4", "a name that is longer than", False),
        ("{tmp}/taken/clips/clip.mp4", "taken is a file, and no folder", False),
        ("{tmp}/taken/clips", "taken is a file, and no folder", False),
    ],
)
def test_an_output_that_cannot_be_written_fails_before_anything_is_paid(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    tmp_path: Path,
    output: str,
    said: str,
    retryable: bool,
) -> None:
    (tmp_path / "taken").write_bytes(STRANGE)
    with pytest.raises(KlingMediaError, match=said) as told:
        run(video(output=output.format(tmp=tmp_path)), task_instance)
    assert told.value.retryable is retryable
    assert "Nothing was submitted or billed" in str(told.value)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
@pytest.mark.parametrize("storage", ["bucket"], indirect=True)
@pytest.mark.parametrize("name", ["clip.mp4", "clips/"])
def test_a_bucket_that_does_not_exist_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage, name: str
) -> None:
    output = f"{storage.uri}-and-more/{name}"
    with pytest.raises(KlingMediaError, match=r"in a bucket that does not exist\. Nothing was submitted"):
        run(video(output=output), task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
def test_a_slash_at_the_end_makes_a_folder(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    result = run(video(output=f"{tmp_path}/clips.mp4/"), task_instance)
    assert result["uri"] == f"{tmp_path}/clips.mp4/{result['task_id']}.mp4"
    KlingVideoOperator.partial(task_id="make", output="s3://b/clips.mp4/").expand(prompt=["a"])


# -- what is there already -------------------------------------------------------------------------


@pytest.mark.contract
@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mp4.json"])
def test_an_output_that_is_somebody_elses_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, deferrable: bool, name: str
) -> None:
    (tmp_path / name).write_bytes(STRANGE)
    operator = video(output=f"file://{tmp_path}/clip.mp4", deferrable=deferrable)
    with pytest.raises(AirflowFailException, match=r"output: .*clip\.mp4 must not be replaced") as told:
        run(operator, task_instance)
    assert "Nothing was submitted or billed" in str(told.value)
    assert isinstance(told.value, KlingMediaError)
    assert sandbox.requests("POST") == []
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == STRANGE
    (tmp_path / name).unlink()
    assert run(operator, task_instance)["uri"] == f"file://{tmp_path}/clip.mp4"


@pytest.mark.contract
def test_a_file_in_the_place_of_the_folder_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    (tmp_path / "clips").write_bytes(STRANGE)
    with pytest.raises(AirflowFailException, match="is a file, and no folder for results can be made there"):
        run(video(output=f"file://{tmp_path}/clips"), task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
def test_a_file_that_appears_while_the_generation_runs_is_kept(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = video(output=f"file://{tmp_path}/clip.mp4")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    for name in ("clip.mp4", "clip.jpg"):
        (tmp_path / name).write_bytes(STRANGE)
    result = operator.execute_complete(context(operator, task_instance), event=fire(deferred.value.trigger))
    assert result["uri"] == f"file://{tmp_path}/clip-1.mp4"
    assert [one["uri"] for one in result["resources"]] == [result["uri"]]
    assert result["poster_uri"] == f"file://{tmp_path}/clip-1.jpg"
    assert [(tmp_path / name).read_bytes() for name in ("clip.mp4", "clip.jpg")] == [STRANGE, STRANGE]
    assert names(tmp_path) == ["clip-1.jpg", "clip-1.mp4", "clip-1.mp4.json", "clip.jpg", "clip.mp4"]
    task_instance.retry()
    again = run(operator, task_instance)
    assert (again["uri"], again["reused"]) == (result["uri"], True)
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.contract
def test_the_picture_that_a_video_starts_with_is_not_replaced_by_its_poster(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    (tmp_path / "scene.jpg").write_bytes(STRANGE)
    result = run(video(output=f"file://{tmp_path}/scene.mp4"), task_instance)
    assert result["poster_uri"] == f"file://{tmp_path}/scene-1.jpg"
    assert (tmp_path / "scene.jpg").read_bytes() == STRANGE


@pytest.mark.contract
def test_another_run_of_the_task_replaces_its_clip_and_its_poster(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    def make(prompt: str, run_id: str) -> Any:
        return run(video(prompt=prompt, output=f"file://{tmp_path}/clip.mp4"), instance(run_id=run_id))

    yesterday = make("A paper boat", "yesterday")
    poster = (tmp_path / "clip.jpg").read_bytes()
    today = make("An owl", "today")
    assert today["uri"] == yesterday["uri"]
    assert today["sha256"] != yesterday["sha256"]
    assert names(tmp_path) == ["clip.jpg", "clip.mp4", "clip.mp4.json"]
    assert (tmp_path / "clip.jpg").read_bytes() != poster


@pytest.mark.contract
def test_another_task_with_the_same_output_pays_nothing_and_changes_nothing(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    run(video(output=f"file://{tmp_path}/clip.mp4"), instance())
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    with pytest.raises(AirflowFailException, match="was written by task 'make' of DAG 'dag'"):
        run(video(output=f"file://{tmp_path}/clip.mp4"), instance(task_id="other"))
    assert sandbox.stats()["submissions_accepted"] == 1
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


@pytest.mark.contract
def test_a_download_never_replaces_anothers_file(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = run(video(), task_instance)
    for name in ("wrong.jpg", "clip.mp4"):
        (tmp_path / name).write_bytes(STRANGE)
    get = KlingDownloadOperator(task_id="get", source=made, output=f"file://{tmp_path}/clip.mp4")
    assert run(get, instance(task_id="get"))["uri"] == f"file://{tmp_path}/clip-1.mp4"
    as_image = KlingDownloadOperator(task_id="as", source=made, output=f"file://{tmp_path}/new.jpg")
    result = run(as_image, instance(task_id="as"))
    assert (result["uri"], result["poster_uri"]) == (
        f"file://{tmp_path}/new.jpg",
        f"file://{tmp_path}/new-1.jpg",
    )
    assert (tmp_path / "new.jpg").stat().st_size == result["bytes"]


# -- frames and films ------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> str:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(Clip(frames=3).encoded())
    return f"file://{folder}/clip.mp4"


def frame(clip: str, output: Path) -> VideoFrameOperator:
    return VideoFrameOperator(task_id="make", source=clip, output=f"file://{output}")


def film(clip: str, output: Path) -> VideoConcatOperator:
    return VideoConcatOperator(task_id="make", clips=[clip, clip], output=f"file://{output}")


@pytest.mark.parametrize(("make", "name"), [(frame, "a.jpg"), (film, "a.mp4")])
def test_a_frame_and_a_film_replace_only_their_own_file(
    tmp_path: Path, clip: str, make: Callable[[str, Path], Any], name: str
) -> None:
    output = tmp_path / "out" / name
    first = run(make(clip, output), instance(run_id="yesterday"))
    assert run(make(clip, output), instance()) == first
    before = {path: path.read_bytes() for path in output.parent.iterdir()}
    for other in (instance(task_id="other"), instance(map_index=0)):
        with pytest.raises(AirflowFailException, match=f"{name} must not be replaced"):
            run(make(clip, output), other)
    assert {path: path.read_bytes() for path in output.parent.iterdir()} == before
    output.write_bytes(STRANGE)
    with pytest.raises(AirflowFailException, match="has been changed since this task wrote it"):
        run(make(clip, output), instance())
    assert output.read_bytes() == STRANGE


def test_a_film_is_not_written_over_its_own_clip(tmp_path: Path, clip: str) -> None:
    made = tmp_path / "film.mp4"
    run(film(clip, made), instance())
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    for source in (
        str(made),
        f"local://{made}",
        f"{tmp_path}/folder/../film.mp4",
        f"{tmp_path}/link/film.mp4",
    ):
        content = made.read_bytes()
        with pytest.raises(AirflowFailException, match="output: must not be one of the clips"):
            run(film(source, made), instance())
        assert made.read_bytes() == content
    for source in (clip, f"file://{made}"):  # a stranger's, and one that the task itself has made
        path = Path(source.removeprefix("file://"))
        content = path.read_bytes()
        with pytest.raises(AirflowFailException, match="output: must not be one of the clips"):
            run(film(source, path), instance())
        assert path.read_bytes() == content


def test_a_frame_does_not_take_the_place_of_a_poster(tmp_path: Path, clip: str) -> None:
    made = run(film(clip, tmp_path / "film.mp4"), instance())
    assert made["poster_uri"] == f"file://{tmp_path}/film.jpg"
    poster = (tmp_path / "film.jpg").read_bytes()
    with pytest.raises(AirflowFailException, match=r"film\.jpg must not be replaced"):
        run(frame(clip, tmp_path / "film.jpg"), instance())
    assert (tmp_path / "film.jpg").read_bytes() == poster


# -- mapped tasks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "same"),
    [
        ("s3://b/clip.mp4", True),
        ("s3://b/{{ ds }}/clip.mp4", True),
        ("s3://b/{{ run_id }}/{{ dag.dag_id }}-{{ logical_date.year }}.mp4", True),
        ("{% if ds %}a{% endif %}.mp4", True),
        ("s3://b/{{ ti.map_index }}.mp4", False),
        ("s3://b/{{ ds }}/{{ task_instance.map_index }}.mp4", False),
        ("s3://b/{{ params.name }}.mp4", False),
        ("s3://b/{{ loop.index }}.mp4", False),
        ("s3://b/{{ [1, 2, 3] | random }}.mp4", False),
        ("s3://b/{{ macros.uuid.uuid4() }}.mp4", False),
        ("s3://b/{{ broken", False),
    ],
)
def test_a_template_of_the_run_is_the_same_for_all_map_indexes(template: str, same: bool) -> None:
    assert is_same_in_a_run(template) is same


MAPPED: list[tuple[Any, dict[str, Any]]] = [
    (KlingVideoOperator, {}),
    (KlingGenerateOperator, {"model": "kling-video-o1"}),
    (KlingDownloadOperator, {}),
    (KlingTaskSensor, {}),
    (VideoFrameOperator, {}),
    (VideoConcatOperator, {}),
]


@pytest.mark.parametrize(("operator", "arguments"), MAPPED)
@pytest.mark.parametrize("output", ["s3://b/clip.mp4", "s3://b/{{ ds }}/clip.mp4", Path("/clips/clip.mp4")])
def test_one_file_for_all_map_indexes_fails_the_import(
    operator: Any, arguments: dict[str, Any], output: Any
) -> None:
    with pytest.raises(AirflowFailException, match=r"same file for each map index .*\{\{ ti\.map_index \}\}"):
        operator.partial(task_id="make", output=output, **arguments)


@pytest.mark.parametrize("output", ["s3://b/{{ ti.map_index }}.mp4", "s3://b/clips/", "{{ params.output }}"])
def test_a_file_for_each_map_index_and_a_folder_are_taken(output: str) -> None:
    with DAG("mapped"):
        mapped = KlingVideoOperator.partial(task_id="make", output=output).expand(prompt=["a", "b"])
        each = KlingVideoOperator.partial(task_id="each", prompt="a").expand(output=["s3://b/1.mp4"])
    assert (mapped.task_id, each.task_id) == ("make", "each")


def decorated(output: str) -> Any:
    make = operator_of(video_task(mode="std", duration=5, output=output), lambda: "A paper boat")
    object.__setattr__(make, "_BaseOperator__from_mapped", True)  # as expand() makes it
    return make


def in_group(output: str) -> Any:
    return video(output=output)  # of a mapped group: made while the DAG is parsed, with a map index later


@pytest.mark.contract
@pytest.mark.parametrize("make", [decorated, in_group])
def test_one_file_for_all_map_indexes_is_refused_before_anything_is_paid(
    sandbox: SandboxProcess, tmp_path: Path, make: Callable[[str], Any]
) -> None:
    for index in (0, 1):
        with pytest.raises(AirflowFailException, match="same file for each map index"):
            run(make(f"file://{tmp_path}/clip.mp4"), instance(map_index=index))
    assert sandbox.requests("POST") == []
    assert run(make(f"file://{tmp_path}/clip.mp4"), instance())["uri"] == f"file://{tmp_path}/clip.mp4"
    assert run(make(f"file://{tmp_path}/folder"), instance(map_index=0))["uri"]


def expanded(output: str) -> KlingVideoOperator:
    """Return an operator whose ``output`` may be an argument of ``expand()``."""
    operator = video(output=output)
    object.__setattr__(operator, "_BaseOperator__from_mapped", True)
    return operator


@pytest.mark.contract
def test_a_map_index_whose_file_another_one_has_written_pays_nothing(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    operator = expanded(f"file://{tmp_path}/clip.mp4")
    run(operator, instance(map_index=0))
    with pytest.raises(AirflowFailException, match=r"map index 0.*put \{\{ ti\.map_index \}\} into `output`"):
        run(operator, instance(map_index=1))
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.contract
def test_map_indexes_that_run_at_once_lose_no_paid_result(sandbox: SandboxProcess, tmp_path: Path) -> None:
    operator = expanded(f"file://{tmp_path}/clip.mp4")
    instances = [instance(map_index=index) for index in range(3)]
    deferred = []
    for one in instances:
        operator.prompt = f"Boat {one.map_index}"
        with pytest.raises(TaskDeferred) as waiting:
            operator.execute(context(operator, one))
        deferred.append(waiting.value)
    results = [
        operator.execute_complete(context(operator, one), event=fire(waiting.trigger))
        for one, waiting in zip(instances, deferred, strict=True)
    ]
    stored = ["clip.mp4", "clip-1.mp4", "clip-2.mp4"]
    assert [one["uri"] for one in results] == [f"file://{tmp_path}/{name}" for name in stored]
    for one, other in itertools.combinations(results, 2):
        assert one["sha256"] != other["sha256"]
    assert sandbox.stats()["submissions_accepted"] == 3


@pytest.mark.contract
def test_an_iteration_of_a_loop_does_not_write_over_the_one_before(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    def iteration(index: int) -> tuple[FakeTaskInstance, Any]:
        """Return what Airflow 3.4 puts into a context."""
        task_instance = instance()
        vars(task_instance).update(region_id="0199a0c1-0000-7000-8000-000000000001", region_index=index)
        return task_instance, SimpleNamespace(index=index)

    operator = video(output=f"file://{tmp_path}/clip.mp4")
    task_instance, loop = iteration(0)
    run(operator, task_instance, loop=loop)
    before = (tmp_path / "clip.mp4").read_bytes()
    task_instance, loop = iteration(1)
    with pytest.raises(AirflowFailException, match="iteration 0"):
        run(operator, task_instance, loop=loop)
    assert (tmp_path / "clip.mp4").read_bytes() == before
    assert sandbox.stats()["submissions_accepted"] == 1


def test_the_decorators_take_what_the_operators_take() -> None:
    with pytest.raises(KlingRequestError, match="extension of the video"):
        operator_of(video_task(output="s3://b/wrong.jpg"), lambda: "x")
    with pytest.raises(KlingRequestError, match="extension of the image"):
        operator_of(generate_task(model="kling-image-o1", output="s3://b/wrong.mp4"), lambda: "x")
