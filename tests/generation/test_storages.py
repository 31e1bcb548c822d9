"""Any storage that Airflow supports: media are read from it and written to it; its errors are reported."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import output_location
from airflow_provider_kling.generation.files import exists, file_at, reading
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip, decode_video
from tests.storages import Storage
from tests.task_runner import run, video

CLIP = Clip(frames=24, first=7)


def test_a_frame_of_a_stored_video_is_stored(task_instance: FakeTaskInstance, storage: Storage) -> None:
    storage.write("clip.mp4", CLIP.encoded())
    operator = VideoFrameOperator(
        task_id="frame", source=f"{storage.uri}/clip.mp4", output=f"{storage.uri}/frames/last.png"
    )
    result = run(operator, task_instance)
    stored = storage.read("frames/last.png") or b""
    assert Image.open(io.BytesIO(stored)).size == (160, 96)
    assert (result["uri"], result["bytes"]) == (f"{storage.uri}/frames/last.png", len(stored))
    assert result["seconds"] == pytest.approx(23 / 24)
    assert storage.names() == ["clip.mp4", "frames/last.png", "frames/last.png.json"]


def test_clips_on_a_storage_are_concatenated_into_it(
    task_instance: FakeTaskInstance, storage: Storage
) -> None:
    storage.write("1.mp4", CLIP.encoded())
    storage.write("2.mp4", Clip(frames=12, first=200, width=64, height=64).encoded())
    operator = VideoConcatOperator(
        task_id="concat",
        clips=[f"{storage.uri}/2.mp4", f"{storage.uri}/1.mp4"],
        output=f"{storage.uri}/results/output.mp4",
    )
    result = run(operator, task_instance)
    assert len(decode_video(storage.read("results/output.mp4") or b"")) == result["frames"] == 36
    assert result["poster_uri"] == f"{storage.uri}/results/output.jpg"
    results = [f"results/output.{end}" for end in ("jpg", "mp4", "mp4.json")]
    assert storage.names() == ["1.mp4", "2.mp4", *results]


def test_a_missing_clip_leaves_no_file(task_instance: FakeTaskInstance, storage: Storage) -> None:
    storage.write("1.mp4", CLIP.encoded())
    clips = [f"{storage.uri}/1.mp4", f"{storage.uri}/2.mp4"]
    operator = VideoConcatOperator(task_id="concat", clips=clips, output=f"{storage.uri}/output.mp4")
    with pytest.raises(KlingMediaError, match=r"2\.mp4 cannot be read") as missing:
        run(operator, task_instance)
    assert not isinstance(missing.value, AirflowFailException)
    assert storage.names() == ["1.mp4"]


@pytest.mark.contract
def test_media_are_read_from_a_storage(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    image = io.BytesIO()
    Image.new("RGB", (320, 320), "teal").save(image, "PNG")
    storage.write("still.png", image.getvalue())
    result = run(video(images=[f"{storage.uri}/still.png"]), task_instance)
    assert result["status"] == "success"
    [sent] = sandbox.requests("POST")
    assert len(sent["body"]["images"]) == 1


def test_what_another_process_has_written_is_seen(storage: Storage) -> None:
    uri = f"{storage.uri}/clips/boat.mp4"
    storage.files.makedirs(storage.path("clips"), exist_ok=True)
    storage.write("clips/other.mp4", b"another")
    files = file_at(uri).fs
    assert len(files.ls(storage.path("clips"))) == 1  # fsspec caches this
    storage.write("clips/boat.mp4", b"short")
    assert exists(file_at(uri))
    files.ls(storage.path("clips"))
    storage.write("clips/boat.mp4", b"longer than before")
    with reading(file_at(uri)) as stored:
        assert stored.read() == b"longer than before"


NOWHERE = {"bucket": "s3://aws_default@no-such-bucket", "folder": "file:///proc/no-such-folder"}


@pytest.mark.contract
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_result_that_cannot_be_stored_is_kept_for_the_next_try(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    deferrable: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output_location, "_check_bucket", lambda file: None)  # as where it may not be seen
    nowhere = NOWHERE["bucket" if storage.uri.startswith("s3") else "folder"]
    with pytest.raises(KlingMediaError, match=r"boat\.mp4 cannot be .*finds the same task") as caught:
        run(video(output=f"{nowhere}/boat.mp4", deferrable=deferrable), task_instance)
    assert nowhere in str(caught.value)
    assert not isinstance(caught.value, AirflowFailException)
    task_instance.retry()
    result = run(video(output=f"{storage.uri}/boat.mp4", deferrable=deferrable), task_instance)
    assert storage.names() == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
    assert result["uri"] == f"{storage.uri}/boat.mp4"
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.contract
def test_a_storage_that_does_not_tell_whether_a_result_exists_causes_no_new_submission(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = video(output=f"{storage.uri}/boat.mp4")
    run(operator, task_instance)
    sandbox.advance(
        31 * 24 * 3600.0
    )  # the task has expired at the service, so a lost copy would be generated again

    def out_of_order(*_: Any, **__: Any) -> Any:
        raise PermissionError("try again later")

    task_instance.max_tries = 1  # cleared
    files = file_at(f"{storage.uri}/boat.mp4").fs
    with monkeypatch.context() as patch:
        patch.setattr(files, "info", out_of_order)
        with pytest.raises(KlingMediaError, match=r"boat\.mp4 cannot be looked for \(PermissionError"):
            run(operator, task_instance)
    assert sandbox.stats()["submissions_accepted"] == 1
    assert run(operator, task_instance)["reused"]
    assert sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.parametrize("uri", ["foo://bucket/boat.mp4", "gs://bucket/boat.mp4"])
def test_a_storage_that_is_not_installed_is_named(task_instance: FakeTaskInstance, uri: str) -> None:
    operator = VideoFrameOperator(task_id="frame", source=uri, output="file:///tmp/frame.png")
    with pytest.raises(KlingMediaError) as caught:
        run(operator, task_instance)
    assert str(caught.value).startswith(f"{uri} cannot be used (ValueError: ")


@pytest.mark.contract
@pytest.mark.parametrize("uri", ["foo://bucket/boat.mp4", "gs://bucket/"])
def test_an_output_on_a_missing_storage_fails_before_anything_is_paid(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, uri: str
) -> None:
    with pytest.raises(KlingMediaError, match=r"output: .*cannot be used .*Nothing was submitted or billed"):
        run(video(output=uri), task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
def test_a_result_is_downloaded_once(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, storage: Storage
) -> None:
    made = run(video(), task_instance)
    get = KlingDownloadOperator(task_id="get", source=made, output=f"{storage.uri}/boat.mp4")
    first = run(get, task_instance)
    assert run(get, task_instance) == first
    assert sandbox.stats()["downloads"] == 1
    assert storage.names() == ["boat.jpg", "boat.mp4", "boat.mp4.json"]
