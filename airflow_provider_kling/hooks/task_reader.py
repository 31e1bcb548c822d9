"""Reading the tasks that many wait for: those whose polls are due together, in one request."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import nsmallest

from airflow_provider_kling.exceptions import KlingError, KlingProtocolError, KlingRateLimitError
from airflow_provider_kling.gateways import Gateway
from airflow_provider_kling.hooks.pacer import Pacer, Urgency
from airflow_provider_kling.http.client import ONCE, AsyncKlingClient
from airflow_provider_kling.http.observer import NULL_OBSERVER, Observer
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.polling import PollWindow


def _equal(_: float) -> float:
    """Return the urgency of requests for several tasks: they are alike."""
    return 0.0


@dataclass(eq=False, kw_only=True)
class _Poll:
    """A poll that was asked for, and not made yet.

    :param earliest: by the clock of the event loop.
    :param latest: likewise.
    :ivar timer: makes it at the latest time.
    """

    task_id: str
    earliest: float
    latest: float
    result: asyncio.Future[Task]
    timer: asyncio.TimerHandle | None = field(default=None, init=False)


class TaskReader:
    """Reads tasks for all who wait on this event loop with the same key.

    When a poll is due, those that may be made at that time are made with it, the most urgent first. A task
    that is alone is read alone.

    :param limit: the most tasks of one request.
    :param pacer: lets the requests begin.
    :param read_one: reads a task, or raises a :class:`KlingError`.
    :param read_several: does that for tasks, and leaves out those that it does not find.
    """

    def __init__(
        self,
        *,
        limit: int,
        pacer: Pacer,
        read_one: Callable[[str], Awaitable[Task]],
        read_several: Callable[[Sequence[str]], Awaitable[Mapping[str, Task]]],
    ) -> None:
        self._limit = limit
        self._pacer = pacer
        self._read_one = read_one
        self._read_several = read_several
        self._waits_for_turn = False
        self._waiting: set[_Poll] = set()
        self._reading: set[asyncio.Task[None]] = set()  # the loop itself keeps no reference to a task

    async def read(self, task_id: str, window: PollWindow, _: Urgency = _equal) -> Task:
        """Read a task within a window of time.

        :raises KlingError: as reading it alone does.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        poll = _Poll(
            task_id=task_id,
            earliest=now + window.earliest_s,
            latest=now + window.latest_s,
            result=loop.create_future(),
        )
        self._waiting.add(poll)
        poll.timer = loop.call_at(poll.latest, self._on_due)
        try:
            return await poll.result
        finally:
            self._forget(poll)

    def _on_due(self) -> None:
        if self._waits_for_turn:
            return  # that request reads the poll, too
        self._waits_for_turn = True
        reading = asyncio.create_task(self._request())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _request(self) -> None:
        with suppress(KlingError):  # those who wait raise it; the pacer is to see it
            async with self._pacer.turn(_equal):
                self._waits_for_turn = False
                now = asyncio.get_running_loop().time()
                possible = (poll for poll in self._waiting if poll.earliest <= now)
                polls = nsmallest(self._limit, possible, key=lambda poll: poll.latest)
                for poll in polls:
                    self._forget(poll)
                if any(poll.latest <= now for poll in self._waiting):
                    self._on_due()
                await self._read(polls)

    def _forget(self, poll: _Poll) -> None:
        self._waiting.discard(poll)
        if poll.timer is not None:
            poll.timer.cancel()

    async def _read(self, polls: Sequence[_Poll]) -> None:
        try:
            await self._read_together(polls)
        except asyncio.CancelledError:
            for poll in polls:
                poll.result.cancel()
            raise
        except Exception as error:
            _fail(polls, error)
            if isinstance(error, KlingError):
                raise

    async def _read_together(self, polls: Sequence[_Poll]) -> None:
        ids = list(dict.fromkeys(poll.task_id for poll in polls))
        found: Mapping[str, Task] = {}
        if len(ids) > 1:
            try:
                found = await self._read_several(ids)
            except KlingError as error:
                if error.transient and not isinstance(error, KlingProtocolError):
                    raise
                # One of the tasks may be to blame, so each is read by itself.
        for task_id in ids:
            concerned = [poll for poll in polls if poll.task_id == task_id]
            try:
                task = found[task_id] if task_id in found else await self._read_one(task_id)
            except KlingError as error:
                _fail(concerned, error)
                if isinstance(error, KlingRateLimitError):
                    raise
            else:
                _deliver(concerned, task)


def _deliver(polls: Sequence[_Poll], task: Task) -> None:
    for poll in polls:
        if not poll.result.done():  # it is, where nobody waits any more
            poll.result.set_result(task)


def _fail(polls: Sequence[_Poll], error: BaseException) -> None:
    for poll in polls:
        if not poll.result.done():
            # Each who waits raises an error of its own: raising adds to it.
            poll.result.set_exception(copy.copy(error))


def shared_reader(
    client: AsyncKlingClient, gateway: Gateway, *, pacer: Pacer, observer: Observer = NULL_OBSERVER
) -> TaskReader | None:
    """Return the reader of a shared client; None where the gateway reads one task at a time.

    :param pacer: lets the requests begin.
    :param observer: of the first who asks; it receives the events of all requests.
    """
    batch = gateway.task_batch
    if batch is None:
        return None
    if TaskReader not in client.companions:
        client.companions[TaskReader] = TaskReader(
            limit=batch.limit,
            pacer=pacer,
            read_one=lambda task_id: client.call(gateway.task(task_id), observer=observer, until=ONCE),
            read_several=lambda task_ids: client.call(batch.tasks(task_ids), observer=observer, until=ONCE),
        )
    reader: TaskReader = client.companions[TaskReader]
    return reader
