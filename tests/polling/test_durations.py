"""What is known of how long generations take, from those that ended and those that still run."""

from __future__ import annotations

import math
import random
import statistics
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_kling.polling.durations import Durations
from airflow_provider_kling.polling.life_table import EDGES, LifeTable, end, hazards, survival
from airflow_provider_kling.polling.log_normal import LogNormal
from airflow_provider_kling.polling.timetable import Bounds, Timetable

TIMES = st.floats(0.0, 200_000.0)
NOBODY_KNOWS = [1 / (len(EDGES) - 1)] * (len(EDGES) - 1)


def part_of(seconds: float) -> int:
    return next(part for part, edge in enumerate(EDGES[1:]) if seconds < edge)


def ended_by(chances: list[float], seconds: float) -> float:
    """Return how likely an end is before a time, at the edge that is nearest."""
    edge = min(range(len(EDGES)), key=lambda number: abs(EDGES[number] - seconds))
    return [0.0, *accumulate(chances)][edge]


def table_of(*, ended: list[float], running: list[float]) -> LifeTable:
    table = LifeTable()
    for seconds in (*ended, *running):
        table.add(survival(since_s=0.0, until_s=seconds))
    for seconds in ended:
        table.add(end(after_s=seconds, before_s=seconds, chances=NOBODY_KNOWS))
    return table


# -- the table ------------------------------------------------------------------------------------


@given(since_s=TIMES, until_s=TIMES)
def test_the_time_at_risk_is_the_time_between(since_s: float, until_s: float) -> None:
    since_s, until_s = sorted((since_s, until_s))
    seen = survival(since_s=since_s, until_s=until_s)
    counted = sum(part.at_risk * (EDGES[part.part + 1] - EDGES[part.part]) for part in seen)
    within = min(until_s, EDGES[-1]) - min(since_s, EDGES[-1])
    assert counted == pytest.approx(within, abs=1e-6)
    assert not any(part.ended for part in seen)


@given(after_s=TIMES, before_s=TIMES)
def test_one_end_is_one_end_however_late_it_was_seen(after_s: float, before_s: float) -> None:
    after_s, before_s = sorted((after_s, before_s))
    seen = end(after_s=after_s, before_s=before_s, chances=NOBODY_KNOWS)
    assert sum(part.ended for part in seen) == pytest.approx(1.0)
    assert all(0 <= part.at_risk <= 1 for part in seen)


def test_where_all_have_ended_the_chances_are_their_parts_of_the_whole() -> None:
    ended = [40.0] * 20 + [80.0] * 30 + [160.0] * 50
    chances = table_of(ended=ended, running=[]).chances()
    # Within a part, the rate is the same all the time: so much less than all end in it.
    assert chances[part_of(40.0)] == pytest.approx(0.2, abs=0.02)
    assert chances[part_of(80.0)] == pytest.approx(0.3, abs=0.05)
    assert sum(chances) == pytest.approx(1.0)


def test_those_that_still_run_count_for_as_long_as_they_have_run() -> None:
    """Of twenty two end, eight are lost from sight, and one of the ten that are left ends: 0.9 times 0.9."""
    chances = table_of(ended=[40.0, 40.0, 160.0], running=[100.0] * 8 + [300.0] * 9).chances()
    assert ended_by(chances, 60.0) == pytest.approx(0.1, abs=0.01)
    assert ended_by(chances, 250.0) == pytest.approx(0.19, abs=0.01)


def test_what_is_expected_counts_where_nothing_was_seen() -> None:
    expected = LogNormal(middle=math.log(120), deviation=0.4).chances()
    chances = LifeTable().with_expected(expected, weight=0.01).chances()
    assert chances == pytest.approx(expected, abs=1e-9)


def test_hazards_are_the_rates_at_which_those_that_run_end() -> None:
    chances = [1 - math.exp(-0.1)] + [
        math.exp(-0.1 * number) * (1 - math.exp(-0.1)) for number in range(1, 50)
    ]
    assert hazards(chances) == pytest.approx([0.1] * 50)


# -- the log-normal distribution ------------------------------------------------------------------


def test_the_chances_are_those_of_the_normal_distribution_of_logarithms() -> None:
    chances = LogNormal(middle=math.log(120), deviation=0.4).chances()
    normal = statistics.NormalDist(math.log(120), 0.4)
    for part in (70, 80, 85, 90):
        assert sum(chances[: part + 1]) == pytest.approx(normal.cdf(math.log(EDGES[part + 1])))


@pytest.mark.parametrize("median_s", [5.0, 120.0, 3000.0])
@pytest.mark.parametrize("deviation", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("stopped", [1.0, 0.5], ids=["all have ended", "half still run"])
def test_the_likeliest_distribution_is_that_which_was_drawn_from(
    median_s: float, deviation: float, stopped: float
) -> None:
    chance = random.Random(11)
    times = sorted(chance.lognormvariate(math.log(median_s), deviation) for _ in range(2000))
    ended, running = times[: int(2000 * stopped)], times[int(2000 * stopped) :]
    table = table_of(ended=ended, running=[ended[-1]] * len(running))
    found = LogNormal(middle=math.log(134), deviation=0.489).likeliest_for(table)
    assert found.middle == pytest.approx(math.log(median_s), abs=0.1 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.15)


@settings(max_examples=30)
@given(
    middle=st.floats(0, 12),
    deviation=st.floats(0, 100),
    times=st.lists(TIMES, max_size=10),
    running=st.lists(TIMES, max_size=10),
)
def test_whatever_was_seen_the_search_ends(
    middle: float, deviation: float, times: list[float], running: list[float]
) -> None:
    found = LogNormal(middle=middle, deviation=deviation).likeliest_for(
        table_of(ended=times, running=running)
    )
    assert math.isfinite(found.middle)
    assert sum(found.chances()) == pytest.approx(1.0)


# -- both together --------------------------------------------------------------------------------


def observe(durations: Durations, seconds: float) -> None:
    durations.survived(since_s=0.0, until_s=seconds)
    durations.ended(after_s=seconds, before_s=seconds)
    durations.chances()  # as between two polls


def test_what_no_log_normal_distribution_describes_is_learned_too() -> None:
    durations, chance = Durations(expected_s=(60.0, 300.0)), random.Random(3)
    for _ in range(200):
        observe(durations, chance.choice((60.0, 240.0)) * chance.lognormvariate(0.0, 0.1))
    between = ended_by(durations.chances(), 180.0) - ended_by(durations.chances(), 90.0)
    assert between < 0.05
    assert ended_by(durations.chances(), 120.0) == pytest.approx(0.5, abs=0.12)


def test_the_short_ones_of_a_batch_are_not_what_is_usual() -> None:
    """A tenth has ended after 70 s, nobody before 60 s; the others go on."""
    durations = Durations(expected_s=(60.0, 300.0))
    for number in range(10):
        for _ in range(9):
            durations.survived(since_s=0.0, until_s=70.0)
        observe(durations, 60.0 + number)
    assert ended_by(durations.chances(), 70.0) == pytest.approx(0.1, abs=0.04)


def test_however_many_end_soon_it_is_known_how_long_the_others_take() -> None:
    durations = Durations(expected_s=(60.0, 300.0))
    for seconds in [800.0] * 50 + [60.0] * 2000:
        observe(durations, seconds)
    after = 1 - ended_by(durations.chances(), 100.0)
    late = ended_by(durations.chances(), 1000.0) - ended_by(durations.chances(), 640.0)
    assert late > 0.5 * after


@settings(max_examples=30)
@given(st.lists(st.tuples(TIMES, TIMES, st.booleans()), max_size=8))
def test_whatever_was_seen_of_ends_and_of_what_runs_there_is_a_timetable(
    seen: list[tuple[float, float, bool]],
) -> None:
    durations = Durations(expected_s=(60.0, 300.0))
    for one, other, has_ended in seen:
        since_s, until_s = sorted((one, other))
        if has_ended:
            durations.ended(after_s=since_s, before_s=until_s)
        else:
            durations.survived(since_s=since_s, until_s=until_s)
        Timetable(durations.chances(), bounds=Bounds())
    assert min(durations.chances()) >= 0
    assert sum(durations.chances()) == pytest.approx(1.0)


@pytest.mark.parametrize("before", [200, 2000])
def test_a_service_that_has_become_slower_is_believed_after_a_while(before: int) -> None:
    durations = Durations(expected_s=(60.0, 300.0))
    for seconds in [100.0] * before + [400.0] * 300:
        observe(durations, seconds)
    assert ended_by(durations.chances(), 300.0) < 0.15
