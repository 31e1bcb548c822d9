"""When to poll a task again, and when to stop. Pure: the time and the jitter are arguments.

The trigger and the worker use the same :class:`Poller`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
)
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.task import Task, TaskStatus

# What all pollers of one key may use of its requests a minute; submissions need the rest.
_SHARE_OF_BUDGET = 0.5
_RESERVE_OF_BUDGET = 0.1

# A task that was rejected for lack of capacity is submitted again after this long, and then ever more rarely.
# A shorter time might end before Airflow has noticed the deferral.
_SHORTEST_CAPACITY_WAIT_S = 10.0
_LONGEST_CAPACITY_WAIT_S = 120.0
_CAPACITY_WAIT_GROWTH = 1.5

# Right after a submission another replica of the service may not know the task yet.
_NOT_FOUND_TWICE = 2

# How early in its interval a poll may be made with those of other tasks. A quarter of an interval is time
# enough for twenty of a hundred tasks to meet, and makes each task's polls at most a third more.
_EARLIEST = 0.75


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
    """When one task is polled.

    :param submitted_at: Unix seconds.
    :param deadline: Unix seconds. The task is polled once more then. It ends the polling, not the task.
    :param expected_s: the longest usual time of such a task, in seconds (inferred). Later polls are rarer.
    :param min_interval_s: shortest time between two polls, in seconds.
    :param max_interval_s: longest time between two polls up to ``expected_s``.
    :param max_overdue_interval_s: longest time between two polls after that.
    :param growth: the time between two polls, as a part of the time since the submission. With 0.2, the end
        is detected at most a fifth late.
    """

    submitted_at: float
    deadline: float
    expected_s: float = 300.0
    min_interval_s: float = 3.0
    max_interval_s: float = 15.0
    max_overdue_interval_s: float = 60.0
    growth: float = 0.2

    @classmethod
    def starting(cls, *, submitted_at: float, timeout: float, **bounds: float) -> Self:
        """Return a plan whose deadline is ``timeout`` seconds after the submission.

        :param submitted_at: Unix seconds.
        :param timeout: seconds from the submission to the deadline.
        :param bounds: any other parameters of a plan.
        """
        return cls(submitted_at=submitted_at, deadline=submitted_at + timeout, **bounds)

    def sparse(self) -> Self:
        """Return the plan for a task whose end the service reports: a poll finds out only if it does not."""
        return replace(self, min_interval_s=self.max_interval_s)

    def to_json(self) -> dict[str, float]:
        """Return the plan as plain JSON, for the argument of a trigger."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the plan that a trigger's argument holds.

        Unknown fields are ignored and absent ones get their default, so that a deferred task survives an
        upgrade. The deadline of a plan without times has passed.

        :param stored: what :meth:`to_json` returned.
        """
        known = {field.name for field in fields(cls)}
        numbers = {
            name: float(value)
            for name, value in stored.items()
            if name in known and isinstance(value, int | float) and math.isfinite(value)
        }
        return cls(**{"submitted_at": 0.0, "deadline": 0.0, **numbers})


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The requests that all who poll with the same key share.

    :param rate_limit: what the service said last, if anything.
    :param pollers: how many tasks are polled with the key from here.
    """

    rate_limit: RateLimit | None = None
    pollers: int = 1

    def fair_interval(self) -> float:
        """Return the seconds between two polls of one task that keep all pollers within their share."""
        if self.rate_limit is None or not self.rate_limit.limit:
            return 0.0
        return self.pollers * 60.0 / (self.rate_limit.limit * _SHARE_OF_BUDGET)

    def pause(self, *, now: float) -> float:
        """Return the seconds until the next window, when this one is nearly used up."""
        known = self.rate_limit
        if known is None or known.limit is None or known.remaining is None or known.reset_at is None:
            return 0.0
        if known.remaining > known.limit * _RESERVE_OF_BUDGET:
            return 0.0
        # A window is a minute. A longer wait would come from two clocks that disagree.
        return min(60.0, max(0.0, known.reset_at - now))


@dataclass(frozen=True, kw_only=True)
class PollWindow:
    """When the next poll may be made: between two moments, in seconds from now.

    :param earliest_s: not before this. So early it is made only where a request for other tasks can read this
        one, too.
    :param latest_s: at this time it is made in any case.
    """

    earliest_s: float
    latest_s: float


class Poller:
    """Decides for one task."""

    def __init__(self, *, plan: PollingPlan) -> None:
        self._plan = plan
        self._retry_after_s = 0.0
        self._times_not_found = 0

    def delay(self, *, now: float, jitter: float, budget: Budget) -> float:
        """Return the seconds until the next poll.

        :param jitter: a random number in [0, 1), which keeps the tasks of a restarted triggerer apart.
        """
        plan = self._plan
        elapsed = max(0.0, now - plan.submitted_at)
        longest = plan.max_interval_s if elapsed <= plan.expected_s else plan.max_overdue_interval_s
        interval = max(plan.min_interval_s, min(longest, elapsed * plan.growth), budget.fair_interval())
        wait = max(
            interval * (0.75 + jitter / 2), budget.pause(now=now) * (1 + jitter / 10), self._retry_after_s
        )
        return max(0.0, min(wait, plan.deadline - now))

    def window(self, *, now: float, jitter: float, budget: Budget) -> PollWindow:
        """Return when the next poll may be made; for the arguments, see :meth:`delay`.

        What the service asks to wait, and the deadline, leave no room.
        """
        latest_s = self.delay(now=now, jitter=jitter, budget=budget)
        is_fixed = (
            self._retry_after_s > 0 or budget.pause(now=now) > 0 or now + latest_s >= self._plan.deadline
        )
        return PollWindow(earliest_s=latest_s * (1.0 if is_fixed else _EARLIEST), latest_s=latest_s)

    def on_status(self, task: Task, *, now: float) -> PollEnd | None:
        """Take a poll's response; return why the polling is over, or None to go on.

        The end of a task counts before the deadline: a task that is found finished late is finished.
        """
        self._retry_after_s = 0.0
        self._times_not_found = 0
        if task.status is TaskStatus.SUCCESS:
            return PollEnd.FINISHED
        if task.status is TaskStatus.FAILED:
            return PollEnd.FAILED_AT_SERVICE
        return self._end_at_deadline(now=now)

    def on_error(self, error: KlingError, *, now: float) -> PollEnd | None:
        """Take a poll's error; return why the polling is over, or None to go on.

        Only what cannot change ends it: a rejected key, or a task that the service twice does not know.
        """
        self._retry_after_s = (error.retry_after or 0.0) if isinstance(error, KlingAPIError) else 0.0
        if isinstance(error, KlingAuthenticationError | KlingPermissionError) and not error.transient:
            return PollEnd.KEY_REJECTED
        if isinstance(error, KlingNotFoundError):
            self._times_not_found += 1
            if self._times_not_found == _NOT_FOUND_TWICE:
                return PollEnd.NOT_FOUND
        return self._end_at_deadline(now=now)

    def _end_at_deadline(self, *, now: float) -> PollEnd | None:
        return PollEnd.DEADLINE if now >= self._plan.deadline else None


def capacity_delay(*, rejections: int, retry_after_s: float | None, jitter: float) -> float:
    """Return the seconds until a submission that was rejected for lack of capacity is sent again.

    :param rejections: how often it was rejected, this time included.
    :param retry_after_s: what the service asks to wait, if it says.
    :param jitter: a random number in [0, 1): the tasks of a fan-out are rejected together.
    """
    steps = min(rejections - 1, 20)
    grown = min(_LONGEST_CAPACITY_WAIT_S, _SHORTEST_CAPACITY_WAIT_S * _CAPACITY_WAIT_GROWTH**steps)
    return max(_SHORTEST_CAPACITY_WAIT_S, grown * (0.5 + jitter), (retry_after_s or 0.0) * (1 + jitter / 10))
