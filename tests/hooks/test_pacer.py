"""Polls begin few at once, within the pace of the key, and the most urgent first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from airflow_provider_kling.exceptions import KlingRateLimitError, KlingServerError
from airflow_provider_kling.hooks.pacer import AT_ONCE, Pacer
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.polling.pace import Pace
from dev.virtual_time import VirtualLoop, run_in_virtual_time

START = 1000.0  # an event loop at the time of today loses its smallest moments


class Service:
    """Answers after a while, and notes what it is asked, and when."""

    def __init__(self, *, per_minute: float = 1e6, takes_s: float = 0.1) -> None:
        self.begun: list[tuple[str, float]] = []
        self.at_once = self.most_at_once = 0
        self.takes_s = takes_s
        self.said: RateLimit | None = None
        self._per_minute = per_minute

    def pacer(self, loop: VirtualLoop) -> Pacer:
        return Pacer(pace=Pace(per_minute=self._per_minute), rate_limit=lambda: self.said, clock=loop.time)

    async def poll(
        self, pacer: Pacer, name: str, *, urgency: float = 0.0, error: Exception | None = None
    ) -> None:
        async with pacer.turn(lambda now: urgency):
            self.begun.append((name, asyncio.get_running_loop().time() - START))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await asyncio.sleep(self.takes_s)
            finally:
                self.at_once -= 1
            if error is not None:
                raise error

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.begun]


def run(work: Callable[[Pacer, VirtualLoop], object], service: Service) -> None:
    async def in_loop(loop: VirtualLoop) -> None:
        await work(service.pacer(loop), loop)  # type: ignore[misc]

    run_in_virtual_time(in_loop, start=START)


def test_a_few_are_made_at_once_and_all_are_made() -> None:
    service = Service()

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        await asyncio.gather(*(service.poll(pacer, str(number)) for number in range(50)))

    run(work, service)
    assert sorted(service.names) == sorted(map(str, range(50)))
    assert service.most_at_once == AT_ONCE


def test_a_slow_answer_does_not_hold_up_others_for_long() -> None:
    service = Service(takes_s=20.0)

    async def work(pacer: Pacer, loop: VirtualLoop) -> None:
        await asyncio.gather(*(service.poll(pacer, str(number)) for number in range(10)))
        assert loop.time() - START < 23

    run(work, service)
    assert service.most_at_once == 10


def test_the_most_urgent_goes_first() -> None:
    service = Service()

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        urgent = {f"task {number}": number for number in (3, 1, 7, 5, 2)}
        first = [asyncio.create_task(service.poll(pacer, "before")) for _ in range(AT_ONCE)]
        await asyncio.sleep(service.takes_s / 2)
        later = (service.poll(pacer, name, urgency=value) for name, value in urgent.items())
        await asyncio.gather(*first, *later)

    run(work, service)
    assert service.names[AT_ONCE:] == [f"task {number}" for number in (7, 5, 3, 2, 1)]


def test_one_that_is_never_urgent_is_made_all_the_same() -> None:
    service = Service(per_minute=6000)

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        slow = asyncio.create_task(service.poll(pacer, "slow", urgency=-1.0))
        others = [asyncio.create_task(service.poll(pacer, "other", urgency=1.0)) for _ in range(400)]
        await asyncio.gather(slow, *others)

    run(work, service)
    assert service.names.index("slow") < 400


def test_polls_follow_the_pace() -> None:
    service = Service(per_minute=75)  # a fifth is left to others: one a second

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        await asyncio.gather(*(service.poll(pacer, str(number)) for number in range(33)))

    run(work, service)
    assert [at for _, at in service.begun][:3] == [0.0, 0.0, 0.0]
    assert service.begun[-1][1] == pytest.approx(30.0, abs=0.1)


def test_what_the_service_says_counts_for_the_next_poll() -> None:
    service = Service(per_minute=1e6)

    async def work(pacer: Pacer, loop: VirtualLoop) -> None:
        service.said = RateLimit(limit=100, remaining=0, reset_at=START + 40)
        await service.poll(pacer, "a")
        await service.poll(pacer, "b")

    run(work, service)
    assert [at for _, at in service.begun] == [0.0, 40.0]


@pytest.mark.parametrize(
    ("error", "waits_s"),
    [
        (KlingRateLimitError("429", status_code=429, retry_after=9.0), 9.0),
        (KlingServerError("500", status_code=500), 0.0),
    ],
    ids=["429", "500"],
)
def test_all_slow_down_after_a_429_and_after_nothing_else(error: Exception, waits_s: float) -> None:
    service = Service(takes_s=1.0)

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        with pytest.raises(type(error)):
            await service.poll(pacer, "a", error=error)
        await service.poll(pacer, "b")

    run(work, service)
    assert service.begun[-1][1] == pytest.approx(1.0 + waits_s)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.15])
def test_those_who_give_up_take_no_turn_from_others(after_s: float) -> None:
    service = Service()

    async def work(pacer: Pacer, _: VirtualLoop) -> None:
        first = [asyncio.create_task(service.poll(pacer, "before")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        given_up = [asyncio.create_task(service.poll(pacer, "given up")) for _ in range(20)]
        await asyncio.sleep(after_s)
        for one in given_up:
            one.cancel()
        await asyncio.gather(*(service.poll(pacer, str(number)) for number in range(20)), *first)
        assert pacer._begun == []

    run(work, service)
    assert len([name for name in service.names if name.isdigit()]) == 20
