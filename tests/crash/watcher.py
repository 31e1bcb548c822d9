"""Looking at a run again and again, from a thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from dev.airflow_api import FINISHED
from tests.crash.trial import Trial


class Watcher:
    """Notes how many tasks of a run are in each state, until the run has ended or the context is left.

    :param then: called with each count.
    :ivar counts: one count of states a look, oldest first.
    """

    def __init__(self, trial: Trial, *, then: Callable[[Counter[str | None]], None]) -> None:
        self.trial = trial
        self._then = then
        self.counts: list[Counter[str | None]] = []
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        api, dag_id, run_id = self.trial.stack.api, self.trial.dag_id, self.trial.run_id
        while not self._left.wait(0.5) and api.run_state(dag_id, run_id) not in FINISHED:
            self.counts.append(Counter(task.state for task in api.task_instances(dag_id, run_id)))
            self._then(self.counts[-1])
