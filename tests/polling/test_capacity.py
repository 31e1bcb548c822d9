"""Waiting for capacity: longer each time, and not all at once."""

from __future__ import annotations

import pytest

from airflow_provider_kling.polling import capacity_delay
from tests.polling.clock import ALMOST_ONE, MIDDLE


@pytest.mark.parametrize(
    ("rejections", "seconds"),
    [(1, 10.0), (2, 15.0), (3, 22.5), (6, 75.9375), (7, 113.90625), (8, 120.0), (99, 120.0)],
)
def test_waits_for_capacity_grow_to_a_maximum(rejections: int, seconds: float) -> None:
    assert capacity_delay(rejections=rejections, retry_after_s=None, jitter=MIDDLE) == seconds


@pytest.mark.parametrize("rejections", [1, 5, 100])
@pytest.mark.parametrize("retry_after_s", [None, 0.0, 3.0])
def test_no_wait_is_over_before_airflow_has_noticed_the_deferral(
    rejections: int, retry_after_s: float | None
) -> None:
    assert capacity_delay(rejections=rejections, retry_after_s=retry_after_s, jitter=0.0) >= 10.0


def test_tasks_that_were_rejected_together_are_not_sent_again_together() -> None:
    early = capacity_delay(rejections=8, retry_after_s=None, jitter=0.0)
    late = capacity_delay(rejections=8, retry_after_s=None, jitter=ALMOST_ONE)
    assert (early, late) == (60.0, pytest.approx(180.0))


def test_a_wait_that_the_service_asks_for_is_kept_whole() -> None:
    assert capacity_delay(rejections=1, retry_after_s=500.0, jitter=0.0) == 500.0
    assert 500.0 < capacity_delay(rejections=1, retry_after_s=500.0, jitter=ALMOST_ONE) <= 550.0
