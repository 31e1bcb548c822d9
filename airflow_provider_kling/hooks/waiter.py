"""Waiting for one task: the loop around the pure ``Poller``, for workers and for the triggerer."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from airflow_provider_kling.exceptions import (
    KlingError,
    KlingModerationError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.hooks.pacer import Pacer, Urgency
from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import NULL_OBSERVER, CallInfo, Observer, WaitReason, notify
from airflow_provider_kling.http.task import Task, TaskFailure, TaskStatus
from airflow_provider_kling.polling import Experience, PollEnd, Poller, PollingPlan, PollWindow
from airflow_provider_kling.polling.pace import Pace

log = logging.getLogger(__name__)

_NOTICEABLE_S: Final = 0.01
"""A shorter wait for a turn is none that anybody would look for."""

Read = Callable[[PollWindow, Urgency], Awaitable[Task]]
"""Reads a task once, in a window of time, or raises a :class:`KlingError`."""


@dataclass(frozen=True, kw_only=True)
class PollOutcome:
    """How the polling of a task ended.

    :param waited_s: seconds from the plan's ``submitted_at`` to the last poll.
    :param task: the task as the last poll found it; None if that poll failed.
    :param error: the error of the last poll; None if it succeeded.
    """

    task_id: str
    end: PollEnd
    waited_s: float
    task: Task | None = None
    error: KlingError | None = None

    def task_or_error(self) -> Task:
        """Return the finished task, or raise the error with which the polling ended."""
        if self.task is not None and self.task.status.terminal:
            return finished_task(self.task)
        if self.error is not None and self.end is not PollEnd.DEADLINE:
            raise self.error
        raw_status = self.task.raw_status if self.task else None
        raise timed_out(self.task_id, waited_s=self.waited_s, raw_status=raw_status, last_error=self.error)


def finished_task(task: Task) -> Task:
    """Return the task, which has ended, if it succeeded.

    :raises KlingTaskFailedError: it failed. The class says whether its content was rejected.
    """
    if task.status is not TaskStatus.FAILED:
        return task
    failure = task.failure or TaskFailure()
    error_class = KlingModerationError if failure.moderated else KlingTaskFailedError
    reason = f"{failure.message or 'no reason given'}{f' (code {failure.code})' if failure.code else ''}"
    again = (
        "The service would reject the same content again."
        if failure.moderated
        else "To submit the same request again makes another task, which has its own price."
    )
    raise error_class(
        f"Task {task.task_id} failed at the service: {reason}. It has ended; {_bill(task)}. {again}",
        task_id=task.task_id,
        code=failure.code,
    )


def _bill(task: Task) -> str:
    if task.cost is not None and task.cost_unit is not None:
        return f"the service bills {task.cost} {task.cost_unit} for it"
    if task.cost_usd is not None:
        return f"the service bills {task.cost_usd} USD for it"
    return "whether a failed task is billed is the service's decision"


def timed_out(
    task_id: str,
    *,
    waited_s: float | None,
    raw_status: str | None = None,
    last_error: KlingError | None = None,
) -> KlingTimeoutError:
    """Return the error for a task that had not ended at the deadline, as far as is known.

    :param waited_s: the seconds of the wait; None where they are unknown.
    :param raw_status: the service's own word for the state of the task, where it was read.
    :param last_error: the error of the last poll, if it failed.
    """
    wait = "at the deadline" if waited_s is None else f"after a wait of {waited_s:.0f} s"
    if last_error is None:
        word = f" (the service's status is {raw_status!r})" if raw_status else ""
        known = f"Task {task_id} was still running {wait}{word}. It goes on at the service"
    else:
        known = (
            f"Task {task_id} was not seen to end {wait}, and the last poll failed "
            f"({str(last_error).rstrip('.')}). It goes on at the service if it has not ended"
        )
    return KlingTimeoutError(f"{known}, may still finish, and is then billed.", task_id=task_id)


def still_running_message(task_id: str) -> str:
    """Say what happens to a task when the process that waits for it is killed: no service can cancel it."""
    return (
        f"Task {task_id} cannot be cancelled: it goes on at the service and may be billed. "
        "The next try of this Airflow task waits for it again and submits nothing, unless its record was "
        "deleted."
    )


@dataclass(kw_only=True)
class TaskWaiter:
    """Polls one task until it has ended, its deadline has passed, or more polls cannot help.

    It only reads, so it does no harm when two wait for the same task.

    :param experience: what is known of how long such tasks take. None knows what is usual.
    :param observer: receives each wait between two polls, and each for the turn of a poll that is due.
    """

    task_id: str
    plan: PollingPlan
    experience: Experience | None = None
    observer: Observer = NULL_OBSERVER
    clock: Callable[[], float] = time.time
    random: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = asyncio.sleep
    _last_status: str = field(default="", init=False)

    @classmethod
    def starting(cls, task_id: str, *, timeout: float, submitted_at: float | None, **bounds: Any) -> Self:
        """Return a waiter whose deadline is ``timeout`` seconds after the submission; None for now.

        :param bounds: of the plan.
        """
        if submitted_at is None:
            plan = PollingPlan.joining(now=time.time(), timeout=timeout, **bounds)
        else:
            plan = PollingPlan.starting(submitted_at=submitted_at, timeout=timeout, **bounds)
        return cls(task_id=task_id, plan=plan)

    def wait(self, poll: Callable[[], Task], pace: Pace) -> PollOutcome:
        """Wait on a worker, and block meanwhile.

        :param poll: reads the task, or raises a :class:`KlingError`.
        :param pace: how fast polls may follow each other.
        """
        poller = self._poller()
        while True:
            self.sleep(self._window(poller).latest_s)
            if (late := pace.free_at(self.clock()) - self.clock()) > 0:
                self._tell_wait(late, WaitReason.RATE_LIMIT)
                self.sleep(late)
            pace.begin(self.clock())
            try:
                polled: Task | KlingError = poll()
            except KlingError as error:
                polled = error
            if outcome := self._outcome(poller, polled):
                return outcome

    def alone(self, poll: Callable[[], Awaitable[Task]], *, pacer: Pacer) -> Read:
        """Return a poll for :meth:`wait_async` that is made by itself, at the end of its window."""

        async def poll_alone(window: PollWindow, urgency: Urgency) -> Task:
            await self.sleep_async(window.latest_s)
            due = self.clock()
            async with pacer.turn(urgency):
                if (late := self.clock() - due) >= _NOTICEABLE_S:
                    self._tell_wait(late, WaitReason.RATE_LIMIT)
                return await poll()

        return poll_alone

    async def wait_async(self, poll: Read) -> PollOutcome:
        """Wait on an event loop, without blocking it; see :meth:`wait`.

        :param poll: reads the task in a window of time: :meth:`alone`, or together with other tasks.
        """
        poller = self._poller()
        while True:
            try:
                polled: Task | KlingError = await poll(self._window(poller), poller.urgency)
            except KlingError as error:
                polled = error
            if outcome := self._outcome(poller, polled):
                return outcome

    def _poller(self) -> Poller:
        return Poller(plan=self.plan, experience=self.experience or Experience(), now=self.clock())

    def _window(self, poller: Poller) -> PollWindow:
        window = poller.window(now=self.clock(), jitter=self.random())
        self._tell_wait(window.latest_s, WaitReason.POLL)
        return window

    def _tell_wait(self, seconds: float, reason: WaitReason) -> None:
        next_poll = CallInfo(operation=Operation.POLL, request=f"task {self.task_id}")
        notify(self.observer, lambda one: one.on_wait(next_poll, seconds=seconds, reason=reason))

    def _outcome(self, poller: Poller, polled: Task | KlingError) -> PollOutcome | None:
        """Return how the polling ended, or None to go on."""
        now = self.clock()
        waited_s = now - self.plan.submitted_at
        if isinstance(polled, KlingError):
            end = poller.on_error(polled, now=now)
            level = logging.DEBUG if end is None else logging.WARNING
            log.log(level, "A poll of the task failed: %s", polled)
            error, task = polled, None
        else:
            end = poller.on_status(polled, now=now)
            self._log_status(polled, waited_s=waited_s)
            error, task = None, polled
        if end is None:
            return None
        return PollOutcome(task_id=self.task_id, end=end, waited_s=waited_s, task=task, error=error)

    def _log_status(self, task: Task, *, waited_s: float) -> None:
        changed = task.raw_status != self._last_status
        self._last_status = task.raw_status
        level = logging.INFO if changed else logging.DEBUG
        log.log(
            level, "Task %s is %s after %.0f s", self.task_id, task.raw_status or "without status", waited_s
        )
