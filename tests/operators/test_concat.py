"""``VideoConcatOperator``: stored videos become one stored output, or a clear error and no file."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError, KlingRequestError
from airflow_provider_kling.operators.media import VideoConcatOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip, decode_video
from tests.task_runner import run, video

CLIP = Clip(frames=24, audio=True)
OUTPUTS = ["output.jpg", "output.mp4", "output.mp4.json"]
SILENT = Clip(frames=30, fps=30, first=200, width=320, height=320)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A folder with the clips ``0.mp4``, ``1.mp4`` and ``2.mp4``, which are alike, and ``other.mp4``."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.mp4").write_bytes(replace(CLIP, first=100 * number).encoded())
    (folder / "other.mp4").write_bytes(SILENT.encoded())
    return folder


def concat(folder: Path, clips: Sequence[str], output: Path, **arguments: Any) -> VideoConcatOperator:
    uris = [f"file://{folder / clip}" for clip in clips]
    return VideoConcatOperator(task_id="concat", clips=uris, output=f"file://{output}", **arguments)


def numbers(output: Path) -> list[int]:
    return [frame.number for frame in decode_video(output.read_bytes())]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results" / "output.mp4"


def test_a_clip_whose_audio_cannot_be_decoded_is_silent_and_told(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    unknown = replace(CLIP, first=300).encoded().replace(b"mp4a", b"apac").replace(b"esds", b"free")
    (scenes / "unknown.mp4").write_bytes(unknown)
    result = run(concat(scenes, ["0.mp4", "unknown.mp4"], output), task_instance)
    assert numbers(output) == [*range(24), *range(300, 324)]
    assert result["warnings"] == [
        f"file://{scenes}/unknown.mp4 has audio that FFmpeg cannot decode or mix to stereo, so it is silent"
    ]


def test_clips_are_concatenated_in_order_and_the_result_describes_the_output(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    result = run(concat(scenes, ["2.mp4", "0.mp4", "1.mp4"], output), task_instance)
    assert numbers(output) == [*range(200, 224), *range(24), *range(100, 124)]
    assert result == {
        "uri": f"file://{output}",
        "poster_uri": f"file://{output.with_suffix('.jpg')}",
        "clips": 3,
        "method": "copied",
        "frames": 72,
        "duration_s": 3.0,
        "width": 160,
        "height": 96,
        "fps": 24.0,
        "has_audio": True,
        "warnings": [],
        "bytes": output.stat().st_size,
        "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
    }
    assert json.loads(json.dumps(result)) == result
    assert sorted(path.name for path in output.parent.iterdir()) == OUTPUTS
    assert Image.open(output.with_suffix(".jpg")).size == (160, 96)


def test_clips_that_differ_are_encoded_like_the_first(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    result = run(concat(scenes, ["0.mp4", "other.mp4"], output), task_instance)
    assert (result["method"], result["width"], result["height"], result["fps"]) == ("encoded", 160, 96, 24.0)
    assert (result["duration_s"], result["has_audio"]) == (2.0, True)


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ({"size": [320, 192]}, {"width": 320, "height": 192}),
        ({"fps": 12}, {"fps": 12.0, "frames": 24}),
        ({"fps": 29.97}, {"fps": 29.97, "frames": 60}),
        ({"fps": "30000/1001"}, {"fps": 29.97, "frames": 60}),
        ({"fps": Fraction(25)}, {"fps": 25.0, "frames": 50}),
        ({"fade_s": 0.5}, {"frames": 36, "duration_s": 1.5}),
        ({"trim_frames": 4}, {"frames": 44, "duration_s": 1.833}),
    ],
)
def test_the_options_take_effect_in_the_output(
    task_instance: FakeTaskInstance,
    scenes: Path,
    output: Path,
    arguments: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    result = run(concat(scenes, ["0.mp4", "1.mp4"], output, **arguments), task_instance)
    usual = {"frames": 48, "duration_s": 2.0, "width": 160, "height": 96, "fps": 24.0}
    expected = {**usual, "method": "encoded", **changed}
    if "fps" in changed:
        expected["duration_s"] = pytest.approx(2.0, abs=1 / 29)
    assert {name: result[name] for name in expected} == expected
    assert len(numbers(output)) == expected["frames"]


def test_an_existing_output_is_replaced(task_instance: FakeTaskInstance, scenes: Path, output: Path) -> None:
    run(concat(scenes, ["0.mp4", "1.mp4"], output), task_instance)
    run(concat(scenes, ["1.mp4", "2.mp4"], output), task_instance)
    assert numbers(output) == [*range(100, 124), *range(200, 224)]


def test_the_progress_is_logged(
    task_instance: FakeTaskInstance, scenes: Path, output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run(concat(scenes, ["0.mp4", "1.mp4", "2.mp4"], output), task_instance)
    messages = [message for message in caplog.messages if message.startswith("Concatenated")]
    assert messages[:3] == [
        "Concatenated 1.0 of 3.0 s, up to video 1 of 3",
        "Concatenated 2.0 of 3.0 s, up to video 2 of 3",
        "Concatenated 3.0 of 3.0 s, up to video 3 of 3",
    ]


@pytest.mark.parametrize(
    ("clips", "got"),
    [([], r"\[\]"), (["file:///a.mp4"], "a.mp4"), ("file:///a.mp4", "a.mp4"), (None, ""), (7, "7")],
)
def test_fewer_than_two_clips_fail_the_import(clips: Any, got: str) -> None:
    with pytest.raises(KlingRequestError, match=f"clips: must be a list of two or more videos.*{got}"):
        VideoConcatOperator(task_id="concat", clips=clips, output="file:///output.mp4")


def test_results_as_python_shows_them_lead_to_the_filter_that_keeps_them() -> None:
    made = {"uri": "file:///a.mp4"}
    with pytest.raises(KlingRequestError, match=r"clips.*: .*end the template in `\| tojson`"):
        VideoConcatOperator(task_id="concat", clips=str([made, made]), output="file:///output.mp4")
    with pytest.raises(KlingRequestError, match=r"clips.*: .*end the template in `\| tojson`"):
        VideoConcatOperator(task_id="concat", clips=[str(made), str(made)], output="file:///output.mp4")


def test_fewer_than_two_clips_fail_the_task_where_they_come_from_another(
    task_instance: FakeTaskInstance, output: Path
) -> None:
    operator = VideoConcatOperator(task_id="concat", clips="{{ params.clips }}", output=f"file://{output}")
    operator.clips = ["file:///only.mp4"]  # as Airflow renders it
    with pytest.raises(AirflowFailException, match="two or more videos"):
        run(operator, task_instance)
    assert not output.parent.exists()


def test_a_rendered_output_that_is_no_mp4_fails_the_task(
    task_instance: FakeTaskInstance, scenes: Path, tmp_path: Path
) -> None:
    operator = concat(scenes, ["0.mp4", "1.mp4"], tmp_path / "{{ params.name }}")
    operator.output_uri = f"file://{tmp_path}/results/output.mov"  # as Airflow renders it
    with pytest.raises(AirflowFailException, match=r"output: must end in \.mp4"):
        run(operator, task_instance)
    assert not (tmp_path / "results").exists()


def test_clips_without_audio_give_an_output_without_audio(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    result = run(concat(scenes, ["other.mp4", "other.mp4"], output), task_instance)
    assert (result["has_audio"], result["duration_s"], result["fps"]) == (False, 2.0, 30.0)


@pytest.mark.parametrize("clip", [None, "", {"uri": None, "url": "https://cdn.example/a.mp4"}, 7])
def test_a_clip_that_was_not_stored_is_named_by_its_index(clip: Any) -> None:
    with pytest.raises(KlingRequestError, match=r"clips\[1\]: must be a URI, or the result"):
        VideoConcatOperator(task_id="concat", clips=["file:///a.mp4", clip], output="file:///output.mp4")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": (161, 96)}, "size: must be two even numbers"),
        ({"size": (160,)}, "size: must be two numbers"),
        ({"size": 5}, "size: must be two numbers of pixels; got 5"),
        ({"size": "160x96"}, "size: must be two numbers of pixels; got '160x96'"),
        ({"size": "16"}, "size: must be two numbers"),
        ({"size": (160.5, 96)}, r"size\[0\]: must be a whole number; got 160\.5"),
        ({"size": (160, True)}, r"size\[1\]: must be a"),
        ({"size": {160, 96}}, "size: must be two numbers"),
        ({"fps": 0}, "fps: must be more than 0"),
        ({"fps": float("nan")}, "fps: must be a number"),
        ({"fps": float("inf")}, "fps: must be a number"),
        ({"fps": "fast"}, "fps: must be a number of frames a second; got 'fast'"),
        ({"fps": "1/0"}, "fps: must be a number"),
        ({"fps": 10**400}, "fps: must be a number"),
        ({"fps": "1e999999999"}, "fps: must be a number"),
        ({"fps": f"{10**400}/1"}, "fps: must be more than 0 and at most 120"),
        ({"fps": True}, "fps: must be a number"),
        ({"fade_s": -0.1}, "fade_s: must be at least 0"),
        ({"fade_s": "soft"}, "fade_s: must be a number of seconds"),
        ({"fade_s": None}, "fade_s: must be a number of seconds"),
        ({"fade_s": float("nan")}, "fade_s: must be a"),
        ({"trim_frames": -1}, "trim_frames: must be 0 or more"),
        ({"trim_frames": "one"}, "trim_frames: must be a whole number"),
        ({"trim_frames": True}, "trim_frames: must be a"),
        ({"clips": ["a.mp4", "file:///b.mp4"]}, r"clips\[0\]: must be the URI of a storage"),
        ({"output": "clips/film.mp4"}, "output: must be the URI of a storage"),
        ({"output": "file:///output.mov"}, r"output: must end in \.mp4, .*; got 'file:///output\.mov'"),
    ],
)
def test_an_invalid_option_fails_the_import(arguments: dict[str, Any], said: str) -> None:
    usual = {"clips": ["file:///a.mp4", "file:///b.mp4"], "output": "file:///output.mp4"}
    with pytest.raises(KlingRequestError, match=said):
        VideoConcatOperator(task_id="concat", **{**usual, **arguments})


def test_options_may_be_text_and_paths_may_be_objects(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    operator = VideoConcatOperator(
        task_id="concat",
        clips=[ObjectStoragePath(f"file://{scenes}/0.mp4"), scenes / "1.mp4"],
        output=ObjectStoragePath(f"file://{output}"),
        size=["320", "192"],
        fps="24",
        fade_s=timedelta(milliseconds=500),
        trim_frames="1",
    )
    result = run(operator, task_instance)
    assert (result["width"], result["height"], result["fps"]) == (320, 192, 24.0)
    assert result["frames"] == 24 + 23 - 12
    assert result["uri"] == f"file://{output}"


def test_clips_may_be_json_as_the_filter_tojson_writes_it(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    operator = VideoConcatOperator(
        task_id="concat", clips="{{ params.clips | tojson }}", output=f"file://{output}"
    )
    results = [{"uri": f"file://{scenes}/0.mp4", "url": None}, json.dumps({"uri": f"file://{scenes}/1.mp4"})]
    operator.clips = json.dumps(results)  # as Airflow renders it
    assert run(operator, task_instance)["frames"] == 48


def test_a_damaged_clip_is_named_and_not_retried(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    (scenes / "1.mp4").write_bytes(b"<html>expired</html>")
    with pytest.raises(AirflowFailException, match=rf"{scenes}/1\.mp4 cannot be read as a video"):
        run(concat(scenes, ["0.mp4", "1.mp4"], output), task_instance)
    assert not output.parent.exists()


def test_a_missing_clip_is_named_and_retryable(
    task_instance: FakeTaskInstance, scenes: Path, output: Path
) -> None:
    with pytest.raises(KlingMediaError, match=rf"{scenes}/7\.mp4 cannot be read") as missing:
        run(concat(scenes, ["0.mp4", "7.mp4"], output), task_instance)
    assert not isinstance(missing.value, AirflowFailException)
    assert not output.parent.exists()


def test_a_storage_that_fails_during_the_write_keeps_the_existing_output(
    task_instance: FakeTaskInstance, scenes: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(concat(scenes, ["0.mp4", "1.mp4"], output), task_instance)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(LocalFileSystem, "mv", broken)
    with pytest.raises(KlingMediaError, match=r"output\.mp4.* cannot be written \(OSError: the disk"):
        run(concat(scenes, ["1.mp4", "2.mp4"], output), task_instance)
    assert numbers(output) == [*range(24), *range(100, 124)]
    assert sorted(path.name for path in output.parent.iterdir()) == OUTPUTS


def test_nothing_stays_on_the_workers_disk(
    task_instance: FakeTaskInstance,
    scenes: Path,
    output: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    run(concat(scenes, ["0.mp4", "1.mp4"], output), task_instance)
    with pytest.raises(KlingMediaError):
        run(concat(scenes, ["0.mp4", "7.mp4"], output), task_instance)
    assert list(disk.iterdir()) == []


@pytest.mark.contract
def test_the_results_of_generations_can_be_concatenated(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = [
        run(video(prompt=prompt, output=f"file://{tmp_path}/{prompt}.mp4"), FakeTaskInstance())
        for prompt in ("one", "two")
    ]
    operator = VideoConcatOperator(task_id="concat", clips=made, output=f"file://{tmp_path}/output.mp4")
    result = run(operator, task_instance)
    assert (result["clips"], result["method"], result["duration_s"]) == (2, "copied", 10.0)
    assert (result["width"], result["height"]) == (1280, 720)
