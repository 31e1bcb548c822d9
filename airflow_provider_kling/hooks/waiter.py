"""Watching one task to its end: the loop around :class:`~airflow_provider_kling.polling.Poller`, twice."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from airflow_provider_kling.exceptions import (
    KlingError,
    KlingModerationError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.http.task import FailureReason, Task, TaskFailure, TaskStatus
from airflow_provider_kling.polling import Budget, PollEnd, Poller

log = logging.getLogger(__name__)

USUAL_S = 300.0
"""Seconds that a generation usually takes at most, where the request is not at hand (inferred)."""


@dataclass(frozen=True, kw_only=True)
class PollOutcome:
    """How a watch ended.

    :param task: the last answer about the task, if there was one.
    :param error: the last look's error, if it failed.
    """

    task_id: str
    reason: PollEnd
    waited_s: float
    task: Task | None = None
    error: KlingError | None = None

    def task_or_error(self) -> Task:
        """Return the finished task, or raise what ended the watch instead."""
        if self.task is not None and self.task.status.terminal:
            return finished_task(self.task)
        if self.error is not None and self.reason is not PollEnd.DEADLINE:
            raise self.error
        raise timed_out(self.task_id, waited_s=self.waited_s)


def finished_task(task: Task) -> Task:
    """Return a task that succeeded.

    :raises KlingTaskFailedError: it failed; the class tells whether the content was refused.
    """
    if task.status is not TaskStatus.FAILED:
        return task
    failure = task.failure or TaskFailure()
    moderated = failure.reason is FailureReason.MODERATION
    error_class = KlingModerationError if moderated else KlingTaskFailedError
    said = f"{failure.message or 'no reason given'}{f' (code {failure.code})' if failure.code else ''}"
    again = "would be refused again" if moderated else "is a new task, which is billed anew"
    raise error_class(
        f"Task {task.task_id} failed at the service: {said}. It has ended; whether failed tasks are billed "
        f"is not documented. The same request, sent again, {again}.",
        task_id=task.task_id,
        code=failure.code,
    )


def timed_out(task_id: str, *, waited_s: float) -> KlingTimeoutError:
    """Return the error for a task that still ran at the deadline."""
    return KlingTimeoutError(
        f"Task {task_id} still runs {waited_s:.0f} s after its submission. It goes on at the service, may "
        "still finish, and is then billed.",
        task_id=task_id,
    )


def still_running_message(task_id: str) -> str:
    """Say what becomes of a task when whoever waits for it is killed: the service has no way to cancel."""
    return (
        f"Task {task_id} cannot be cancelled: it goes on at the service and may be billed. "
        "Clearing this Airflow task waits for it again and submits nothing."
    )


@dataclass(kw_only=True)
class Watch:
    """One task, watched until it ends, its deadline passes, or watching makes no more sense.

    It only reads, so two at once do no harm.

    :param submitted_at: Unix seconds.
    :param deadline: Unix seconds.
    :param usual_s: the longest usual time for such a task, in seconds.
    """

    task_id: str
    submitted_at: float
    deadline: float
    usual_s: float = USUAL_S
    clock: Callable[[], float] = time.time
    random: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    asleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _last_status: str = field(default="", init=False)

    @classmethod
    def starting(cls, task_id: str, *, timeout: float, submitted_at: float | None = None) -> Watch:
        """Watch for ``timeout`` seconds from ``submitted_at``, or from now."""
        start = time.time() if submitted_at is None else submitted_at
        return cls(task_id=task_id, submitted_at=start, deadline=start + timeout)

    def wait(self, look: Callable[[], Task], budget: Callable[[], Budget]) -> PollOutcome:
        """Watch from a worker, by blocking.

        :param look: asks the service about the task, or raises a :class:`KlingError`.
        :param budget: the requests there are left to ask with.
        """
        poller = self._poller()
        while True:
            self.sleep(self._delay(poller, budget()))
            try:
                seen: Task | KlingError = look()
            except KlingError as error:
                seen = error
            if ending := self._take_in(poller, seen):
                return ending

    async def await_(self, look: Callable[[], Awaitable[Task]], budget: Callable[[], Budget]) -> PollOutcome:
        """Watch from an event loop, without blocking it; see :meth:`wait`."""
        poller = self._poller()
        while True:
            await self.asleep(self._delay(poller, budget()))
            try:
                seen: Task | KlingError = await look()
            except KlingError as error:
                seen = error
            if ending := self._take_in(poller, seen):
                return ending

    def _poller(self) -> Poller:
        return Poller(submitted_at=self.submitted_at, deadline=self.deadline, usual_s=self.usual_s)

    def _delay(self, poller: Poller, budget: Budget) -> float:
        return poller.delay(now=self.clock(), jitter=self.random(), budget=budget)

    def _take_in(self, poller: Poller, look: Task | KlingError) -> PollOutcome | None:
        now = self.clock()
        waited_s = now - self.submitted_at
        if isinstance(look, KlingError):
            reason = poller.missed(look, now=now)
            log.log(
                logging.DEBUG if reason is None else logging.WARNING, "A look at the task failed: %s", look
            )
            error, task = look, None
        else:
            reason = poller.saw(look, now=now)
            self._log_status(look, waited_s=waited_s)
            error, task = None, look
        if reason is None:
            return None
        return PollOutcome(task_id=self.task_id, reason=reason, waited_s=waited_s, task=task, error=error)

    def _log_status(self, task: Task, *, waited_s: float) -> None:
        changed = task.raw_status != self._last_status
        self._last_status = task.raw_status
        level = logging.INFO if changed else logging.DEBUG
        log.log(
            level, "Task %s is %s after %.0f s", self.task_id, task.raw_status or "without status", waited_s
        )
