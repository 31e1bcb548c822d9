"""``VideoFrameOperator``: one frame of a stored video, and the poster beside a stored result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from airflow.sdk import ObjectStoragePath
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError, KlingRequestError
from airflow_provider_kling.operators.media import VideoFrameOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.media.kinds import KINDS
from tests.task_runner import run, video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames at 10 frames a second, each brighter than the one before: 20, 40, ... 200."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(1, 11):
            pixels = np.full((48, 64, 3), 20 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def frame(clip: Path | str, output: Path, **arguments: Any) -> VideoFrameOperator:
    source = f"file://{clip}" if isinstance(clip, Path) else clip
    return VideoFrameOperator(task_id="frame", source=source, output=f"file://{output}", **arguments)


def level(path: Path) -> float:
    pixels: npt.NDArray[np.uint8] = np.asarray(Image.open(path).convert("L"))
    return float(pixels.mean())


@pytest.mark.parametrize(
    ("at", "light", "seconds"),
    [
        *[("first", 20, 0.0), ("last", 200, 0.9), (0.35, 80, 0.3), ("0.5", 120, 0.5), (0, 20, 0.0)],
        (timedelta(milliseconds=350), 80, 0.3),
    ],
)
def test_the_requested_frame_is_stored(
    task_instance: FakeTaskInstance, tmp_path: Path, clip: Path, at: Any, light: int, seconds: float
) -> None:
    result = run(frame(clip, tmp_path / "deep" / "frame.png", at=at), task_instance)
    stored = tmp_path / "deep" / "frame.png"
    assert level(stored) == pytest.approx(light, abs=4)
    assert result == {
        "uri": f"file://{stored}",
        "source": f"file://{clip}",
        "format": "png",
        "width": 64,
        "height": 48,
        "seconds": pytest.approx(seconds),
        "bytes": stored.stat().st_size,
        "sha256": hashlib.sha256(stored.read_bytes()).hexdigest(),
    }
    assert sorted(path.name for path in stored.parent.iterdir()) == ["frame.png", "frame.png.json"]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.PNG", "PNG")]
)
def test_the_extension_decides_the_format(
    task_instance: FakeTaskInstance, tmp_path: Path, clip: Path, name: str, kind: str
) -> None:
    run(frame(clip, tmp_path / name), task_instance)
    assert Image.open(tmp_path / name).format == kind


@pytest.mark.parametrize(
    "at", ["middle", -1, "-0.5", float("nan"), float("inf"), None, True, 10**400, "1e999", "", 1e300]
)
def test_an_invalid_time_fails_the_import(tmp_path: Path, clip: Path, at: Any) -> None:
    with pytest.raises(KlingRequestError, match="at: must be 'first', 'last' or seconds"):
        frame(clip, tmp_path / "a.png", at=at)


def test_an_extension_that_is_no_images_fails_the_import(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(KlingRequestError, match=r"output: must end in \.png"):
        frame(clip, tmp_path / "a.gif")
    with pytest.raises(KlingRequestError, match=r"output: must end in \.png .*with a name before it"):
        frame(clip, tmp_path / ".png")
    frame(clip, tmp_path / "{{ params.name }}")


def test_a_time_after_the_end_fails_the_task(
    task_instance: FakeTaskInstance, tmp_path: Path, clip: Path
) -> None:
    with pytest.raises(KlingMediaError, match=r"clip\.mp4"):
        run(frame(clip, tmp_path / "a.png", at=1.5), task_instance)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_video_is_named_and_retryable(task_instance: FakeTaskInstance, tmp_path: Path) -> None:
    with pytest.raises(KlingMediaError, match=r"none\.mp4 cannot be read") as missing:
        run(frame(tmp_path / "none.mp4", tmp_path / "a.png"), task_instance)
    assert missing.value.retryable


@pytest.mark.parametrize("source", [{"uri": None, "url": "https://cdn.example/a.mp4"}, {}, "", 7])
def test_a_source_that_was_not_stored_fails_the_import(source: Any) -> None:
    with pytest.raises(KlingRequestError, match="source: must be a URI, or the result"):
        VideoFrameOperator(task_id="frame", source=source, output="file:///a.png")


NO_LOCATIONS = [
    "clip.mp4",
    "clips/clip.mp4",
    "~/clip.mp4",
    "C:\\clip.mp4",
    "file:/clip.mp4",
    "https://x/clip.mp4",
]


@pytest.mark.parametrize("path", NO_LOCATIONS)
def test_a_source_that_is_not_on_a_storage_fails_the_import(path: str) -> None:
    with pytest.raises(KlingRequestError, match="source: must be the URI of a storage"):
        VideoFrameOperator(task_id="frame", source=path, output="file:///a.png")


def test_a_template_that_renders_nonsense_fails_the_task_before_a_file_is_read(
    task_instance: FakeTaskInstance, tmp_path: Path, clip: Path
) -> None:
    operator = frame(clip, tmp_path / "{{ params.name }}", at="{{ params.at }}")
    operator.source, operator.output_uri, operator.at = "clip.mp4", "frame.gif", "soon"
    with pytest.raises(AirflowFailException) as told:
        run(operator, task_instance)
    for field in ("source", "output", "at"):
        assert f"{field}: must " in str(told.value)


@pytest.mark.parametrize("quality", [0, 101, "best", None, True, 90.5, float("nan"), 10**400])
def test_an_invalid_quality_fails_the_import(tmp_path: Path, clip: Path, quality: Any) -> None:
    with pytest.raises(KlingRequestError, match="quality: must be"):
        frame(clip, tmp_path / "a.jpg", quality=quality)


def test_a_quality_may_be_text(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(KINDS["MP4"].content())
    sizes = [
        run(frame(tmp_path / "clip.mp4", tmp_path / f"{quality}.jpg", quality=quality), FakeTaskInstance())[
            "bytes"
        ]
        for quality in ("1", "100")
    ]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("make", [Path, lambda path: ObjectStoragePath(f"file://{path}")])
def test_paths_may_be_objects(
    task_instance: FakeTaskInstance, tmp_path: Path, clip: Path, make: Callable[[Path], Any]
) -> None:
    operator = VideoFrameOperator(task_id="frame", source=make(clip), output=make(tmp_path / "a.png"))
    assert run(operator, task_instance)["uri"] == f"file://{tmp_path}/a.png"
    assert level(tmp_path / "a.png") == pytest.approx(200, abs=4)


def test_a_frame_of_a_high_dynamic_range_is_told(
    task_instance: FakeTaskInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bright.mp4").write_bytes(KINDS["HDR, PQ"].content())
    (tmp_path / "plain.mp4").write_bytes(KINDS["MP4"].content())
    for name in ("bright", "plain"):
        run(frame(tmp_path / f"{name}.mp4", tmp_path / f"{name}.png"), FakeTaskInstance())
    told = [record.getMessage() for record in caplog.records if "high dynamic range" in record.getMessage()]
    assert len(told) == 1
    assert "bright.mp4" in told[0]


@pytest.mark.contract
def test_a_stored_result_can_be_the_source_and_has_a_poster(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = run(video(output=f"file://{tmp_path}/boat.mp4"), task_instance)
    assert made["poster_uri"] == f"file://{tmp_path}/boat.jpg"
    assert Image.open(tmp_path / "boat.jpg").size == (1280, 720)
    operator = VideoFrameOperator(task_id="frame", source=made, output=f"file://{tmp_path}/last.png")
    result = run(operator, FakeTaskInstance())
    assert (result["width"], result["height"]) == (1280, 720)
    assert result["seconds"] == pytest.approx(5 - 1 / 24)
