"""The sandbox's clock."""

from __future__ import annotations

import asyncio

from airflow_provider_kling.sandbox.core.clock import Clock


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
