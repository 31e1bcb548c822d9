"""``VideoConcatOperator``: stored videos become one stored film, or a clear error and no file."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError, KlingRequestError
from airflow_provider_kling.operators.media import VideoConcatOperator
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip, watch
from tests.task_runner import run, video

CLIP = Clip(frames=24, sound=True)
SILENT = Clip(frames=30, fps=30, first=200, width=320, height=320)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Where the clips ``0.mp4``, ``1.mp4`` and ``2.mp4`` lie, which are alike, and ``other.mp4``."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.mp4").write_bytes(replace(CLIP, first=100 * number).made())
    (folder / "other.mp4").write_bytes(SILENT.made())
    return folder


def concat(folder: Path, clips: Sequence[str], output: Path, **arguments: Any) -> VideoConcatOperator:
    uris = [f"file://{folder / clip}" for clip in clips]
    return VideoConcatOperator(task_id="film", clips=uris, output=f"file://{output}", **arguments)


def numbers(film: Path) -> list[int]:
    return [frame.number for frame in watch(film.read_bytes())]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "films" / "film.mp4"


def test_clips_are_joined_in_their_order_and_the_result_says_what_came_of_it(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    result = run(concat(scenes, ["2.mp4", "0.mp4", "1.mp4"], film), task_instance)
    assert numbers(film) == [*range(200, 224), *range(24), *range(100, 124)]
    assert result == {
        "uri": f"file://{film}",
        "poster_uri": f"file://{film.with_suffix('.jpg')}",
        "clips": 3,
        "method": "copied",
        "frames": 72,
        "duration_s": 3.0,
        "width": 160,
        "height": 96,
        "fps": 24.0,
        "has_audio": True,
        "bytes": film.stat().st_size,
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(),
    }
    assert json.loads(json.dumps(result)) == result
    assert sorted(path.name for path in film.parent.iterdir()) == ["film.jpg", "film.mp4"]
    assert Image.open(film.with_suffix(".jpg")).size == (160, 96)


def test_clips_that_differ_are_brought_to_the_form_of_the_first(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    result = run(concat(scenes, ["0.mp4", "other.mp4"], film), task_instance)
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
def test_what_is_asked_for_reaches_the_film(
    task_instance: FakeTaskInstance,
    scenes: Path,
    film: Path,
    arguments: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    result = run(concat(scenes, ["0.mp4", "1.mp4"], film, **arguments), task_instance)
    usual = {"frames": 48, "duration_s": 2.0, "width": 160, "height": 96, "fps": 24.0}
    expected = {**usual, "method": "encoded", **changed}
    if "fps" in changed:
        expected["duration_s"] = pytest.approx(2.0, abs=1 / 29)
    assert {name: result[name] for name in expected} == expected
    assert len(numbers(film)) == expected["frames"]


def test_a_film_that_lies_there_is_replaced(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    run(concat(scenes, ["0.mp4", "1.mp4"], film), task_instance)
    run(concat(scenes, ["1.mp4", "2.mp4"], film), task_instance)
    assert numbers(film) == [*range(100, 124), *range(200, 224)]


def test_how_far_it_is_stands_in_the_log(
    task_instance: FakeTaskInstance, scenes: Path, film: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run(concat(scenes, ["0.mp4", "1.mp4", "2.mp4"], film), task_instance)
    told = [message for message in caplog.messages if message.startswith("Joined")]
    assert told[:3] == [
        "Joined 1.0 of 3.0 s, up to video 1 of 3",
        "Joined 2.0 of 3.0 s, up to video 2 of 3",
        "Joined 3.0 of 3.0 s, up to video 3 of 3",
    ]


@pytest.mark.parametrize(
    ("clips", "got"),
    [([], r"\[\]"), (["file:///a.mp4"], "a.mp4"), ("file:///a.mp4", "a.mp4"), (None, ""), (7, "7")],
)
def test_fewer_than_two_clips_fail_the_import(clips: Any, got: str) -> None:
    with pytest.raises(KlingRequestError, match=f"clips: must be a list of two or more videos.*{got}"):
        VideoConcatOperator(task_id="film", clips=clips, output="file:///film.mp4")


def test_fewer_than_two_clips_fail_the_task_where_they_come_from_another(
    task_instance: FakeTaskInstance, film: Path
) -> None:
    operator = VideoConcatOperator(task_id="film", clips="{{ params.clips }}", output=f"file://{film}")
    operator.clips = ["file:///only.mp4"]  # as Airflow renders it
    with pytest.raises(AirflowFailException, match="two or more videos"):
        run(operator, task_instance)
    assert not film.parent.exists()


def test_a_name_that_is_no_films_fails_the_task_where_a_template_makes_it(
    task_instance: FakeTaskInstance, scenes: Path, tmp_path: Path
) -> None:
    operator = concat(scenes, ["0.mp4", "1.mp4"], tmp_path / "{{ params.name }}")
    operator.output_uri = f"file://{tmp_path}/films/film.mov"  # as Airflow renders it
    with pytest.raises(AirflowFailException, match=r"output: must end in \.mp4"):
        run(operator, task_instance)
    assert not (tmp_path / "films").exists()


def test_clips_without_sound_make_a_film_without_sound(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    result = run(concat(scenes, ["other.mp4", "other.mp4"], film), task_instance)
    assert (result["has_audio"], result["duration_s"], result["fps"]) == (False, 2.0, 30.0)


@pytest.mark.parametrize("clip", [None, "", {"uri": None, "url": "https://cdn.example/a.mp4"}, 7])
def test_a_clip_that_was_not_stored_is_told_by_its_place(clip: Any) -> None:
    with pytest.raises(KlingRequestError, match=r"clips\[1\]: must be a URI, or the result"):
        VideoConcatOperator(task_id="film", clips=["file:///a.mp4", clip], output="file:///film.mp4")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": (161, 96)}, "size: must be two even numbers"),
        ({"size": (160,)}, "size: must be two numbers"),
        ({"size": "160x96"}, "size: must be two numbers of pixels; got '160x96'"),
        ({"size": "16"}, "size: must be two numbers"),
        ({"size": (160.5, 96)}, "size: must be two numbers"),
        ({"fps": 0}, "fps: must be more than 0"),
        ({"fps": float("nan")}, "fps: must be a number"),
        ({"fps": float("inf")}, "fps: must be a number"),
        ({"fps": "fast"}, "fps: must be a number of frames a second; got 'fast'"),
        ({"fade_s": -0.1}, "fade_s: must be 0 or more"),
        ({"trim_frames": -1}, "trim_frames: must be 0 or more"),
        ({"output": "file:///film.mov"}, r"output: must end in \.mp4; got 'file:///film\.mov'"),
    ],
)
def test_what_no_film_can_be_fails_the_import(arguments: dict[str, Any], said: str) -> None:
    usual = {"clips": ["file:///a.mp4", "file:///b.mp4"], "output": "file:///film.mp4"}
    with pytest.raises(KlingRequestError, match=said):
        VideoConcatOperator(task_id="film", **{**usual, **arguments})


def test_a_broken_clip_is_named_and_not_tried_again(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    (scenes / "1.mp4").write_bytes(b"<html>expired</html>")
    with pytest.raises(AirflowFailException, match=rf"{scenes}/1\.mp4 cannot be read as a video"):
        run(concat(scenes, ["0.mp4", "1.mp4"], film), task_instance)
    assert not film.parent.exists()


def test_a_missing_clip_is_named_and_may_be_there_later(
    task_instance: FakeTaskInstance, scenes: Path, film: Path
) -> None:
    with pytest.raises(KlingMediaError, match=rf"{scenes}/7\.mp4 could not be read") as missing:
        run(concat(scenes, ["0.mp4", "7.mp4"], film), task_instance)
    assert not isinstance(missing.value, AirflowFailException)
    assert not film.parent.exists()


def test_a_storage_that_breaks_while_the_film_is_stored_keeps_the_older_film(
    task_instance: FakeTaskInstance, scenes: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(concat(scenes, ["0.mp4", "1.mp4"], film), task_instance)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(LocalFileSystem, "mv", broken)
    with pytest.raises(KlingMediaError, match=r"film\.mp4 cannot be written \(OSError: the disk is gone\)"):
        run(concat(scenes, ["1.mp4", "2.mp4"], film), task_instance)
    assert numbers(film) == [*range(24), *range(100, 124)]
    assert sorted(path.name for path in film.parent.iterdir()) == ["film.jpg", "film.mp4"]


def test_nothing_stays_on_the_workers_disk(
    task_instance: FakeTaskInstance,
    scenes: Path,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    run(concat(scenes, ["0.mp4", "1.mp4"], film), task_instance)
    with pytest.raises(KlingMediaError):
        run(concat(scenes, ["0.mp4", "7.mp4"], film), task_instance)
    assert list(disk.iterdir()) == []


@pytest.mark.contract
def test_what_generations_returned_can_be_joined(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = [
        run(video(prompt=prompt, output=f"file://{tmp_path}/{prompt}.mp4"), FakeTaskInstance())
        for prompt in ("one", "two")
    ]
    operator = VideoConcatOperator(task_id="film", clips=made, output=f"file://{tmp_path}/film.mp4")
    result = run(operator, task_instance)
    assert (result["clips"], result["method"], result["duration_s"]) == (2, "copied", 10.0)
    assert (result["width"], result["height"]) == (1280, 720)
