"""Every tier of the service at full concurrency, for ten minutes: a simulation in virtual time.

The package's own waiters, pacers and timetables poll. What is simulated is the service, which counts polls
and submissions in one window, the stricter reading of its documents, and the workers, which submit the next
task as soon as the end of one was seen.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from airflow_provider_kling.exceptions import KlingRateLimitError
from airflow_provider_kling.hooks.pacer import Pacer
from airflow_provider_kling.hooks.waiter import TaskWaiter
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling import Experience, PollingPlan
from airflow_provider_kling.polling.pace import Pace
from airflow_provider_kling.sandbox.modellix.service.limits import TIERS, RequestWindow, Tier
from benchmarks.polls_per_task import log_normal
from dev.virtual_time import VirtualLoop, run_in_virtual_time

MINUTES: Final = 10
_START: Final = 1000.0  # an event loop at the time of today loses its smallest moments
_ANSWER_S: Final = 0.2
_NEXT_TASK_S: Final = 8.0  # from the poll that sees an end until a worker submits the next
_ASSUMED_PER_MINUTE: Final = 100.0


@dataclass(kw_only=True)
class Tally:
    """What happened in one tier.

    :ivar waits_s: for how long each submission waited for a place in the window.
    :ivar delays_s: from each end to the poll that saw it.
    """

    polls: int = 0
    rejected_polls: int = 0
    waits_s: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)


class _Service:
    """The simulated service, with the headers that each process saw last."""

    def __init__(self, tier: Tier, loop: VirtualLoop, chance: random.Random) -> None:
        self._window = RequestWindow(limit=tier.requests_per_minute)
        self._loop = loop
        self._chance = chance
        self.tally = Tally()

    def take(self) -> tuple[bool, RateLimit]:
        allowed = self._window.take(now=self._loop.time())
        said = RateLimit(limit=allowed.limit, remaining=allowed.remaining, reset_at=allowed.reset)
        return allowed.granted, said

    async def submit(self) -> float:
        """Submit a task, and return when it will end."""
        begun = self._loop.time()
        while True:
            granted, said = self.take()
            if granted:
                break
            assert said.reset_at is not None
            await asyncio.sleep(max(0.1, said.reset_at - self._loop.time()))
        self.tally.waits_s.append(self._loop.time() - begun)
        return self._loop.time() + log_normal(self._chance)


class _Triggerer:
    """A process that polls: what it knows of the key, and of how long tasks take, is its own."""

    def __init__(self, service: _Service, loop: VirtualLoop) -> None:
        self._service = service
        self._loop = loop
        self._said: RateLimit | None = None
        self._pacer = Pacer(
            pace=Pace(per_minute=_ASSUMED_PER_MINUTE), rate_limit=lambda: self._said, clock=loop.time
        )
        self._experience = Experience()

    async def watch(self, ends: float, chance: random.Random) -> None:
        """Poll a task until its end was seen."""
        plan = PollingPlan.starting(submitted_at=self._loop.time(), timeout=3600, kind="simulated")
        waiter = TaskWaiter(
            task_id="t",
            plan=plan,
            experience=self._experience,
            clock=self._loop.time,
            random=chance.random,
        )

        async def poll() -> Task:
            await asyncio.sleep(_ANSWER_S)
            granted, self._said = self._service.take()
            self._service.tally.polls += 1
            if not granted:
                self._service.tally.rejected_polls += 1
                raise KlingRateLimitError("too many requests", status_code=429)
            has_ended = self._loop.time() >= ends
            status = TaskStatus.SUCCESS if has_ended else TaskStatus.PROCESSING
            return Task(task_id="t", status=status, raw_status=status.value)

        await waiter.wait_async(waiter.alone(poll, pacer=self._pacer))
        self._service.tally.delays_s.append(self._loop.time() - ends)


def simulate(tier: Tier, *, triggerers: int, seed: int = 0) -> Tally:
    """Keep a tier full for ten minutes.

    :param triggerers: how many processes share the polls.
    """

    async def run(loop: VirtualLoop) -> Tally:
        chance = random.Random(seed)  # noqa: S311  - so that each run is the same
        service = _Service(tier, loop, chance)
        watchers = [_Triggerer(service, loop) for _ in range(triggerers)]

        async def slot(number: int) -> None:
            while True:
                ends = await service.submit()
                await watchers[number % triggerers].watch(ends, chance)
                await asyncio.sleep(_NEXT_TASK_S)

        async with _cancelled(*(slot(number) for number in range(tier.concurrent_tasks))):
            await asyncio.sleep(60 * MINUTES)
        return service.tally

    return run_in_virtual_time(run, start=_START)


@asynccontextmanager
async def _cancelled(*works: object) -> AsyncIterator[None]:
    """Run coroutines beside the context, and end them with it."""
    tasks = [asyncio.ensure_future(work) for work in works]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Print a table."""
    print(
        "| tier | triggerers | tasks at once | requests a minute | polls a minute | polls rejected | "
        "longest wait of a submission | median delay | 95 % within |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, tier in TIERS.items():
        for triggerers in (1, 2):
            found = simulate(tier, triggerers=triggerers)
            delays = sorted(found.delays_s)
            print(
                f"| {name} USD | {triggerers} | {tier.concurrent_tasks} | {tier.requests_per_minute} "
                f"| {found.polls / MINUTES:.0f} | {found.rejected_polls} | {max(found.waits_s):.1f} s "
                f"| {statistics.median(delays):.1f} s | {delays[int(0.95 * (len(delays) - 1))]:.0f} s |"
            )


if __name__ == "__main__":
    main()
