"""The parts here are shell scripts: each is the last argument of ``sh -c``."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]


def command(*groups: str, run: str = "sh -c") -> list[str]:
    return [sys.executable, "-m", "dev.parts", "--run", run, *groups]


def parts(*groups: str, run: str = "sh -c") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*groups, run=run), cwd=PROJECT, capture_output=True, text=True, timeout=100, check=False
    )


def summary(output: str) -> dict[str, str]:
    """Return the result of each part, without the time."""
    lines = output.partition("== summary\n")[2].splitlines()
    return {line.split("  ")[0]: line.split("  ", 1)[1].strip().split("  ")[0] for line in lines}


def test_a_part_that_fails_stops_no_other_and_fails_the_whole() -> None:
    done = parts("echo first", "exit 7", "kill -9 $$", "echo last")
    assert summary(done.stdout) == {
        "echo first": "passed",
        "exit 7": "failed (7)",
        "kill -9 $$": "failed (-9)",
        "echo last": "passed",
    }
    assert "\nlast\n" in done.stdout
    assert done.returncode == 1


def test_the_whole_passes_when_every_part_does() -> None:
    done = parts("true", ":")
    assert summary(done.stdout) == {"true": "passed", ":": "passed"}
    assert done.returncode == 0


def test_the_last_part_alone_can_fail_the_whole() -> None:
    assert parts("true", "true,false").returncode == 1


def test_a_part_that_cannot_start_is_in_the_summary() -> None:
    done = parts("one", "two,three", run="/no/such/program")
    missing = "failed (No such file or directory)"
    assert summary(done.stdout) == {"one": missing, "two": missing, "three": missing}
    assert done.returncode == 1


def test_the_summary_has_the_time_of_each_part() -> None:
    *_, passed, failed = parts("true", "false").stdout.splitlines()
    assert re.fullmatch(r"true +passed +0:\d\d", passed)
    assert re.fullmatch(r"false +failed \(1\) +0:\d\d", failed)


def test_parts_of_a_group_run_side_by_side_and_groups_one_by_one(tmp_path: Path) -> None:
    meet, told = tmp_path / "meet", tmp_path / "told"
    subprocess.run(["mkfifo", meet], check=True)
    # A reader and a writer of a pipe wait for each other: one after the other, they would wait for ever.
    done = parts(f"echo >{meet} && echo wrote >>{told},read x <{meet} && echo read >>{told}", f"cat {told}")
    assert done.returncode == 0, done.stdout
    assert sorted(told.read_text().split()) == ["read", "wrote"]
    assert done.stdout.count("wrote\n") == 1, "the second group began when the first had ended"


def test_no_more_parts_run_at_once_than_are_allowed_and_the_next_starts_when_one_has_ended(
    tmp_path: Path,
) -> None:
    meet, told = tmp_path / "meet", tmp_path / "told"
    subprocess.run(["mkfifo", meet], check=True)
    # The first two meet at a pipe, so both run, and the second ends first. The third must not run before.
    done = parts(
        "--at-once=2",
        f"echo >{meet}; read x <{meet},read x <{meet}; echo two >>{told},echo three >>{told}; echo >{meet}",
    )
    assert done.returncode == 0, done.stdout
    assert told.read_text().split() == ["two", "three"]


def test_what_parts_of_a_group_print_is_not_mixed(tmp_path: Path) -> None:
    meet = tmp_path / "meet"
    subprocess.run(["mkfifo", meet], check=True)
    # Each prints a line before they meet, and one afterwards.
    done = parts(f"echo a1; echo >{meet}; echo a2 >&2,echo b1; read x <{meet}; echo b2 >&2")
    assert "a1\na2\n" in done.stdout
    assert "b1\nb2\n" in done.stdout


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_what_runs_and_still_gives_the_summary(signum: signal.Signals, status: int) -> None:
    long = "echo $$; exec sleep 300"
    with subprocess.Popen(
        command("true", long, "echo never"), cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        pid = next(int(line) for line in running.stdout if line.strip().isdigit())
        running.send_signal(signum)
        printed = running.stdout.read()
        assert running.wait(timeout=600) == status
    assert not psutil.pid_exists(pid)
    assert summary(printed) == {"true": "passed", long: "interrupted", "echo never": "not run"}
