"""Find out whether anything piles up in many minutes of generations whose requests fail at random.

A real Airflow on PostgreSQL makes them at a sandbox. The memory of the triggerer and of the sandbox, and the
triggerer's connections to the sandbox, are sampled. The report goes to ``results/soak.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from benchmarks.samples import Sample, Trend, trend
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack, Component
from dev.postgres import running_postgres
from dev.service import sandbox_connection

HERE: Final = Path(__file__).parent
REPORT: Final = HERE / "results" / "soak.md"
DAG_ID, PER_RUN = "soak", 5  # as in dags/soak.py
AT_A_TIME: Final = 50
SPEED: Final = 0.4  # a generation takes 150 to 300 s: two cores keep up with fifty at a time
MOST_GROWTH: Final = 0.1  # of memory, from the second quarter to the last
_STEP_S: Final = 5.0
_UNTIL_DONE_S: Final = 600.0
_SETTINGS: Final = {**PATIENT, "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"}

TRIGGERER, SANDBOX, CONNECTIONS = "memory of the triggerer", "memory of the sandbox", "connections of both"

# Airflow leaves ends of the Unix sockets open by which its processes talk to each other.
_AIRFLOWS_OWN: Final = re.compile(r"family=1,.*site-packages/airflow/")
_POLL: Final = {"method": "GET", "path": "/api/v1/tasks/*"}
_DOWNLOAD: Final = {"method": "GET", "path": "/results/*"}
# No submission is left without an answer, or answered with a 5xx: what became of it then, a person decides.
FAULTS: Final[list[dict[str, Any]]] = [
    *({**_POLL, "action": {"status": status}} for status in (429, 500, 502, 504)),
    {**_POLL, "action": {"status": 503, "headers": {"Retry-After": "3"}}},
    {**_POLL, "action": {"body": "<html>busy</html>"}},
    {**_POLL, "action": {"delay_s": 10}},
    {**_POLL, "action": {"truncate": 30}},
    *({**_POLL, "action": {"drop": when}} for when in ("before", "after")),
    {**_DOWNLOAD, "action": {"status": 503}},
    {**_DOWNLOAD, "action": {"drop": "before"}},
    {**_DOWNLOAD, "action": {"truncate": 10_000}},
    {**_DOWNLOAD, "action": {"truncate": 10_000, "ignore_range": True}},
    {"method": "POST", "action": {"status": 429}},
    {"method": "POST", "action": {"delay_s": 5}},
]


class Soak:
    """The generations that go on, the faults, and the samples."""

    def __init__(self, *, stack: AirflowStack, sandbox: SandboxProcess, output: Path) -> None:
        self._stack = stack
        self._sandbox = sandbox
        self._output = output
        self._begun = time.monotonic()
        self._samples: dict[str, list[Sample]] = defaultdict(list)

    def go_on(self, minutes: float) -> None:
        """Keep many generations going, and let requests fail."""
        chance = random.Random(1)  # noqa: S311  - the same faults each time
        while self._minutes() < minutes:
            for _ in range(AT_A_TIME // PER_RUN - self._going()):
                self._stack.api.trigger(DAG_ID, {"output": f"file://{self._output}"})
            self._sandbox.clear_faults()
            self._sandbox.faults([{**chance.choice(FAULTS), "times": chance.randint(1, 5)}])
            self._sample()
            time.sleep(_STEP_S)
        self._sandbox.clear_faults()

    def finish(self) -> None:
        """Have every generation end, and wait for the end of every run and of every connection."""

        def ended() -> bool:
            self._sandbox.advance(_UNTIL_DONE_S)
            return self._going() == 0

        self._stack.wait_for(ended, what="the end of all runs", every=_STEP_S)
        self._stack.wait_for(lambda: not self.connections(), what="the end of the triggerer's connections")

    def trends(self) -> dict[str, Trend]:
        """Return how each value moved while generations went on."""
        return {what: trend(samples) for what, samples in self._samples.items()}

    def connections(self) -> int:
        """Return how many connections to the sandbox the triggerer has."""
        port = httpx.URL(self._sandbox.url).port
        found = 0
        for process in self._stack.processes_of(Component.TRIGGERER):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += sum(
                    bool(each.raddr) and each.raddr.port == port for each in process.net_connections("tcp")
                )
        return found

    def warnings(self) -> list[str]:
        """Return the lines of the logs that warn of something that was not closed, other than by Airflow."""
        lines = (
            line
            for log in self._stack.logs.rglob("*.log")
            for line in log.read_text(errors="replace").splitlines()
        )
        return [line for line in lines if "ResourceWarning" in line and not _AIRFLOWS_OWN.search(line)]

    def _going(self) -> int:
        query = {"state": ["queued", "running"], "limit": 1}
        self._stack.check_alive()
        return int(self._stack.api.call("GET", f"/dags/{DAG_ID}/dagRuns", params=query)["total_entries"])

    def _sample(self) -> None:
        now = {
            TRIGGERER: _megabytes(self._stack.processes_of(Component.TRIGGERER)),
            SANDBOX: _megabytes([psutil.Process(self._sandbox.pid)]),
            CONNECTIONS: self.connections(),
        }
        for what, value in now.items():
            self._samples[what].append(Sample(minutes=self._minutes(), value=value))

    def _minutes(self) -> float:
        return (time.monotonic() - self._begun) / 60


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was measured.

    :param left: how much there is of what there is to be none of.
    :param warnings: lines of logs that tell of what was not closed.
    :param counts: of the sandbox.
    """

    trends: dict[str, Trend]
    left: dict[str, int]
    warnings: list[str]
    counts: dict[str, Any]

    @property
    def grown(self) -> list[str]:
        """Return whose memory did not stay the same."""
        return [what for what in (TRIGGERER, SANDBOX) if self.trends[what].growth > MOST_GROWTH]


def main() -> int:
    """Measure, and write what came of it; 1 where something piled up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--note", default="", help="for the report: what else the machine did")
    asked = parser.parse_args()
    outcome = measure(asked.minutes)
    said = (
        f"{asked.minutes:g} minutes, {AT_A_TIME} generations at a time, with faults of the sandbox at random "
        f"(`python -m benchmarks.soak`). {asked.note}"
    )
    page = "\n".join(["# What a soak left behind", "", said.rstrip(), "", *_lines(outcome), ""])
    print(page)
    for line in outcome.warnings:
        print(line, file=sys.stderr)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(page)
    return int(bool(outcome.grown or any(outcome.left.values())))


def measure(minutes: float) -> Outcome:
    """Run everything, and return what came of it."""
    with (
        running_postgres() as postgres,
        SandboxProcess(tier="500", speed=SPEED, balance=1_000_000) as sandbox,
        tempfile.TemporaryDirectory(prefix="kling-soak-") as temporary,
    ):
        folder = Path(temporary)
        shutil.copytree(HERE / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
        with AirflowStack(
            home=folder / "home",
            dags_folder=folder / "dags",
            env={
                "AIRFLOW_CONN_KLING_DEFAULT": sandbox_connection(sandbox),
                "PYTHONWARNINGS": "default::ResourceWarning",
            },
            settings={**_SETTINGS, "DATABASE__SQL_ALCHEMY_CONN": postgres.url},
        ) as stack:
            stack.wait_for(lambda: stack.api.has_dag(DAG_ID), what="the DAG")
            soak = Soak(stack=stack, sandbox=sandbox, output=folder / "clips")
            soak.go_on(minutes)
            soak.finish()
            counts, results = sandbox.stats(), stack.api.count(DAG_ID, "~", "success")
            warnings = soak.warnings()
            left = {
                "tasks that have not succeeded": stack.api.count(DAG_ID, "~") - results,
                "submissions beyond one for each task": counts["submissions_accepted"] - results,
                "connections of the triggerer to the sandbox": soak.connections(),
                "warnings of what was not closed (`ResourceWarning`)": len(warnings),
            }
            return Outcome(trends=soak.trends(), left=left, warnings=warnings, counts=counts)


def _lines(outcome: Outcome) -> Iterable[str]:
    yield from _table(outcome.trends)
    yield from ("", f"More than {MOST_GROWTH:.0%} growth: {', '.join(outcome.grown) or 'none'}.")
    yield from ("", "At the end there were:", "")
    yield from (f"- {what}: {number}" for what, number in outcome.left.items())
    yield from ("", "What the sandbox counted:", "")
    yield from (f"- {name}: {value}" for name, value in outcome.counts.items() if value)


def _table(trends: dict[str, Trend]) -> Iterable[str]:
    yield "| | 1st quarter | 2nd | 3rd | last | highest | growth per minute |"
    yield "|---|---|---|---|---|---|---|"
    for what, moved in trends.items():
        unit = " MB" if what != CONNECTIONS else ""
        quarters = " | ".join(f"{value:.1f}{unit}" for value in moved.quarters)
        yield f"| {what} | {quarters} | {moved.highest:.1f}{unit} | {moved.per_minute:+.3f}{unit} |"


def _megabytes(processes: Iterable[psutil.Process]) -> float:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total / 1e6


if __name__ == "__main__":
    sys.exit(main())
