"""All who poll with one key share what the service allows it, and leave room for submissions."""

from __future__ import annotations

import pytest

from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.polling.pace import Pace
from tests.polling.clock import START


class Window:
    """A service that allows so many requests in each minute, and says so."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self.used: dict[int, int] = {}
        self.rejected = 0

    def take(self, now: float) -> RateLimit:
        minute = int(now // 60)
        self.used[minute] = self.used.get(minute, 0) + 1
        left = self.limit - self.used[minute]
        self.rejected += left < 0
        return RateLimit(limit=self.limit, remaining=max(0, left), reset_at=(minute + 1) * 60.0)


def poll_for(
    paces: list[Pace], service: Window, *, minutes: float, others_every_s: float | None = None
) -> None:
    """Let each poll whenever it may, and somebody else make a request from time to time."""
    now, next_other = START, START
    while now < START + minutes * 60:
        if others_every_s is not None and now >= next_other:
            service.take(now)
            next_other += others_every_s
        for pace in paces:
            if pace.free_at(now) <= now:
                pace.begin(now)
                pace.learn(service.take(now), now=now)
        now += 0.01


@pytest.mark.parametrize("limit", [100, 200, 300, 500, 1000])
@pytest.mark.parametrize("processes", [1, 2, 5])
def test_no_poll_is_rejected_however_many_processes_poll_all_the_time(limit: int, processes: int) -> None:
    service = Window(limit=limit)
    poll_for([Pace(per_minute=100) for _ in range(processes)], service, minutes=4)
    assert service.rejected == 0
    used = [service.used[minute] for minute in sorted(service.used)][1:-1]
    assert min(used) >= 0.6 * limit, "what there is is used"


@pytest.mark.parametrize("limit", [100, 1000])
def test_a_fifth_of_the_requests_is_left_to_others(limit: int) -> None:
    service = Window(limit=limit)
    poll_for(
        [Pace(per_minute=100), Pace(per_minute=100)], service, minutes=4, others_every_s=60 / (0.18 * limit)
    )
    assert service.rejected == 0


def test_a_service_that_says_nothing_gets_what_is_assumed() -> None:
    pace, polls, now = Pace(per_minute=100), 0, START
    while now < START + 600:
        now = max(now, pace.free_at(now))
        pace.begin(now)
        polls += 1
    assert polls == pytest.approx(10 * 80, abs=4)


def test_the_connection_may_allow_less_than_the_service() -> None:
    pace, service, now = Pace(per_minute=100, most_per_minute=30), Window(limit=1000), START
    while now < START + 600:
        now = max(now, pace.free_at(now))
        pace.begin(now)
        pace.learn(service.take(now), now=now)
    assert sum(service.used.values()) <= 10 * 30


def test_at_first_a_few_polls_may_come_at_once() -> None:
    pace = Pace(per_minute=100)
    for _ in range(3):
        assert pace.free_at(START) <= START
        pace.begin(START)
    assert pace.free_at(START) > START


def test_after_a_rejection_all_wait_and_then_go_on_more_slowly_for_a_while() -> None:
    pace = Pace(per_minute=600)
    pace.begin(START)
    pace.slow_down(now=START, retry_after_s=7.0)
    pace.slow_down(now=START, retry_after_s=None)  # of one that was sent together with it
    assert pace.free_at(START) == START + 7.0
    assert spacing(pace) == pytest.approx(2 * 60 / 480)
    for _ in range(100):
        pace.recover()
    assert spacing(pace) == pytest.approx(60 / 480)


def test_a_service_that_rejects_for_hours_is_asked_ever_more_rarely_but_is_asked() -> None:
    pace, now, polls = Pace(per_minute=100), START, 0
    while now < START + 3600:
        now = max(now, pace.free_at(now))
        pace.begin(now)
        pace.slow_down(now=now, retry_after_s=None)
        polls += 1
    assert 60 < polls < 300


@pytest.mark.parametrize("reset_in_s", [-1e9, -1.0, 0.0, 61.0, 1e9])
def test_two_clocks_that_disagree_stop_no_poll(reset_in_s: float) -> None:
    pace = Pace(per_minute=100)
    pace.learn(RateLimit(limit=100, remaining=0, reset_at=START + reset_in_s), now=START)
    assert pace.free_at(START) <= START


@pytest.mark.parametrize(
    "said", [RateLimit(limit=0, remaining=0, reset_at=0), RateLimit(limit=None, remaining=5, reset_at=None)]
)
def test_a_budget_that_is_known_in_part_stops_no_poll(said: RateLimit) -> None:
    pace = Pace(per_minute=100)
    pace.learn(said, now=START)
    assert pace.free_at(START) <= START


def test_a_window_that_is_used_up_is_waited_for_a_minute_at_most() -> None:
    pace = Pace(per_minute=100)
    pace.learn(RateLimit(limit=100, remaining=0, reset_at=START + 60), now=START)
    assert pace.free_at(START) == START + 60
    assert pace.free_at(START + 60) <= START + 60


def spacing(pace: Pace) -> float:
    """Return the seconds between two polls, long after all others."""
    later = START + 10_000
    for _ in range(4):
        pace.begin(later)
    before = pace.free_at(later)
    pace.begin(later)
    return pace.free_at(later) - before
