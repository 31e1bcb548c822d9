from __future__ import annotations

import pytest

from benchmarks.samples import Sample, trend


def test_what_is_loaded_at_first_is_no_growth() -> None:
    samples = [Sample(minutes=minute, value=100 if minute < 5 else 200) for minute in range(21)]
    moved = trend(samples)
    assert moved.quarters == (100, 200, 200, 200)
    assert (moved.growth, moved.per_minute, moved.highest) == (0, pytest.approx(0), 200)


def test_what_grows_all_the_time_shows() -> None:
    moved = trend([Sample(minutes=10 + minute, value=100 + 2 * minute) for minute in range(21)])
    assert moved.per_minute == pytest.approx(2)
    assert moved.growth > 0.1
