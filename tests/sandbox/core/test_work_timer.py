"""A task takes as long as its work really took, however its clock is moved."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.work_timer import WorkTimer


class Stopwatch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("fetch_s", "render_at", "render_s", "done_at"),
    [
        (20.0, 240.0, 45.0, 285.0),  # the pause is no work, and the work before it is over
        (20.0, 10.0, 1.0, 25.0),  # there is no pause
        (0.0, 240.0, 0.0, 240.0),
        (300.0, 240.0, 1.0, 305.0),
    ],
)
async def test_the_time_of_work_counts_and_the_time_of_a_pause_does_not(
    fetch_s: float, render_at: float, render_s: float, done_at: float
) -> None:
    real, clock = Stopwatch(), Clock(wall=lambda: 1e6)  # moved far ahead
    timer = WorkTimer(begun_at=4.0, elapsed=real)
    real.seconds += fetch_s
    await timer.pause_until(render_at, clock=clock)
    real.seconds += render_s
    assert timer.now() == done_at
