"""Few polls while the end of a task is unlikely, many while it is likely."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.polling.durations import Durations
from airflow_provider_kling.polling.life_table import EDGES
from airflow_provider_kling.polling.timetable import Bounds, Timetable
from benchmarks.polls_per_task import DRAWS, Draw, bimodal, log_normal, watch, watch_batches

BOUNDS = Bounds()


def times(timetable: Timetable, *, until_s: float) -> list[float]:
    """Return when a task is polled that does not end."""
    at, found = 0.0, []
    while at < until_s:
        at += timetable.next_poll(elapsed_s=at, share=1.0)
        found.append(at)
    return found


def usual(**options: float) -> Timetable:
    return Timetable(Durations(expected_s=(60.0, 300.0)).chances(), bounds=BOUNDS, **options)


def test_polls_are_dense_where_the_end_is_likely_and_sparse_before_and_after() -> None:
    polls = times(usual(), until_s=3600.0)
    gaps = {begin: end - begin for begin, end in pairwise([0.0, *polls])}
    assert polls[0] > 40
    assert min(gaps.values()) < 6
    likely = [gap for begin, gap in gaps.items() if 100 <= begin <= 200]
    late = [gap for begin, gap in gaps.items() if begin >= 1000]
    assert max(likely) < 12
    assert min(late) > 30


@pytest.mark.parametrize(
    "bounds", [Bounds(shortest_s=5.0, longest_s=20.0, unlikely_s=40.0), Bounds(longest_s=4.0)]
)
def test_the_bounds_are_kept(bounds: Bounds) -> None:
    timetable = Timetable(Durations(expected_s=(60.0, 300.0)).chances(), bounds=bounds)
    gaps = [end - begin for begin, end in pairwise([0.0, *times(timetable, until_s=7200.0)])]
    assert min(gaps) >= bounds.shortest_s - 1e-6
    assert max(gaps) <= bounds.unlikely_s + 1e-6
    within = [end - begin for begin, end in pairwise(times(timetable, until_s=250.0)) if begin > 80]
    assert max(within) <= bounds.longest_s + 1e-6


@pytest.mark.parametrize("delay_s", [1.0, 2.0, 3.0, 10.0])
def test_half_of_the_ends_are_seen_in_time_where_the_times_are_as_expected(delay_s: float) -> None:
    chance = random.Random(7)
    timetable, delays = usual(delay_s=delay_s), []
    for _ in range(4000):
        ends_s = chance.lognormvariate(4.9, 0.489)  # nine in ten between 60 and 300 s
        at = timetable.next_poll(elapsed_s=0.0, share=chance.random())
        while at < ends_s:
            at += timetable.next_poll(elapsed_s=at, share=1.0)
        delays.append(at - ends_s)
    assert sorted(delays)[2000] == pytest.approx(delay_s, rel=0.15)


@given(
    elapsed_s=st.floats(0, 1e7),
    share=st.floats(0, 2),
    expected_s=st.tuples(st.floats(0.1, 1e6), st.floats(0.1, 1e6)),
    delay_s=st.floats(0.1, 100),
)
def test_there_is_always_a_next_poll(
    elapsed_s: float, share: float, expected_s: tuple[float, float], delay_s: float
) -> None:
    timetable = Timetable(Durations(expected_s=expected_s).chances(), bounds=BOUNDS, delay_s=delay_s)
    wait = timetable.next_poll(elapsed_s=elapsed_s, share=share)
    assert share * BOUNDS.shortest_s - 1e-3 <= wait <= share * BOUNDS.unlikely_s + 1e-3
    assert timetable.polls(elapsed_s + wait) - timetable.polls(elapsed_s) == pytest.approx(share, abs=1e-3)


@given(st.lists(st.floats(0.01, 1e7), max_size=40))
def test_whatever_was_seen_the_chances_are_chances(seen: list[float]) -> None:
    durations = Durations(expected_s=(60.0, 300.0))
    for seconds in seen:
        durations.survived(since_s=0.0, until_s=seconds)
        durations.ended(after_s=seconds, before_s=seconds)
    chances = durations.chances()
    assert len(chances) == len(EDGES) - 1
    assert min(chances) >= 0
    assert sum(chances) == pytest.approx(1.0)
    Timetable(chances, bounds=BOUNDS)


# -- how many polls it takes; benchmarks/polls_per_task.py prints more -----------------------------


@pytest.mark.parametrize(("delay_s", "most"), [(2.0, 16.0), (3.0, 12.0)])
def test_half_as_many_polls_as_a_fixed_interval_needs(delay_s: float, most: float) -> None:
    """For log-normal times of 120 s. Polls times delay is compared: a longer delay takes fewer polls."""
    after = watch(log_normal, seen=50, delay_s=delay_s, tasks=250, runs=16)
    assert after.polls * after.delay_s(0.5) <= most * delay_s * 1.03
    assert after.polls <= 0.55 * after.polls_at_fixed_interval
    before = watch(log_normal, seen=0, delay_s=delay_s, tasks=4000, runs=1)
    assert before.polls * before.delay_s(0.5) <= 1.3 * after.polls * after.delay_s(0.5)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("seen", [0, 50])
def test_whatever_the_times_never_more_polls_than_at_a_fixed_interval(draw: Draw, seen: int) -> None:
    found = watch(draw, seen=seen, delay_s=2.0, tasks=300, runs=8)
    assert found.polls < found.polls_at_fixed_interval


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize(("tasks", "is_told"), [(20, True), (20, False), (1000, True)])
def test_tasks_that_begin_together_take_no_more_polls_than_at_a_fixed_interval(
    draw: Draw, tasks: int, is_told: bool
) -> None:
    """The short ones end first, and are not taken for what is usual: neither by the others nor afterwards.

    That times are of two kinds nobody knows before the first of the longer ones have ended.
    """
    first, second = watch_batches(draw, tasks=tasks, batches=2, is_told=is_told)
    assert second.polls < 0.9 * second.polls_at_fixed_interval
    assert first.polls < first.polls_at_fixed_interval * (3 if draw is bimodal else 1)


def test_tasks_that_begin_together_are_seen_as_soon_as_planned_and_with_as_few_polls() -> None:
    """For log-normal times of 120 s, of which a sixtieth is 2 s."""
    for batch in watch_batches(log_normal, tasks=1000, batches=2, is_told=False):
        assert batch.delay_s(0.5) == pytest.approx(2.0, rel=0.25)
        assert batch.polls * batch.delay_s(0.5) <= 16.0 * 2.0 * 1.2
