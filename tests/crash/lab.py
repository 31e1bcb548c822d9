"""A real Airflow, and as many sandboxes as the crashes need so as not to disturb each other."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.service import connection_json
from tests.crash.trial import Trial

# A generation takes hours then, so it ends when the test moves the sandbox's clock on, and not before.
HELD = 0.01
UNTIL_DONE_S = 20_000.0
# Clips of one mapped task, room for them on the workers, and at a service of top-up tier 10.
SCENES, SLOTS, ROOM = 30, 3, 10


class Lab:
    """Starts runs against sandboxes.

    :param folder: films go here.
    :param sandboxes: the shared ones, by connection id.
    """

    def __init__(self, *, stack: AirflowStack, folder: Path, sandboxes: dict[str, SandboxProcess]) -> None:
        self.stack = stack
        self.sandboxes = sandboxes
        self._folder = folder
        self._numbers = itertools.count(1)

    def start(self, dag_id: str, *, conn_id: str = "kling_default", point: str = "") -> Trial:
        """Start a run of a DAG in ``dags/crash.py``, with a prompt and a film of its own."""
        number = next(self._numbers)
        self.stack.wait_for(lambda: self.stack.api.has_dag(dag_id), what=f"the DAG {dag_id}", timeout=120)
        prompt, film = f"Trial {number}", self._folder / f"{number}.mp4"
        conf = {"prompt": prompt, "output": f"file://{film}", "conn_id": conn_id, "point": point}
        return Trial(
            stack=self.stack,
            dag_id=dag_id,
            run_id=self.stack.api.trigger(dag_id, conf, run_id=f"trial-{number}"),
            prompt=prompt,
            sandbox=self.sandboxes[conn_id],
            film=film,
        )

    @contextlib.contextmanager
    def held(self, dag_id: str = "plain") -> Iterator[Trial]:
        """Start a run whose generation ends when :meth:`finish_generation` says so."""
        conn_id = f"kling_held_{next(self._numbers)}"
        with SandboxProcess(tier="1000", speed=HELD) as sandbox:
            fields = json.loads(connection_json(api_key=sandbox.api_key, url=sandbox.url))
            self.stack.api.create_connection(conn_id, **fields)
            self.sandboxes[conn_id] = sandbox
            yield self.start(dag_id, conn_id=conn_id)


class Doorkeeper:
    """Ends a held sandbox's generations whenever it is full and a task waits for room.

    So that happens on a slow machine too.

    :param room: generations that go on at the same time.
    :param guests: generations in all, a multiple of ``room``.
    """

    def __init__(self, sandbox: SandboxProcess, *, room: int, guests: int) -> None:
        self._sandbox = sandbox
        self._room = room
        self._guests = guests
        self._ended = 0

    def look(self, tasks: Counter[str | None]) -> None:
        """End them if it is time.

        :param tasks: how many are in each state.
        """
        accepted = self._sandbox.stats()["submissions_accepted"]
        inside, waits = accepted - self._ended, accepted < self._guests
        if inside == self._room and (tasks["deferred"] > inside or not waits):
            self._ended = accepted
            self._sandbox.advance(UNTIL_DONE_S)


def finish_generation(trial: Trial) -> None:
    """End a held run's generation at the service."""
    trial.sandbox.advance(UNTIL_DONE_S)
