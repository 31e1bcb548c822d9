"""The benchmarks run. What they measure on a busy machine, nobody looks at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_triggers_are_compared_in_airflows_runner_and_on_an_event_loop(tmp_path: Path) -> None:
    result = tmp_path / "triggers.json"
    printed = run("benchmarks.triggers", "--short", "--result", str(result))
    measured = json.loads(result.read_text())
    assert {(one["runner"], one["tls"]) for one in measured} == {
        ("airflow", False),
        ("asyncio", False),
        ("asyncio", True),
    }
    for one in measured:
        assert one["finished"] == one["tasks"]
        assert one["polls"] >= one["tasks"]
        assert one["rejected"] == 0
    assert "KlingTaskTrigger" in printed


def test_the_cost_of_a_poll_is_measured() -> None:
    printed = run("benchmarks.poll_cost", "--rounds", "1", "--polls", "1", "--tasks", "3")
    assert "ours on httpx2 / bare httpx2" in printed
