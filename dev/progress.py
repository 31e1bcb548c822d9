"""What a run does, told to a person: states as they change, and the end of a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dev.airflow_api import Json, TaskInstance

REMARKS = {
    "deferred": "the triggerer waits, no worker is held",
    "up_for_reschedule": "tries again later, no worker is held",
}
# What lasts a moment, and comes before every run, is no news.
SILENT = frozenset({None, "scheduled", "queued"})


class Progress:
    """Remembers what was told, and yields a line the first time that a try of a task is in a state."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str | None, int]] = set()

    def lines(self, tasks: Iterable[TaskInstance], *, elapsed: float) -> Iterator[str]:
        """Yield lines such as ``0:07  film  running``.

        :param elapsed: seconds since the run was triggered.
        """
        for task in tasks:
            now = (task.label, task.state, task.try_number)
            if task.state in SILENT or now in self._told:
                continue
            self._told.add(now)
            remark = f"  ({REMARKS[task.state]})" if task.state in REMARKS else ""
            yield f"{clock(elapsed)}  {task.label:<22}{task.state}{remark}"


def clock(seconds: float) -> str:
    """Return minutes and seconds, ``1:05`` for 65."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def log_tail(entries: Sequence[Json], *, count: int = 12) -> str:
    """Return the last entries of a task's log, a line each, without Airflow's fold marks."""
    told = [entry for entry in entries if "timestamp" in entry and not entry["event"].startswith("::")]
    return "\n".join(_log_line(entry) for entry in told[-count:])


def _log_line(entry: Json) -> str:
    causes = [f"  {cause['exc_type']}: {cause['exc_value']}" for cause in entry.get("error_detail") or ()]
    time_of_day = str(entry["timestamp"])[11:19]
    return "\n".join([f"  {time_of_day} {entry.get('level') or '':<8}{entry['event']}", *causes])
