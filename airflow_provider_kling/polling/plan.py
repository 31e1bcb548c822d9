"""What is known of a task before it is polled, and how the polling ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self

from airflow_provider_kling.polling.timetable import Bounds

_LONGEST_KIND: Final = 200
_SOON_S: Final = 10.0
# What is read from a database may be anything.
_SHORTEST_INTERVAL_S: Final = 0.5
_LONGEST_INTERVAL_S: Final = 3600.0


class PollStatus(StrEnum):
    """How the polling of a task ended."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    ERROR = "error"


class PollEnd(StrEnum):
    """Why the polling of a task ended."""

    FINISHED = "finished"
    FAILED_AT_SERVICE = "failed_at_service"
    DEADLINE = "deadline"
    KEY_REJECTED = "key_rejected"
    NOT_FOUND = "not_found"
    WAITER_BROKE = "waiter_broke"

    @property
    def status(self) -> PollStatus:
        """The status that goes with the reason."""
        return _STATUS_OF_END.get(self, PollStatus.ERROR)


_STATUS_OF_END = {
    PollEnd.FINISHED: PollStatus.SUCCESS,
    PollEnd.FAILED_AT_SERVICE: PollStatus.FAILED,
    PollEnd.DEADLINE: PollStatus.TIMEOUT,
}


@dataclass(frozen=True, kw_only=True)
class PollingPlan:
    """What one task's polls depend on.

    :param submitted_at: Unix seconds.
    :param deadline: Unix seconds. The task is polled once more then. It ends the polling, not the task.
    :param kind: names the tasks that take about as long as this one, such as those of the same model, mode
        and length; empty where that is not known.
    :param expected_from_s: the shortest usual time of such a task, in seconds (inferred).
    :param expected_s: the longest.
    :param min_interval_s: shortest time between two polls, in seconds.
    :param max_interval_s: longest time between two polls while the end is likely.
    :param max_overdue_interval_s: longest time between two polls before and after that.
    """

    submitted_at: float
    deadline: float
    kind: str = ""
    expected_from_s: float = 60.0
    expected_s: float = 300.0
    min_interval_s: float = Bounds.shortest_s
    max_interval_s: float = Bounds.longest_s
    max_overdue_interval_s: float = Bounds.unlikely_s

    @classmethod
    def starting(cls, *, submitted_at: float, timeout: float, **others: Any) -> Self:
        """Return a plan whose deadline is ``timeout`` seconds after the submission.

        :param submitted_at: Unix seconds.
        :param timeout: seconds from the submission to the deadline.
        :param others: any other parameters of a plan.
        """
        return cls(submitted_at=submitted_at, deadline=submitted_at + timeout, **others)

    @classmethod
    def joining(cls, *, now: float, timeout: float, **others: Any) -> Self:
        """Return a plan for a task that was submitted nobody knows when: it may end soon.

        :param now: Unix seconds.
        :param timeout: seconds from now to the deadline.
        :param others: any other parameters of a plan.
        """
        return cls.starting(submitted_at=now, timeout=timeout, expected_from_s=_SOON_S, **others)

    @cached_property
    def expected_range_s(self) -> tuple[float, float]:
        """The shortest and the longest usual time, in seconds."""
        return min(self.expected_from_s, self.expected_s), self.expected_s

    @cached_property
    def bounds(self) -> Bounds:
        """The bounds of the times between two polls."""
        shortest_s = min(_LONGEST_INTERVAL_S, max(_SHORTEST_INTERVAL_S, self.min_interval_s))
        longest_s = min(_LONGEST_INTERVAL_S, max(shortest_s, self.max_interval_s))
        unlikely_s = min(_LONGEST_INTERVAL_S, max(longest_s, self.max_overdue_interval_s))
        return Bounds(shortest_s=shortest_s, longest_s=longest_s, unlikely_s=unlikely_s)

    def sparse(self) -> Self:
        """Return the plan for a task whose end the service reports: a poll finds out only if it does not."""
        return replace(self, min_interval_s=self.max_interval_s)

    def to_json(self) -> dict[str, float | str]:
        """Return the plan as plain JSON, for the argument of a trigger."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the plan that a trigger's argument holds.

        Unknown fields are ignored and absent ones get their default, so that a deferred task survives an
        upgrade. The deadline of a plan without times has passed.

        :param stored: what :meth:`to_json` returned.
        """
        known: dict[str, Any] = {"submitted_at": 0.0, "deadline": 0.0}
        for each in fields(cls):
            value = stored.get(each.name)
            if each.name == "kind":
                known[each.name] = value[:_LONGEST_KIND] if isinstance(value, str) else ""
            elif isinstance(value, int | float) and math.isfinite(value):
                known[each.name] = float(value)
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class PollWindow:
    """When the next poll may be made: between two moments, in seconds from now.

    :param earliest_s: not before this. So early it is made only where a request for other tasks can read this
        one, too.
    :param latest_s: at this time it is made in any case.
    """

    earliest_s: float
    latest_s: float
