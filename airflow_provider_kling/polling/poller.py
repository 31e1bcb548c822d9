"""Decides for one task when it is polled, and when to stop. Pure: the time and the jitter are arguments.

The trigger and the worker use the same :class:`Poller`.
"""

from __future__ import annotations

from typing import Final

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
)
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling.experience import Experience
from airflow_provider_kling.polling.plan import PollEnd, PollingPlan, PollWindow

# Right after a submission another replica of the service may not know the task yet.
_NOT_FOUND_TWICE: Final = 2

# How early in its interval a poll may be made with those of other tasks. A quarter of an interval is time
# enough for twenty of a hundred tasks to meet, and makes each task's polls at most a third more.
_EARLIEST: Final = 0.75

# Of an interval; it keeps tasks apart that were polled together.
_JITTER: Final = 0.2

# A task that had ended at its first poll may have ended before this process watched it, where that began
# at more than this part of its age. Other processes have seen most of those, so it says nothing.
_WATCHED_LATE: Final = 0.5


class Poller:
    """Decides for one task.

    :param experience: what is known of how long such tasks take. It learns how long this one ran.
    :param now: when the waiting begins, in Unix seconds.
    """

    def __init__(self, *, plan: PollingPlan, experience: Experience, now: float) -> None:
        self._plan = plan
        self._experience = experience
        self._retry_after_s = 0.0
        self._times_not_found = 0
        self._polled_s: float | None = None
        self._running_s = max(0.0, now - plan.submitted_at)
        self._was_seen_running = False

    def window(self, *, now: float, jitter: float) -> PollWindow:
        """Return when the next poll may be made.

        What the service asks to wait, and the deadline, leave no room.

        :param jitter: a random number in [0, 1), which keeps the tasks of a restarted triggerer apart.
        """
        elapsed = max(0.0, now - self._plan.submitted_at)
        left = max(0.0, self._plan.deadline - now)
        share = jitter if self._polled_s is None else 1 + _JITTER * (jitter - 0.5)
        planned = self._experience.timetable(self._plan).next_poll(elapsed_s=elapsed, share=share)
        latest_s = min(left, max(planned, self._retry_after_s))
        is_fixed = self._retry_after_s > 0 or latest_s >= left
        return PollWindow(earliest_s=latest_s * (1.0 if is_fixed else _EARLIEST), latest_s=latest_s)

    def urgency(self, now: float) -> float:
        """Return how many polls of the task would have been made by now, since the last one."""
        timetable = self._experience.timetable(self._plan)
        elapsed = max(0.0, now - self._plan.submitted_at)
        return timetable.polls(elapsed) - timetable.polls(min(elapsed, self._polled_s or 0.0))

    def on_status(self, task: Task, *, now: float) -> PollEnd | None:
        """Take a poll's response; return why the polling is over, or None to go on.

        The end of a task counts before the deadline: a task that is found finished late is finished.
        """
        self._note_poll(now)
        self._retry_after_s = 0.0
        self._times_not_found = 0
        if not task.status.terminal:
            self._note_survival(until_s=now - self._plan.submitted_at)
            self._was_seen_running = True
            return self._end_at_deadline(now=now)
        self._note_end(task, seen_s=now - self._plan.submitted_at)
        return PollEnd.FINISHED if task.status is TaskStatus.SUCCESS else PollEnd.FAILED_AT_SERVICE

    def on_error(self, error: KlingError, *, now: float) -> PollEnd | None:
        """Take a poll's error; return why the polling is over, or None to go on.

        Only what cannot change ends it: a rejected key, or a task that the service twice does not know.
        """
        self._note_poll(now)
        self._retry_after_s = (error.retry_after or 0.0) if isinstance(error, KlingAPIError) else 0.0
        if isinstance(error, KlingAuthenticationError | KlingPermissionError) and not error.transient:
            return PollEnd.KEY_REJECTED
        if isinstance(error, KlingNotFoundError):
            self._times_not_found += 1
            if self._times_not_found == _NOT_FOUND_TWICE:
                return PollEnd.NOT_FOUND
        return self._end_at_deadline(now=now)

    def _note_poll(self, now: float) -> None:
        self._polled_s = max(0.0, now - self._plan.submitted_at)

    def _end_at_deadline(self, *, now: float) -> PollEnd | None:
        return PollEnd.DEADLINE if now >= self._plan.deadline else None

    def _note_survival(self, *, until_s: float) -> None:
        self._experience.survived(self._plan, since_s=self._running_s, until_s=until_s)
        self._running_s = max(self._running_s, until_s)  # a clock may be set back

    def _note_end(self, task: Task, *, seen_s: float) -> None:
        """Learn from an end, where it is known that it came after the watching began.

        What the service says counts where it fits what was seen: a task that was running at one poll has not
        ended before it, nor after the next.
        """
        said_s = None
        if task.submitted_at is not None and task.finished_at is not None:
            said_s = (task.finished_at - task.submitted_at).total_seconds()
        if said_s is not None and self._running_s <= said_s <= seen_s:
            self._note_survival(until_s=said_s)
            self._experience.ended(self._plan, after_s=said_s, before_s=said_s)
        elif self._was_seen_running or (
            self._running_s <= seen_s * _WATCHED_LATE and (said_s is None or said_s >= self._running_s)
        ):
            self._experience.ended(self._plan, after_s=self._running_s, before_s=seen_s)
