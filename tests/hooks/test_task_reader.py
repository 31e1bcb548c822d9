"""Polls of many tasks share requests, and none of them is worse for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingServerError,
)
from airflow_provider_kling.hooks.pacer import Pacer
from airflow_provider_kling.hooks.task_reader import TaskReader
from airflow_provider_kling.hooks.waiter import TaskWaiter
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling import PollEnd, PollingPlan, PollWindow
from airflow_provider_kling.polling.pace import Pace
from dev.virtual_time import VirtualLoop, run_in_virtual_time

LIMIT = 20


def task(task_id: str, status: TaskStatus = TaskStatus.PROCESSING) -> Task:
    return Task(task_id=task_id, status=status, raw_status=status.value)


class Service:
    """A service that reads one task, or several.

    :ivar reads: the ids of each request.
    :ivar fails: the error of a request for these ids; None where it works.
    """

    def __init__(self, *, ends_at: Mapping[str, float] | None = None) -> None:
        self.reads: list[tuple[str, ...]] = []
        self.fails: Callable[[tuple[str, ...]], BaseException | None] = lambda ids: None
        self.hides: set[str] = set()
        self._ends_at = ends_at or {}

    def _read(self, ids: tuple[str, ...]) -> dict[str, Task]:
        self.reads.append(tuple(sorted(ids)))
        if (error := self.fails(ids)) is not None:
            raise error
        now = asyncio.get_running_loop().time()
        ended = {one for one in ids if now >= self._ends_at.get(one, float("inf"))}
        return {one: task(one, TaskStatus.SUCCESS if one in ended else TaskStatus.PROCESSING) for one in ids}

    async def one(self, task_id: str) -> Task:
        await asyncio.sleep(0.1)
        return self._read((task_id,))[task_id]

    async def several(self, task_ids: Sequence[str]) -> Mapping[str, Task]:
        await asyncio.sleep(0.1)
        found = self._read(tuple(task_ids))
        return {name: task for name, task in found.items() if name not in self.hides}

    def reader(self) -> TaskReader:
        return TaskReader(limit=LIMIT, pacer=pacer(), read_one=self.one, read_several=self.several)


def pacer() -> Pacer:
    """Return one that holds up nobody for long."""
    clock = asyncio.get_running_loop().time
    return Pacer(pace=Pace(per_minute=100_000), rate_limit=lambda: None, clock=clock)


def read(service: Service, windows: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Read tasks at the same time, each in its window; return each task's state or error."""

    async def work(loop: VirtualLoop) -> dict[str, Any]:
        reader = service.reader()
        reads = [
            reader.read(name.partition("#")[0], PollWindow(earliest_s=earliest, latest_s=latest))
            for name, (earliest, latest) in windows.items()
        ]
        found = await asyncio.gather(*reads, return_exceptions=True)
        return dict(zip(windows, found, strict=True))

    return run_in_virtual_time(work)


def test_a_task_that_is_alone_is_read_alone() -> None:
    service = Service()
    assert read(service, {"a": (3, 4)}) == {"a": task("a")}
    assert service.reads == [("a",)]


def test_polls_that_may_be_made_together_share_a_request() -> None:
    service = Service()
    found = read(service, {"a": (3, 4), "b": (4, 5), "c": (4.5, 6), "d": (0, 9)})
    assert found == {name: task(name) for name in "abcd"}
    assert service.reads == [("a", "b", "d"), ("c",)]


def test_no_request_has_more_tasks_than_the_service_reads_and_the_most_urgent_go_first() -> None:
    service = Service()
    names = [f"t{number:02}" for number in range(2 * LIMIT + 5)]
    read(service, {name: (0, 10 + number) for number, name in enumerate(names)})
    assert service.reads == [tuple(names[:LIMIT]), tuple(names[LIMIT : 2 * LIMIT]), tuple(names[2 * LIMIT :])]


def test_two_who_wait_for_one_task_read_it_once() -> None:
    service = Service()
    found = read(service, {"a#1": (0, 4), "a#2": (0, 5)})
    assert found == {"a#1": task("a"), "a#2": task("a")}
    assert service.reads == [("a",)]


def test_a_task_that_is_missing_from_a_batch_is_read_by_itself_before_it_counts_as_missing() -> None:
    service = Service()
    service.hides = {"b", "c"}
    service.fails = lambda ids: _not_found("c") if ids == ("c",) else None
    found = read(service, dict.fromkeys("abc", (0, 4)))
    assert (found["a"], found["b"]) == (task("a"), task("b"))
    assert isinstance(found["c"], KlingNotFoundError)
    assert sorted(service.reads) == [("a", "b", "c"), ("b",), ("c",)]


def _not_found(task_id: str) -> KlingError:
    return KlingNotFoundError("not found", status_code=404, task_id=task_id)


def test_a_batch_that_fails_for_a_moment_is_one_failed_poll_of_each() -> None:
    service = Service()
    service.fails = lambda ids: KlingServerError("down", status_code=503)
    found = read(service, dict.fromkeys("abc", (0, 4)))
    assert [type(error) for error in found.values()] == [KlingServerError] * 3
    assert len({id(error) for error in found.values()}) == 3
    assert len(service.reads) == 1


@pytest.mark.parametrize(
    "error",
    [
        KlingBadRequestError("bad id", status_code=400),
        KlingProtocolError("one of them is odd"),
        KlingAuthenticationError("no", status_code=401),
    ],
)
def test_one_task_that_spoils_a_batch_spoils_no_poll_but_its_own(error: KlingError) -> None:
    service = Service()
    service.fails = lambda ids: error if "b" in ids else None
    found = read(service, dict.fromkeys("abc", (0, 4)))
    assert (found["a"], found["c"]) == (task("a"), task("c"))
    assert type(found["b"]) is type(error)


def test_an_error_of_our_own_reaches_each_who_waits() -> None:
    service = Service()
    service.fails = lambda ids: ZeroDivisionError("x")
    found = read(service, dict.fromkeys("ab", (0, 4)))
    assert [type(error) for error in found.values()] == [ZeroDivisionError] * 2


def test_one_who_gives_up_is_not_read_for_and_disturbs_nobody() -> None:
    service = Service()

    async def work(loop: VirtualLoop) -> None:
        reader = service.reader()
        window = PollWindow(earliest_s=0, latest_s=4)
        gives_up, stays = (asyncio.create_task(reader.read(name, window)) for name in "ab")
        await asyncio.sleep(1)
        gives_up.cancel()
        assert await stays == task("b")
        again = [asyncio.create_task(reader.read(name, window)) for name in "ab"]
        await asyncio.sleep(4.05)  # while the request is on its way
        again[0].cancel()
        assert await again[1] == task("b")

    run_in_virtual_time(work)
    assert service.reads == [("b",), ("a", "b")]


# -- a hundred tasks ------------------------------------------------------------------------------

TASKS = 100
Wait = Callable[[TaskWaiter], Awaitable[Any]]


def watch(*, shared: bool, seed: int) -> tuple[int, list[float]]:
    """Let a hundred tasks be watched to their ends; return the requests and how late each end was seen."""
    draw = random.Random(seed)
    starts = {f"t{number}": draw.uniform(0, 60) for number in range(TASKS)}
    ends_at = {name: start + draw.lognormvariate(4.79, 0.4) for name, start in starts.items()}
    service = Service(ends_at=ends_at)

    async def one(name: str, reader: TaskReader, loop: VirtualLoop) -> float:
        await asyncio.sleep(starts[name])
        plan = PollingPlan.starting(submitted_at=starts[name], timeout=3600)
        waiter = TaskWaiter(task_id=name, plan=plan, clock=loop.time, random=draw.random)
        alone = waiter.alone(lambda: service.one(name), pacer=pacer())
        outcome = await waiter.wait_async(partial(reader.read, name) if shared else alone)
        assert outcome.end is PollEnd.FINISHED
        return loop.time() - ends_at[name]

    async def work(loop: VirtualLoop) -> list[float]:
        reader = service.reader()
        return await asyncio.gather(*(one(name, reader, loop) for name in starts))

    return len(service.reads), run_in_virtual_time(work)


def test_a_hundred_tasks_need_a_tenth_of_the_requests_and_are_not_seen_later() -> None:
    requests: dict[bool, int] = {True: 0, False: 0}
    delays: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(10):  # of fewer tasks, the median says too little
        for shared in (True, False):
            count, late = watch(shared=shared, seed=seed)
            requests[shared] += count
            delays[shared] += late
    assert requests[True] * 10 <= requests[False]
    assert median(delays[True]) <= median(delays[False])
