"""Runs the triggers of one contender in this process and its child, and writes what the probe measured.

``python -m benchmarks.triggers.runner RUNNER CONTENDER --tasks N ...``. RUNNER is ``airflow``, the real
runner and supervisor of a triggerer, without a database, or ``asyncio``, an event loop and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from airflow.executors.workloads.trigger import RunTrigger
from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor
from airflow.models.trigger import Trigger

from benchmarks.triggers.contenders import CONTENDERS
from benchmarks.triggers.probe import TASK_PREFIX, Probe
from benchmarks.triggers.service import Load, Service

_PROBE_ID: Final = 0
_WARM_UP: Final = 0
"""The number of the task that has ended when it begins."""

_Wanted = tuple[str, dict[str, Any]]


class Plan:
    """What a runner is to run.

    :param given: the arguments of the command.
    :param folder: for the files through which probe and runner talk.
    """

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        self._given = given
        self._service = Service(url=given.url, certificate=given.certificate)
        self._load = Load(tasks=given.tasks, median_s=given.median_s, under_way=given.under_way)
        self._ready = folder / "ready"

    @property
    def others_may_start(self) -> bool:
        return self._ready.exists()

    def first(self) -> list[_Wanted]:
        """Submit the tasks, and return the probe and the trigger that warms up."""
        self._service.begin()
        probe = Probe(
            tasks=self._given.tasks,
            ready=str(self._ready),
            result=str(self._given.result),
            most_s=self._given.most_s,
        )
        return [probe.serialize(), *self._triggers(range(_WARM_UP, _WARM_UP + 1))]

    def others(self) -> list[_Wanted]:
        """Submit the tasks, and return their triggers."""
        self._service.begin()
        return list(self._triggers(range(1, self._given.tasks + 1)))

    def _triggers(self, numbers: range) -> Iterator[_Wanted]:
        contender, given = CONTENDERS[self._given.contender], self._given
        for number in numbers:
            arguments = contender.arguments(given.url, number, given.interval_s, self._load)
            yield contender.classpath, arguments


class Supervisor(TriggerRunnerSupervisor):
    """Airflow's own, whose triggers come from a plan."""

    plan: Plan
    failures: list[Any]
    begun = 0

    def load_triggers(self) -> None:
        if not self.begun:
            self._create(self.plan.first())
        elif self.begun == 2 and self.plan.others_may_start:
            self._create(self.plan.others())

    def on_trigger_event(self, trigger_id: int, event: object) -> None:
        del event
        self.stop = self.stop or trigger_id == _PROBE_ID

    def on_trigger_failure(self, trigger_id: int, exc: list[str] | None) -> None:
        raise RuntimeError(f"the trigger {trigger_id} failed: {exc}")

    def heartbeat(self) -> None:
        """There is no job in a database."""

    def clean_unused(self) -> None:
        """Nor are there triggers."""

    def emit_metrics(self) -> None:
        """Nor is there a host to name."""

    def _create(self, wanted: list[_Wanted]) -> None:
        for classpath, arguments in wanted:
            encrypted = Trigger.encrypt_kwargs(arguments)
            self.creating_triggers.append(
                RunTrigger(id=self.begun, classpath=classpath, encrypted_kwargs=encrypted)
            )
            self.begun += 1


def run_with_airflow(plan: Plan) -> None:
    """Run them in the runner of Airflow's triggerer."""
    supervisor = Supervisor.start(capacity=1_000_000)
    supervisor.plan = plan
    try:
        supervisor.run()
    finally:
        supervisor.kill()


async def run_with_asyncio(plan: Plan) -> None:
    """Run them on an event loop."""
    probe, warm_up = [_started(one) for one in plan.first()]
    while not plan.others_may_start:
        await asyncio.sleep(1)
    others = [_started(one) for one in plan.others()]
    await probe
    for task in (warm_up, *others):
        task.cancel()


def _started(wanted: _Wanted) -> asyncio.Task[None]:
    classpath, arguments = wanted
    module, _, name = classpath.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)
    return asyncio.create_task(_run(trigger), name=f"{TASK_PREFIX}{id(trigger)}")


async def _run(trigger: Any) -> None:
    """Run a trigger to its first event."""
    async for _ in trigger.run():
        return


def main() -> None:
    """Run one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runner", choices=["airflow", "asyncio"])
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--interval-s", type=float, required=True)
    parser.add_argument("--median-s", type=float, required=True)
    parser.add_argument("--under-way", action="store_true")
    parser.add_argument("--most-s", type=float)
    parser.add_argument("--result", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(given, Path(folder))
        if given.runner == "airflow":
            run_with_airflow(plan)
        else:
            asyncio.run(run_with_asyncio(plan))


if __name__ == "__main__":
    main()
