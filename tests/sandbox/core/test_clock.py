"""The sandbox's clock."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.core.clock import Clock, iso_time, milliseconds


async def test_a_waiter_is_woken_when_the_clock_is_moved_to_its_moment():
    clock = Clock(wall=lambda: 1000.0)
    waiter = asyncio.create_task(clock.wait_until(1500))
    await asyncio.sleep(0)
    clock.advance(499)
    await asyncio.sleep(0)
    assert not waiter.done()
    clock.advance(1)
    await asyncio.wait_for(waiter, 60)
    assert clock.now() == 1500


@pytest.mark.parametrize("second", [1_796_129_912, 1_796_129_913])
@pytest.mark.parametrize("nanoseconds", [0, 1_000, 499_999_000, 500_000_000, 999_499_000, 999_999_900])
def test_all_shapes_of_a_moment_are_of_the_same_second(second: int, nanoseconds: int) -> None:
    agree(second + nanoseconds / 1e9)


@given(st.floats(0, 4e9))
def test_all_shapes_of_any_moment_are_of_the_same_second(moment: float) -> None:
    agree(moment)
    agree(math.nextafter(float(int(moment)), 0.0))


def agree(moment: float) -> None:
    assert milliseconds(moment) // 1000 == int(moment)
    assert datetime.fromisoformat(iso_time(moment)).timestamp() == int(moment)
