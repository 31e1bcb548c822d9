"""When to look at a task again, and when to stop. Pure: the time and the jitter come as arguments.

One :class:`Poller` serves the trigger's loop and the worker's alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
)
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.task import Task, TaskStatus

# Looking after another fifth of the time gone by finds the end at most a fifth late.
_GROWTH = 0.2
_SHORTEST_S = 3.0
_LONGEST_S = 15.0
_LONGEST_OVERDUE_S = 60.0

# What all the watchers of one key may use of its requests a minute; submissions need the rest.
_SHARE_OF_BUDGET = 0.5
_RESERVE_OF_BUDGET = 0.1

# A task that was refused for lack of room tries again after this long, and then ever more rarely. Less
# than the shortest would fire before Airflow has noticed the deferral.
_SHORTEST_QUEUE_S = 10.0
_LONGEST_QUEUE_S = 120.0
_QUEUE_GROWTH = 1.5

# Right after a submission another replica of the service may not know the task yet.
_NOT_FOUND_TWICE = 2


class EndStatus(StrEnum):
    """How the watching ended."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    ERROR = "error"


class PollEnd(StrEnum):
    """Why the watching ended."""

    FINISHED = "finished"
    FAILED_AT_SERVICE = "failed_at_service"
    DEADLINE = "deadline"
    KEY_REFUSED = "key_refused"
    NOT_FOUND = "not_found"
    WATCHER_BROKE = "watcher_broke"

    @property
    def status(self) -> EndStatus:
        """The status that goes with the reason."""
        return _STATUS_OF_REASON.get(self, EndStatus.ERROR)


_STATUS_OF_REASON = {
    PollEnd.FINISHED: EndStatus.SUCCESS,
    PollEnd.FAILED_AT_SERVICE: EndStatus.FAILED,
    PollEnd.DEADLINE: EndStatus.TIMEOUT,
}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The requests that everybody who watches with one key shares.

    :param rate_limit: what the service said last, if anything.
    :param watchers: how many tasks are watched with the key from here.
    """

    rate_limit: RateLimit | None = None
    watchers: int = 1

    def fair_interval(self) -> float:
        """Return the seconds between two looks at one task that keep all watchers within their share."""
        if self.rate_limit is None or not self.rate_limit.limit:
            return 0.0
        return self.watchers * 60.0 / (self.rate_limit.limit * _SHARE_OF_BUDGET)

    def pause(self, *, now: float) -> float:
        """Return the seconds until the next window, when this one is as good as used up."""
        known = self.rate_limit
        if known is None or known.limit is None or known.remaining is None or known.reset_at is None:
            return 0.0
        if known.remaining > known.limit * _RESERVE_OF_BUDGET:
            return 0.0
        # A window is a minute (docs: api, requests per minute): more would be two clocks that disagree.
        return min(60.0, max(0.0, known.reset_at - now))


class Poller:
    """Decides for one task.

    :param submitted_at: Unix seconds.
    :param deadline: Unix seconds; the task is looked at once more then. Reaching it ends the
        watching, not the task.
    :param usual_s: the longest time such a task usually takes, in seconds.
    """

    def __init__(self, *, submitted_at: float, deadline: float, usual_s: float) -> None:
        self._submitted_at = submitted_at
        self._deadline = deadline
        self._usual_s = usual_s
        self._asked_to_wait = 0.0
        self._times_not_found = 0

    def delay(self, *, now: float, jitter: float, budget: Budget) -> float:
        """Return the seconds until the next look.

        :param jitter: a random number in [0, 1), which keeps the tasks of a restarted triggerer apart.
        """
        elapsed = max(0.0, now - self._submitted_at)
        longest = _LONGEST_S if elapsed <= self._usual_s else _LONGEST_OVERDUE_S
        interval = max(_SHORTEST_S, min(longest, elapsed * _GROWTH), budget.fair_interval())
        wait = max(
            interval * (0.75 + jitter / 2), budget.pause(now=now) * (1 + jitter / 10), self._asked_to_wait
        )
        return max(0.0, min(wait, self._deadline - now))

    def saw(self, task: Task, *, now: float) -> PollEnd | None:
        """Take in an answer; return why the watching is over, or None to go on.

        An end counts before the deadline does: a task found finished late is finished.
        """
        self._asked_to_wait = 0.0
        self._times_not_found = 0
        if task.status is TaskStatus.SUCCESS:
            return PollEnd.FINISHED
        if task.status is TaskStatus.FAILED:
            return PollEnd.FAILED_AT_SERVICE
        return self._end_of_time(now=now)

    def missed(self, error: KlingError, *, now: float) -> PollEnd | None:
        """Take in a look that failed; return why the watching is over, or None to go on.

        Only what will stay so ends it: a refused key, or a task that the service twice does not know.
        """
        self._asked_to_wait = (error.retry_after or 0.0) if isinstance(error, KlingAPIError) else 0.0
        if isinstance(error, KlingAuthenticationError | KlingPermissionError):
            return PollEnd.KEY_REFUSED
        if isinstance(error, KlingNotFoundError):
            self._times_not_found += 1
            if self._times_not_found == _NOT_FOUND_TWICE:
                return PollEnd.NOT_FOUND
        return self._end_of_time(now=now)

    def _end_of_time(self, *, now: float) -> PollEnd | None:
        return PollEnd.DEADLINE if now >= self._deadline else None


def queue_delay(*, refusals: int, asked_s: float | None, jitter: float) -> float:
    """Return the seconds until a submission that was refused for lack of room is tried again.

    :param refusals: how often it was refused, this time included.
    :param asked_s: what the service asks to wait, if it says.
    :param jitter: a random number in [0, 1): the tasks of a fan-out are refused together.
    """
    grown = min(_LONGEST_QUEUE_S, _SHORTEST_QUEUE_S * _QUEUE_GROWTH ** min(refusals - 1, 20))
    return max(_SHORTEST_QUEUE_S, grown * (0.5 + jitter), (asked_s or 0.0) * (1 + jitter / 10))
