"""A file that was made to take all memory, or hours, costs neither, and ends in one clear and final error."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath

import airflow_provider_kling
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import probe_stored
from airflow_provider_kling.generation.poster import write_poster
from airflow_provider_kling.generation.sidecar import signed, write_sidecar
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.process_limits import ProcessLimits
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.concatenator import Concatenator
from airflow_provider_kling.video.options import ConcatOptions
from tests.media.clips import Clip
from tests.security.hostile_media import SAMPLES, TRAPS

MOST_MB = 600
CLAIMS = f"is damaged: its tables claim {SAMPLES} samples"
TIME_BASE = "has timestamps in units of 2 s"
WIDE = "is displayed as 800000x96, which is more than"

# Reads every trap in every way, each in a child of its own, whose peak is then known.
READ_ALL = """
import io, json, resource
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media.still_image import Edge
from tests.security.hostile_media import TRAPS

outcomes = []
for name, make in TRAPS.items():
    file = io.BytesIO(make())
    for operation in ("probe", "poster", "last"):
        with MediaReader() as reader:
            read = {
                "probe": reader.probe,
                "poster": reader.poster,
                "last": lambda file, name: reader.frame(file, name=name, at=Edge.LAST),
            }[operation]
            try:
                read(file, name="scene.mp4")
                outcomes.append([name, operation, None, None])
            except KlingMediaError as error:
                outcomes.append([name, operation, str(error), error.retryable])
peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([outcomes, peak_kb / 1000 if __import__("sys").platform == "linux" else 0]))
"""


@pytest.fixture(scope="module")
def read() -> tuple[dict[tuple[str, str], tuple[str | None, bool | None]], float]:
    """What came of every trap in every way of reading, and the peak of the children in MB."""
    ran = subprocess.run(
        [sys.executable, "-c", READ_ALL],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=Path(airflow_provider_kling.__file__).parent.parent,
    )
    assert ran.returncode == 0, ran.stderr
    outcomes, peak_mb = json.loads(ran.stdout)
    return {(name, way): (said, retryable) for name, way, said, retryable in outcomes}, peak_mb


@pytest.mark.parametrize("way", ["probe", "poster", "last"])
@pytest.mark.parametrize(
    ("trap", "said"),
    [
        ("samples", CLAIMS),
        ("samples in a fragment", CLAIMS),
        ("samples behind many boxes", "has no frame that can be decoded"),
        ("time base", TIME_BASE),
        ("wide pixels", WIDE),
    ],
)
def test_a_known_trap_is_refused_for_good(read: Any, trap: str, said: str, way: str) -> None:
    outcome, retryable = read[0][trap, way]
    assert outcome.startswith(f"scene.mp4 {said}")
    assert retryable is False


@pytest.mark.parametrize("way", ["probe", "poster", "last"])
@pytest.mark.parametrize("trap", ["metadata", "long frame", "long last frame", "tiny frames", "late frame"])
def test_what_is_odd_and_harmless_is_read(read: Any, trap: str, way: str) -> None:
    assert read[0][trap, way] == (None, None)


def test_every_trap_is_tried(read: Any) -> None:
    assert {trap for trap, _ in read[0]} == set(TRAPS)


def test_no_trap_takes_more_than_600_mb(read: Any) -> None:
    assert read[1] < MOST_MB


def test_a_poster_is_chosen_from_a_bounded_number_of_frames() -> None:
    with MediaReader() as reader:
        # The first frame that is not black is number 400 of the first second.
        assert reader.poster(io.BytesIO(TRAPS["tiny frames"]()), name="scene.mp4").seconds < 0.36


@pytest.mark.parametrize(
    ("trap", "said"),
    [
        ("long frame", "scene 2 has a frame that is displayed for 1024 s"),
        ("long last frame", "scene 2 has a frame that is displayed for 1000 s"),
        ("samples", f"scene 2 {CLAIMS}"),
        ("time base", f"scene 2 {TIME_BASE}"),
        ("wide pixels", f"scene 2 {WIDE}"),
    ],
)
def test_a_trap_is_not_concatenated(tmp_path: Path, trap: str, said: str) -> None:
    contents = [Clip().encoded(), TRAPS[trap]()]
    error = concat_error(contents, tmp_path / "output.mp4")
    assert said in str(error)
    assert not error.retryable
    assert list(tmp_path.iterdir()) == []


def test_a_file_does_not_choose_an_output_larger_than_4k(tmp_path: Path) -> None:
    # 12 megapixels as displayed; the output would have as many, at 24 frames a second.
    wide = bytearray(TRAPS["wide pixels"]())
    ratio = wide.index(b"pasp") + 4
    wide[ratio : ratio + 4] = (160).to_bytes(4, "big")
    error = concat_error([bytes(wide), Clip().encoded()], tmp_path / "output.mp4")
    assert "scene 1 is displayed as 128000x96; for an output larger than 4K, give its `size`" in str(error)


def test_a_time_limit_ends_a_concatenation_and_leaves_no_output(tmp_path: Path) -> None:
    clip = Clip(frames=48, width=1920, height=1080, fps=60).encoded()
    limits = replace(Concatenator.LIMITS, cpu_s=0, most_memory_bytes=2**32)
    error = concat_error([clip, clip], tmp_path / "output.mp4", fps=120, size=(3840, 2160), limits=limits)
    assert "took more than 0 s of processor time" in str(error)
    assert not error.retryable
    assert list(tmp_path.iterdir()) == []


def concat_error(
    contents: list[bytes], target: Path, *, limits: ProcessLimits | None = None, **options: Any
) -> KlingMediaError:
    clips = [
        SourceFile(name=f"scene {number}", open=lambda content=content: nullcontext(io.BytesIO(content)))
        for number, content in enumerate(contents, 1)
    ]
    with Concatenator(limits=limits) as concatenator, pytest.raises(KlingMediaError) as caught:
        concatenator.concat(clips, target, options=ConcatOptions(**options), progress=lambda *_: None)
    return caught.value


# -- what becomes of the paid file ----------------------------------------------------------------

DIES = "import os; os._exit(1)"
HANGS = "import time; time.sleep(1000)"


@pytest.mark.parametrize(
    ("script", "said"),
    [(DIES, "ended with exit code 1"), (HANGS, "did not finish within 2 s")],
)
def test_the_paid_file_stays_and_the_error_says_so(tmp_path: Path, script: str, said: str) -> None:
    stored = tmp_path / "boat.mp4"
    stored.write_bytes(Clip().encoded())
    file = ObjectStoragePath(f"file://{stored}")
    limits = ProcessLimits(step_s=2.0)
    with MediaReader(command=[sys.executable, "-c", script], limits=limits) as reader:
        with pytest.raises(KlingMediaError) as caught:
            probe_stored(file, request=None, reader=reader)
        assert said in str(caught.value)
        assert f"It was paid for and stays stored as {file}" in str(caught.value)
        assert not caught.value.retryable
        author = LogicalTask("dag", "run", "make")
        sha256 = hashlib.sha256(stored.read_bytes()).hexdigest()
        write_sidecar(file, signed(author, {"sha256": sha256}), author=author, replace=False)
        assert write_poster(file, reader=reader, author=author) is None
    assert stored.read_bytes() == Clip().encoded()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boat.mp4", "boat.mp4.json"]
