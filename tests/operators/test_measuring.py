"""What a stored result is, measured; what differs from the request is warned of, what is broken is kept."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from airflow_provider_kling.operators.measuring import measure
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.operators.harness import run, video

pytestmark = pytest.mark.contract


def test_the_result_tells_what_the_stored_clip_is(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = video(output=f"file://{tmp_path}/boat.mp4", sound="on", aspect_ratio="1:1")
    with caplog.at_level(logging.WARNING):
        result = run(asked, task_instance)
    assert (result["width"], result["height"], result["duration_s"]) == (720, 720, 5.0)
    assert (result["fps"], result["codec"], result["has_audio"]) == (24.0, "h264", True)
    assert result["audio_codec"] == "aac"
    assert "not what was asked for" not in caplog.text


def test_what_is_not_stored_is_not_measured(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    result = run(video(), task_instance)
    assert [result[key] for key in ("fps", "codec", "has_audio", "audio_codec")] == [None] * 4


def test_a_clip_that_is_not_what_was_asked_for_is_warned_of_and_kept(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = tmp_path / "boat.mp4"
    run(video(output=f"file://{clip}"), task_instance)
    with caplog.at_level(logging.WARNING):
        measure(
            ObjectStoragePath(f"file://{clip}"),
            request={"duration": 10, "aspect_ratio": "9:16", "sound": "on", "mode": "std"},
        )
    told = [record.getMessage() for record in caplog.records if "not what was asked for" in record.message]
    assert len(told) == 3, "its length, its shape, its sound"


def test_a_file_that_cannot_be_decoded_is_kept_and_told(tmp_path: Path) -> None:
    clip = tmp_path / "boat.mp4"
    clip.write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    with pytest.raises(KlingMediaError, match=r"It was paid for and stays .*boat\.mp4") as broken:
        measure(ObjectStoragePath(f"file://{clip}"), request=None)
    assert not broken.value.retryable
    assert clip.exists()


def test_pictures_are_measured_too(
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
sys.modules["av"] = None  # as if it were not installed

class NoLibrary:
    def find_spec(self, name, path=None, target=None):
        if name == "av":
            raise ModuleNotFoundError(name)

import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "av" else find(name, package)

from airflow.sdk import ObjectStoragePath
from airflow_provider_kling.operators.measuring import measure
assert measure(ObjectStoragePath("file://" + sys.argv[1]), request=None) is None

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.probe import probe
try:
    probe(open(sys.argv[1], "rb"), name="clip")
except KlingMediaError as error:
    print(error)
"""


def test_without_the_extra_results_are_stored_unmeasured_and_what_needs_it_says_how_to_install_it(
    tmp_path: Path,
) -> None:
    clip = tmp_path / "boat.mp4"
    clip.write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA, str(clip)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "pip install 'airflow-provider-kling[media]'" in ran.stdout
