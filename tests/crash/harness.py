"""A real Airflow, and as many sandboxes as the crashes need so as not to disturb each other."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from tests.crash.scenario import TASK, Scenario
from tests.e2e.held import UNTIL_DONE_S, held_sandbox

# Clips of one mapped task, how many workers may make at a time, and how many a service of top-up tier 10 may.
SCENES, SLOTS, CAPACITY = 30, 3, 10


class Harness:
    """Starts runs against sandboxes.

    :param folder: clips go here.
    :param sandboxes: those that are there from the start, by connection id. Each is for one purpose: its
        faults and counts are that purpose's alone.
    """

    def __init__(self, *, stack: AirflowStack, folder: Path, sandboxes: dict[str, SandboxProcess]) -> None:
        self.stack = stack
        self.sandboxes = sandboxes
        self._folder = folder
        self._numbers = itertools.count(1)

    def start(self, dag_id: str, *, conn_id: str, **conf: object) -> Scenario:
        """Start a run of a DAG in ``dags/crash.py``, with a prompt and a clip of its own."""
        return self._start(dag_id, conn_id, self.sandboxes[conn_id], conf)

    @contextlib.contextmanager
    def held(self, dag_id: str = "plain", **conf: object) -> Iterator[Scenario]:
        """Start a run whose generation ends when :func:`finish_generation` says so."""
        with held_sandbox(self.stack.api) as held:
            yield self._start(dag_id, held.conn_id, held.sandbox, conf)

    def _start(self, dag_id: str, conn_id: str, sandbox: SandboxProcess, conf: dict[str, object]) -> Scenario:
        number = next(self._numbers)
        self.stack.wait_for(lambda: self.stack.api.has_dag(dag_id), what=f"the DAG {dag_id}")
        prompt, clip = f"Scenario {number}", self._folder / f"{number}.mp4"
        conf = {"prompt": prompt, "output": f"file://{clip}", "conn_id": conn_id, **conf}
        scenario = Scenario(
            stack=self.stack,
            dag_id=dag_id,
            run_id=self.stack.api.trigger(dag_id, conf, run_id=f"scenario-{number}"),
            prompt=prompt,
            sandbox=sandbox,
            clip=clip if conf["output"] else None,
            is_killed="point" in conf,
        )
        if dag_id == "looped":  # what is done is done to its second iteration
            scenario.label = f"again.{TASK}#1"
            scenario.prompt = f"{prompt} in iteration 1"
            scenario.clip = scenario.clip and clip.with_name(f"{clip.name}.1.mp4")
        return scenario


class CapacityDriver:
    """Ends a held sandbox's generations whenever it is full and a task waits for capacity.

    So that happens on a slow machine too.

    :param capacity: generations that go on at the same time.
    :param total: generations in all, a multiple of ``capacity``.
    """

    def __init__(self, sandbox: SandboxProcess, *, capacity: int, total: int) -> None:
        self._sandbox = sandbox
        self._capacity = capacity
        self._total = total
        self._ended = 0

    def on_poll(self, tasks: Counter[str | None]) -> None:
        """End them if it is time.

        :param tasks: how many are in each state.
        """
        accepted = self._sandbox.stats()["submissions_accepted"]
        running, more_wait = accepted - self._ended, accepted < self._total
        if running == self._capacity and (tasks["deferred"] > running or not more_wait):
            self._ended = accepted
            self._sandbox.advance(UNTIL_DONE_S)


def finish_generation(scenario: Scenario) -> None:
    """End a held run's generation at the service."""
    scenario.sandbox.advance(UNTIL_DONE_S)
