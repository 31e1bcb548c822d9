"""Polling a run from a thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from dev.airflow_api import FINISHED
from tests.crash.scenario import Scenario


class StateMonitor:
    """Notes how many tasks of a run are in each state, until the run has ended or the context is left.

    :param then: called with each count.
    :ivar counts: one count of states a poll, oldest first.
    """

    def __init__(self, scenario: Scenario, *, then: Callable[[Counter[str | None]], None]) -> None:
        self.scenario = scenario
        self._then = then
        self.counts: list[Counter[str | None]] = []
        self._left = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._polling = self._thread.submit(self._poll)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.shutdown()

    def finish(self) -> str:
        """Wait for the end of the run and return its state; raises what stopped the polling, if anything."""
        self.scenario.stack.wait_for(self._polling.done, what=f"the end of {self.scenario.run_id}")
        self._polling.result()
        return self.scenario.state()

    def _poll(self) -> None:
        scenario = self.scenario
        while not self._left.wait(1.0) and scenario.state() not in FINISHED:
            self.counts.append(Counter(task.state for task in scenario.tasks().values()))
            self._then(self.counts[-1])
