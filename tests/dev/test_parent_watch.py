from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dev.waiting import wait_for

PARENT_WATCH = Path(__file__).resolve().parents[2] / "dev" / "parent_watch.py"
# A component that ignores requests to end, and whose child has moved to a session of its own.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
detached = os.fork()
if not detached:
    os.setsid()
os.write(1, b"%d\\n" % os.getpid())
time.sleep(300)
"""
# What starts the watch as the stack does, and then hangs.
OWNER = """
import subprocess, sys, time
watch = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(300)
"""
COMMAND = [str(PARENT_WATCH), "0.2", sys.executable, "-c", STUBBORN]


def started(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the component and its detached child once both run."""
    assert process.stdout
    return [psutil.Process(int(process.stdout.readline())) for _ in range(2)]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


@pytest.fixture
def watch() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.terminate()


def test_what_detaches_itself_ends_with_the_component(watch: subprocess.Popen[str]) -> None:
    processes = started(watch)
    watch.terminate()
    assert watch.wait(timeout=600) == 128 + signal.SIGTERM
    assert gone(processes)


def test_a_closed_input_ends_the_component(watch: subprocess.Popen[str]) -> None:
    processes = started(watch)
    assert watch.stdin
    watch.stdin.close()
    watch.wait(timeout=600)
    assert gone(processes)


def test_an_owner_that_is_killed_takes_everything_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *COMMAND], stdout=subprocess.PIPE, text=True
    ) as owner:
        processes = started(owner)
        owner.kill()
        wait_for(lambda: gone(processes), what="the end of the component", timeout=600)


def test_the_status_is_the_commands() -> None:
    command = [sys.executable, str(PARENT_WATCH), "1", sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(timeout=600) == 7
