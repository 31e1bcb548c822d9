"""Task states, told as they change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dev.airflow_api import TaskInstance

REMARKS = {"deferred": "the triggerer waits, no worker is held"}
# What lasts a moment, and comes before every run, tells nobody anything.
SILENT = frozenset({None, "scheduled", "queued"})


class Progress:
    """Remembers what was told, and yields a line for each task whose state is new."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str | None, int]] = {}

    def lines(self, tasks: Iterable[TaskInstance], *, elapsed: float) -> Iterator[str]:
        """Yield lines such as ``0:07  generate  deferred  (the triggerer waits, ...)``.

        :param elapsed: seconds since the run was triggered.
        """
        for task in tasks:
            now = (task.state, task.try_number)
            if task.state in SILENT or self._told.get(task.label) == now:
                continue
            self._told[task.label] = now
            remark = f"  ({REMARKS[task.state]})" if task.state in REMARKS else ""
            yield f"{clock(elapsed)}  {task.label:<12}{task.state}{remark}"


def clock(seconds: float) -> str:
    """Return minutes and seconds, ``1:05`` for 65."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
