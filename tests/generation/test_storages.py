"""Any storage of Airflow's: media are read from it, frames and films go to it, and its troubles are told."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import file_at, is_there, reading
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip, watch
from tests.places import Place
from tests.task_runner import run, video

CLIP = Clip(frames=24, first=7)


def test_a_frame_is_taken_from_a_storage_and_put_onto_it(
    task_instance: FakeTaskInstance, place: Place
) -> None:
    place.write("clip.mp4", CLIP.made())
    operator = VideoFrameOperator(
        task_id="frame", source=f"{place.uri}/clip.mp4", output=f"{place.uri}/frames/last.png"
    )
    result = run(operator, task_instance)
    stored = place.read("frames/last.png") or b""
    assert Image.open(io.BytesIO(stored)).size == (160, 96)
    assert (result["uri"], result["bytes"]) == (f"{place.uri}/frames/last.png", len(stored))
    assert result["seconds"] == pytest.approx(23 / 24)
    assert place.names() == ["clip.mp4", "frames/last.png"]


def test_a_film_is_joined_on_a_storage(task_instance: FakeTaskInstance, place: Place) -> None:
    place.write("1.mp4", CLIP.made())
    place.write("2.mp4", Clip(frames=12, first=200, width=64, height=64).made())
    operator = VideoConcatOperator(
        task_id="film",
        clips=[f"{place.uri}/2.mp4", f"{place.uri}/1.mp4"],
        output=f"{place.uri}/films/film.mp4",
    )
    result = run(operator, task_instance)
    assert len(watch(place.read("films/film.mp4") or b"")) == result["frames"] == 36
    assert result["poster_uri"] == f"{place.uri}/films/film.jpg"
    assert place.names() == ["1.mp4", "2.mp4", "films/film.jpg", "films/film.mp4"]


def test_a_clip_that_is_missing_leaves_nothing(task_instance: FakeTaskInstance, place: Place) -> None:
    place.write("1.mp4", CLIP.made())
    clips = [f"{place.uri}/1.mp4", f"{place.uri}/2.mp4"]
    operator = VideoConcatOperator(task_id="film", clips=clips, output=f"{place.uri}/film.mp4")
    with pytest.raises(KlingMediaError, match=r"2\.mp4 could not be read") as missing:
        run(operator, task_instance)
    assert not isinstance(missing.value, AirflowFailException)
    assert place.names() == ["1.mp4"]


@pytest.mark.contract
def test_media_are_read_from_a_storage(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, place: Place
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (320, 320), "teal").save(picture, "PNG")
    place.write("still.png", picture.getvalue())
    result = run(video(images=[f"{place.uri}/still.png"]), task_instance)
    assert result["status"] == "success"
    [sent] = sandbox.requests("POST")
    assert len(sent["body"]["images"]) == 1


def test_what_another_process_has_written_is_seen(place: Place) -> None:
    uri = f"{place.uri}/clips/boat.mp4"
    place.files.makedirs(place.path("clips"), exist_ok=True)
    place.write("clips/other.mp4", b"another")
    files = file_at(uri).fs
    assert len(files.ls(place.path("clips"))) == 1  # fsspec keeps this
    place.write("clips/boat.mp4", b"short")
    assert is_there(file_at(uri))
    files.ls(place.path("clips"))
    place.write("clips/boat.mp4", b"longer than before")
    with reading(file_at(uri)) as stored:
        assert stored.read() == b"longer than before"


NOWHERE = {"bucket": "s3://aws_default@no-such-bucket", "folder": "file:///proc/no-such-folder"}


@pytest.mark.contract
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_result_that_cannot_be_stored_is_kept_for_the_next_try(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, place: Place, deferrable: bool
) -> None:
    nowhere = NOWHERE["bucket" if place.uri.startswith("s3") else "folder"]
    with pytest.raises(KlingMediaError, match=r"boat\.mp4 cannot be .*finds the same task") as told:
        run(video(output=f"{nowhere}/boat.mp4", deferrable=deferrable), task_instance)
    assert nowhere in str(told.value)
    assert not isinstance(told.value, AirflowFailException)
    task_instance.retry()
    result = run(video(output=f"{place.uri}/boat.mp4", deferrable=deferrable), task_instance)
    assert place.names() == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
    assert result["uri"] == f"{place.uri}/boat.mp4"
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.contract
def test_a_storage_that_does_not_say_what_is_there_costs_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = video(output=f"{place.uri}/boat.mp4")
    run(operator, task_instance)
    sandbox.advance(31 * 24 * 3600.0)  # the service has forgotten the task, so a lost copy would be made anew

    def out_of_order(*_: Any, **__: Any) -> Any:
        raise PermissionError("try again later")

    task_instance.max_tries = 1  # cleared
    files = file_at(f"{place.uri}/boat.mp4").fs
    with monkeypatch.context() as patch:
        patch.setattr(files, "info", out_of_order)
        with pytest.raises(KlingMediaError, match=r"boat\.mp4 cannot be looked for \(PermissionError"):
            run(operator, task_instance)
    assert sandbox.stats()["submissions_accepted"] == 1
    assert run(operator, task_instance)["reused"]
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.parametrize("uri", ["foo://bucket/boat.mp4", "gs://bucket/boat.mp4"])
def test_a_storage_that_is_not_installed_is_told(task_instance: FakeTaskInstance, uri: str) -> None:
    operator = VideoFrameOperator(task_id="frame", source=uri, output="file:///tmp/frame.png")
    with pytest.raises(KlingMediaError) as told:
        run(operator, task_instance)
    assert str(told.value).startswith(f"{uri} cannot be used (ValueError: ")


@pytest.mark.contract
@pytest.mark.parametrize("uri", ["foo://bucket/boat.mp4", "gs://bucket/"])
def test_an_output_that_cannot_be_stored_to_is_told_before_anything_is_paid_for(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, uri: str
) -> None:
    with pytest.raises(KlingMediaError, match=r"output: .*cannot be used .*Nothing was sent or billed"):
        run(video(output=uri), task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
def test_a_task_is_fetched_once_onto_each_storage(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, place: Place
) -> None:
    made = run(video(), task_instance)
    place.write("boat.mp4", b"an older file")
    place.write("boat.mp4.0123456789ab.part", b"what a killed one left")
    get = KlingDownloadOperator(task_id="get", source=made, output=f"{place.uri}/boat.mp4")
    first = run(get, task_instance)
    assert run(get, task_instance) == first
    assert sandbox.stats()["downloads"] == 1
    assert place.names() == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
