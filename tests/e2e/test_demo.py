from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from dev.clip import play
from dev.demo import ASKED
from dev.waiting import PATIENCE_S, wait_for

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo puts everything: people do have spaces in their paths."""
    return tmp_path / "a folder"


@pytest.fixture
def demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo, in a session and a folder of its own."""
    free = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "dev.demo", "--folder", str(folder)],
        cwd=PROJECT,
        env=free,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """Read what the process prints up to a line with the word in it."""
    lines: list[str] = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError("".join(lines))


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes whose AIRFLOW_HOME this is, whatever became of their parents."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == str(home):
                found.append(process)
    return found


def listening(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) == 0


def urls_in(printed: list[str]) -> list[str]:
    return [word for line in printed for word in line.split() if word.startswith("http://")]


def test_the_demo_makes_its_film_and_leaves_nothing_running(
    demo: subprocess.Popen[str], folder: Path
) -> None:
    printed = lines_until(demo, "wrote ")
    assert demo.wait(timeout=PATIENCE_S) == 0
    assert any("deferred" in line for line in printed), printed
    (film,) = folder.glob("output/*/film.mp4")
    assert play(film).seconds == pytest.approx(ASKED[2], abs=0.01)
    assert processes_of(folder / "airflow") == []
    assert not any(map(listening, urls_in(printed)))


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_the_demo_leaves_no_process_behind(
    demo: subprocess.Popen[str], folder: Path, signum: signal.Signals, status: int
) -> None:
    printed = lines_until(demo, "Airflow is up")
    family = alive([*psutil.Process(demo.pid).children(recursive=True), *processes_of(folder / "airflow")])
    urls = urls_in(printed)
    assert len(family) > 8
    assert len(urls) == 2  # the sandbox's and Airflow's
    assert all(map(listening, urls))

    os.killpg(demo.pid, signum)  # as a terminal does it: to the whole group
    assert demo.wait(timeout=PATIENCE_S) == status
    # After SIGKILL nothing is left that could wait for the end; otherwise the demo ends last.
    if signum == signal.SIGKILL:
        wait_for(lambda: not alive(family), what="the end of every process")
    assert alive(family) == []
    assert processes_of(folder / "airflow") == []
    assert not any(map(listening, urls))
