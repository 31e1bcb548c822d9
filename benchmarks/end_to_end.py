"""Seconds from the end of a generation at the service to the start of the next task; see ``README.md``."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_api import FINISHED
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack

_DAGS: Final = Path(__file__).with_name("dags")
_SPEED: Final = 2.0
"""How many times faster than the service the sandbox generates."""

PARTS: Final = {
    "polling": "from the end at the service to the poll that sees it",
    "event": "until Airflow has the trigger's event: the settling time, where the generation was that short",
    "scheduler": "until the scheduler has queued the task again",
    "worker": "until a worker runs it",
    "storing": "until it has read the result and ended",
    "next": "until a worker runs the next task",
}


def measure(*, runs: int) -> list[dict[str, float]]:
    """Return the seconds of each part, for each run. Runs follow each other."""
    with (
        SandboxProcess(speed=_SPEED, tier="1000") as sandbox,
        tempfile.TemporaryDirectory(prefix="kling-end-to-end-") as folder,
    ):
        # As with a service that is not on this machine, where a short interval is the default.
        connection = {
            "conn_type": "kling",
            "host": sandbox.url,
            "password": sandbox.api_key,
            "extra": {"max_poll_interval": 30},
        }
        with AirflowStack(
            home=Path(folder) / "home",
            dags_folder=_DAGS,
            settings={**PATIENT, "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"},
            env={"AIRFLOW_CONN_KLING_DEFAULT": json.dumps(connection)},
        ) as stack:
            stack.wait_for(lambda: stack.api.has_dag("chain"), what="the DAG")
            return [_measure_once(stack, sandbox) for _ in range(runs)]


def _measure_once(stack: AirflowStack, sandbox: SandboxProcess) -> dict[str, float]:
    run_id = stack.api.trigger("chain")
    stack.wait_for(lambda: stack.api.run_state("chain", run_id) in FINISHED, what="the end of the run")
    tasks = {one.task_id: one for one in stack.api.task_instances("chain", run_id)}
    make = tasks["make"]
    task_id = str(stack.api.xcoms(make)["return_value"]["task_id"])
    ended = _end_at_service(sandbox, task_id)
    log = stack.api.log(make)
    fired = _seconds(next(line for line in log if "rigger fired event" in line["event"])["timestamp"])
    resumed = min(at for line in log if (at := _seconds(line.get("timestamp"))) > fired + 0.05)
    polls = [one for one in sandbox.requests("GET") if task_id in one["path"]]
    seen = min(one["at"] for one in polls if one["at"] >= ended)
    moments = [
        ended,
        seen,
        fired,
        _seconds(make.queued_at),
        resumed,
        _seconds(make.ended_at),
        _seconds(tasks["next"].started_at),
    ]
    seconds = (after - before for before, after in pairwise(moments))
    return dict(zip(PARTS, seconds, strict=True))


def _end_at_service(sandbox: SandboxProcess, task_id: str) -> float:
    """Ask for the task once more, and return when it ended, in Unix seconds."""
    settings = ClientSettings(base_url=sandbox.url, credentials=BearerToken(sandbox.api_key))
    with closing(KlingClient(settings=settings)) as client:
        return _seconds(client.call(make_gateway().task(task_id)).finished_at)


def _seconds(moment: str | datetime | None) -> float:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.timestamp() if moment else 0.0


def report(found: list[Mapping[str, float]]) -> str:
    """Return a table."""
    lines = ["| part | median | longest | what it is |", "|---|---|---|---|"]
    for part, meaning in PARTS.items():
        each = [one[part] for one in found]
        lines.append(f"| {part} | {statistics.median(each):.1f} s | {max(each):.1f} s | {meaning} |")
    totals = [sum(one.values()) for one in found]
    lines.append(f"| all | {statistics.median(totals):.1f} s | {max(totals):.1f} s | |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    found: list[Any] = measure(runs=given.runs)
    print(report(found))


if __name__ == "__main__":
    main()
