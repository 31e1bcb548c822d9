"""Stored results are probed; what differs from the request is logged, and what is damaged is kept."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import probe_stored
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.task_runner import run, video

pytestmark = pytest.mark.contract


def test_the_result_has_the_properties_of_the_stored_clip(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    requested = video(output=f"file://{tmp_path}/boat.mp4", sound="on", aspect_ratio="1:1")
    with caplog.at_level(logging.WARNING):
        result = run(requested, task_instance)
    assert (result["width"], result["height"], result["duration_s"]) == (720, 720, 5.0)
    assert (result["fps"], result["codec"], result["has_audio"]) == (24.0, "h264", True)
    assert result["audio_codec"] == "aac"
    assert "not what was requested" not in caplog.text


def test_a_result_that_is_not_stored_is_not_probed(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    result = run(video(), task_instance)
    assert [result[key] for key in ("fps", "codec", "has_audio", "audio_codec")] == [None] * 4


def test_a_clip_that_differs_from_the_request_is_kept_with_a_warning(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = tmp_path / "boat.mp4"
    run(video(output=f"file://{clip}"), task_instance)
    with caplog.at_level(logging.WARNING), MediaReader() as reader:
        probe_stored(
            ObjectStoragePath(f"file://{clip}"),
            request={"duration": 10, "aspect_ratio": "9:16", "sound": "on", "mode": "std"},
            reader=reader,
        )
    messages = [
        record.getMessage() for record in caplog.records if "not what was requested" in record.message
    ]
    assert len(messages) == 3, "its duration, its aspect ratio, its audio"


def test_a_file_that_cannot_be_decoded_is_kept_and_named(tmp_path: Path) -> None:
    clip = tmp_path / "boat.mp4"
    clip.write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    said = r"It was paid for and stays stored as .*boat\.mp4"
    with pytest.raises(KlingMediaError, match=said) as broken, MediaReader() as reader:
        probe_stored(ObjectStoragePath(f"file://{clip}"), request=None, reader=reader)
    assert not broken.value.retryable
    assert clip.exists()


def test_a_stored_image_is_probed_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = KlingGenerateOperator(
        task_id="make",
        model="kling-image-o1",
        parameters={"prompt": "An owl", "aspect_ratio": "3:2"},
        output=f"file://{tmp_path}/owl.png",
    )
    result = run(operator, task_instance)
    assert result["width"] * 2 == result["height"] * 3
    assert (result["codec"], result["duration_s"], result["has_audio"]) == ("png", None, False)


WITHOUT_EXTRA = """
import sys
sys.meta_path.insert(0, type("Blocked", (), {"find_spec": lambda self, name, *_: missing(name)})())

def missing(name):
    if name.partition(".")[0] in ("av", "numpy", "PIL"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "av" else found(name, package)

import json, pytest
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from tests.conftest import FakeTaskInstance
from tests.task_runner import poll_often, run, video
from tests.variables import FakeVariables

poll_often(pytest.MonkeyPatch())
FakeVariables().install(pytest.MonkeyPatch())
output = sys.argv[1]
made = run(video(output=f"{output}/made.mp4"), FakeTaskInstance())
get = KlingDownloadOperator(task_id="get", source=made["task_id"], output=f"{output}/downloaded.mp4")
downloaded = run(get, FakeTaskInstance())
errors = []
for operator in (
    VideoFrameOperator(task_id="frame", source=made, output=f"{output}/frame.png"),
    VideoConcatOperator(task_id="concat", clips=[made, downloaded], output=f"{output}/concat.mp4"),
):
    try:
        run(operator, FakeTaskInstance())
    except KlingMediaError as error:
        errors.append([str(error), error.retryable])
print("RESULT", json.dumps([made, downloaded, errors]))
"""


def test_without_the_extra_generations_work_and_the_media_operators_say_what_to_install(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA, f"file://{tmp_path}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    made, downloaded, errors = json.loads(ran.stdout.partition("RESULT ")[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "downloaded.mp4",
        "downloaded.mp4.json",
        "made.mp4",
        "made.mp4.json",
    ]
    assert made["sha256"] == downloaded["sha256"]
    assert (made["fps"], made["poster_uri"]) == (None, None)
    assert len(errors) == 2
    for message, retryable in errors:
        assert "pip install 'airflow-provider-kling[media]'" in message
        assert not retryable
