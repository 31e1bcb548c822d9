"""A trigger that waits beside the others, and measures the process and the event loop that they share."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import psutil
from airflow.triggers.base import BaseTrigger, TriggerEvent

TASK_PREFIX: Final = "ID "
"""So begins the name of a trigger's asyncio task in Airflow's runner, if it belongs to no task instance."""

_EVERY_S: Final = 0.02
_LOOK_EVERY_S: Final = 1.0  # to count thousands of tasks takes some milliseconds
_SETTLED_S: Final = 3.0  # from the last trigger's start until memory is looked at


class Probe(BaseTrigger):
    """Measure from when the one that warms up what they share has ended until all others have, too.

    :param tasks: how many triggers there will be beside this one.
    :param ready: a file to write when the others may start.
    :param result: a file to write what was measured to, as JSON.
    :param most_s: seconds after which measuring ends in any case; None for no end.
    """

    def __init__(self, *, tasks: int, ready: str, result: str, most_s: float | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tasks = tasks
        self.ready = ready
        self.result = result
        self.most_s = most_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"tasks": self.tasks, "ready": self.ready, "result": self.result, "most_s": self.most_s}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        process = psutil.Process()
        while _running() > 1:
            await asyncio.sleep(_LOOK_EVERY_S)
        before = process.memory_info().rss
        Path(self.ready).touch()
        loading = await _longest_stall(until=lambda: _running() > self.tasks)
        loaded_at, cpu_before = time.monotonic(), time.process_time()
        stalls = [await _longest_stall(until=lambda: time.monotonic() > loaded_at + _SETTLED_S)]
        waiting = process.memory_info().rss
        stalls.append(await _longest_stall(until=lambda: _running() == 1 or self._is_over(loaded_at)))
        found = {
            "cpu_s": time.process_time() - cpu_before,
            "seconds": time.monotonic() - loaded_at,
            "memory_before": before,
            "memory_waiting": waiting,
            "memory_at_end": process.memory_info().rss,
            "connections": len(process.net_connections(kind="tcp")),
            "stall_loading_s": loading,
            "stall_s": max(stalls),
        }
        Path(self.result).write_text(json.dumps(found))
        yield TriggerEvent("measured")  # type: ignore[no-untyped-call]

    def _is_over(self, since: float) -> bool:
        return self.most_s is not None and time.monotonic() > since + self.most_s


def _running() -> int:
    """Return how many triggers run on this loop, the probe among them, by the names that their tasks have."""
    return sum(1 for task in asyncio.all_tasks() if task.get_name().startswith(TASK_PREFIX))


async def _longest_stall(*, until: Callable[[], bool]) -> float:
    """Return for how many seconds the loop let nobody else run, at most, until something is so."""
    loop, longest = asyncio.get_running_loop(), 0.0
    look_at = 0.0
    while True:
        due = loop.time() + _EVERY_S
        await asyncio.sleep(_EVERY_S)
        longest = max(longest, loop.time() - due)
        if loop.time() >= look_at:
            if until():
                return longest
            look_at = loop.time() + _LOOK_EVERY_S
