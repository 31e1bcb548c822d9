"""Media files that are changed at random, through the whole path of each operator: whatever a file holds.

Each is downloaded as the result of a generation, stored, probed and given a poster, then a frame is extracted
from it, and it is concatenated with another clip. `make hostile` tries two thousand of them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.media.child import ChildProcess
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip
from tests.media.kinds import KINDS
from tests.security.hostile_media import TRAPS
from tests.security.hostile_service import HostileService
from tests.security.messages import Messages
from tests.security.mutations import SECRET, mutated_bytes
from tests.task_runner import poll_often, retry_often, run, video

FILES_A_TEST = 10
LONGEST_S = 60.0
MOST_BYTES = 600 * 1000**2

STORED = {"clip.mp4", "clip.mp4.json", "clip.jpg"}
MADE = {"frame.png", "frame.png.json", "film.mp4", "film.mp4.json", "film.jpg"}


@pytest.fixture(scope="module")
def service() -> Iterator[HostileService]:
    with HostileService(result=b"") as server:
        yield server


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    poll_often(monkeypatch)
    retry_often(monkeypatch)


@pytest.fixture
def peaks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The most memory of each child process that read a file, in bytes."""
    seen: list[int] = []
    close = ChildProcess.close

    def measured(self: ChildProcess) -> None:
        if self.pid is not None:
            seen.append(peak(self.pid))
        close(self)

    monkeypatch.setattr(ChildProcess, "close", measured)
    return seen


def peak(pid: int | str) -> int:
    """Return the most physical memory that a process had, in bytes; 0 for one that has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = status.partition("VmHWM:")[2].split()
    return int(found[0]) * 1024 if found else 0


def begin_peak() -> int:
    """Begin to measure this process's peak; return what it has."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak("self")


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a process"
)
def test_any_file_leads_to_a_result_or_to_a_clear_error(
    service: HostileService,
    connect: Callable[..., None],
    tmp_path: Path,
    messages: Messages,
    peaks: list[int],
    hostile_batch: int,
) -> None:
    connect(host=service.url, password=SECRET)
    good = tmp_path / "good.mp4"
    good.write_bytes(Clip(frames=12).encoded())
    before, slowest = begin_peak(), 0.0
    for seed in range(hostile_batch * FILES_A_TEST, (hostile_batch + 1) * FILES_A_TEST):
        case, random = f"file {seed}", Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        content = mutated_bytes(random.choice(corpus())(), random)
        service.begin(random, result=content)
        service.begin_try(honest=True)
        clip = folder / "clip.mp4"
        generation = video(output=f"file://{clip}", deferrable=False, prompt=f"A boat, {seed}")
        paid = FakeTaskInstance()
        for _ in range(2):  # a retry submits nothing
            slowest = max(slowest, timed(generation, paid, messages))
            paid.retry()
        assert not service.paid_again, case
        if not clip.exists():  # it was refused; the next step may be given such a file all the same
            clip.write_bytes(content)
        assert clip.read_bytes() == content, case
        for operator in steps(folder, good, random):
            slowest = max(slowest, timed(operator, FakeTaskInstance(), messages))
        messages.check(case)
        assert {path.name for path in folder.iterdir()} <= STORED | MADE, case
        shutil.rmtree(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["good.mp4"]
    assert slowest < LONGEST_S
    assert max(peaks) < MOST_BYTES
    assert peak("self") - before < MOST_BYTES / 2


def corpus() -> list[Callable[[], bytes]]:
    """Return what makes each of the files that are changed."""
    return [*(kind.content for kind in KINDS.values()), *TRAPS.values()]


def steps(folder: Path, good: Path, random: Random) -> Iterator[Any]:
    """Yield the operators that go on with a clip."""
    source, other = f"file://{folder}/clip.mp4", f"file://{good}"
    at = random.choice(["first", "last", 0.5, 1e6])
    yield VideoFrameOperator(task_id="frame", source=source, output=f"file://{folder}/frame.png", at=at)
    clips = random.choice([[source, source], [source, other], [other, source]])
    fade_s = random.choice([0.0, 0.2])
    yield VideoConcatOperator(task_id="join", clips=clips, output=f"file://{folder}/film.mp4", fade_s=fade_s)


def timed(operator: Any, task_instance: FakeTaskInstance, messages: Messages) -> float:
    """Run a task, note its error, and return the seconds that it took."""
    started = time.monotonic()
    try:
        run(operator, task_instance)
    except KlingError as error:
        messages.lines.append(str(error))
    return time.monotonic() - started
