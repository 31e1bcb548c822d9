"""The cluster, a run of many generations on it, and what is done to both."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_api import FINISHED, TaskInstance
from dev.airflow_stack import AirflowStack, Component
from dev.postgres import Postgres

T = TypeVar("T")

OUTAGE_S = 30.0
TASK_PROCESS = "airflow worker --"  # so begins the name that Airflow gives a task's process


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What the run goes on, and the service that it asks.

    :param folder: clips go into it.
    """

    stack: AirflowStack
    postgres: Postgres
    sandbox: SandboxProcess
    folder: Path


class FanOut:
    """One run of a mapped task, on a cluster that is hit while it goes on.

    Each blow waits until there is something to hit, and returns how much that was.
    """

    def __init__(self, cluster: Cluster, *, dag_id: str, **conf: str) -> None:
        self._stack, self._postgres, self._sandbox = cluster.stack, cluster.postgres, cluster.sandbox
        self._dag_id = dag_id
        self._begun = time.monotonic()
        self._run_id = self._stack.api.trigger(dag_id, conf)

    def seconds(self) -> float:
        """Return how long it has gone on."""
        return time.monotonic() - self._begun

    def tasks(self) -> list[TaskInstance]:
        """Return all tasks as they are now."""
        return self._stack.api.task_instances(self._dag_id, self._run_id)

    def has_results(self, least: int) -> int:
        """Wait until so many tasks have succeeded, and return how many have."""

        def enough() -> int:
            results = self._stack.api.count(self._dag_id, self._run_id, "success")
            return results if results >= least else 0

        return self._wait_for(enough, what=f"{least} results")

    def finish(self) -> str:
        """Wait for the end of the run, and return its state."""

        def ended() -> str | None:
            state = self._stack.api.run_state(self._dag_id, self._run_id)
            return state if state in FINISHED else None

        return self._wait_for(ended, what="the end of the run")

    def kill_triggerer(self) -> int:
        """Kill a triggerer when both hold tasks, and start it again; returns how many both held together."""

        def held_by_both() -> int:
            deferred = [task for task in self.tasks() if task.state == "deferred"]
            holders = {task.triggerer_id for task in deferred if task.triggerer_id is not None}
            return len(deferred) if len(holders) > 1 else 0

        deferred = self._wait_for(held_by_both, what="tasks in both triggerers")
        self._replace(Component.TRIGGERER)
        return deferred

    def kill_worker(self) -> int:
        """Kill a worker when it runs tasks, and start it again; returns how many it ran."""
        running = self._wait_for(self._running_tasks, what="a task on the worker", every=0.1)
        self._replace(Component.CELERY_WORKER)
        return running

    def restart_database(self) -> int:
        """Restart PostgreSQL when tasks run, and return how many did."""
        running = self._wait_for(
            lambda: self._stack.api.count(self._dag_id, self._run_id, "running"), what="a task that runs"
        )
        self._postgres.restart()
        return running

    def break_service(self) -> int:
        """Have the service answer everything with 503 for a while, and return how many requests that hit."""
        self._sandbox.faults([{"times": None, "action": {"status": 503}}])
        end = time.monotonic() + OUTAGE_S
        self._wait_for(lambda: time.monotonic() > end, what="the end of the outage")
        # On a slow machine nobody may have asked yet.
        hit = self._wait_for(self._unavailable, what="a request that is answered with 503")
        self._sandbox.clear_faults()
        return hit

    def _replace(self, component: Component) -> None:
        self._stack.kill(component)
        self._stack.start(component)

    def _running_tasks(self) -> int:
        titles: list[str] = []
        for process in self._stack.processes_of(Component.CELERY_WORKER):
            with contextlib.suppress(psutil.NoSuchProcess):
                titles.append(" ".join(process.cmdline()))
        return sum(title.startswith(TASK_PROCESS) for title in titles)

    def _unavailable(self) -> int:
        return sum(each["status"] == 503 for each in self._sandbox.requests())

    def _wait_for(self, check: Callable[[], T | None], *, what: str, every: float = 2.0) -> T:
        """Wait, also through the time in which the API server has no database."""

        def checked() -> T | None:
            with contextlib.suppress(httpx.HTTPError):
                return check()
            return None

        return self._stack.wait_for(checked, what=what, every=every)
