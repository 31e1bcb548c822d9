"""A connection is looked up once for all who need it, and anew where it may have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from airflow_provider_kling.hooks.connection import KlingConnection
from airflow_provider_kling.hooks.shared_connection import FRESH_S, SharedConnections
from tests.hooks.test_connection import parse


class LookUps:
    """Counts the look-ups; ``fails`` makes the next ones fail."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def of(self, conn_id: str) -> Callable[[], Awaitable[KlingConnection]]:
        async def look_up() -> KlingConnection:
            self.count += 1
            await asyncio.sleep(0)
            if self.fails:
                raise RuntimeError(conn_id)
            return parse(password=f"{conn_id}-{self.count}")

        return look_up


@pytest.fixture
def look_ups() -> LookUps:
    return LookUps()


async def test_a_thousand_who_ask_at_once_make_one_request(look_ups: LookUps) -> None:
    shared = SharedConnections(clock=lambda: 0.0)
    found = await asyncio.gather(*(shared.get("kling", look_ups.of("kling")) for _ in range(1000)))
    assert look_ups.count == 1
    assert all(each is found[0] for each in found)
    assert await shared.get("other", look_ups.of("other")) is not found[0]


async def test_a_change_of_the_connection_counts_after_a_minute(look_ups: LookUps) -> None:
    now = 0.0
    shared = SharedConnections(clock=lambda: now)
    first = await shared.get("kling", look_ups.of("kling"))
    now = FRESH_S
    assert await shared.get("kling", look_ups.of("kling")) is first
    now = FRESH_S + 1
    assert await shared.get("kling", look_ups.of("kling")) is not first


async def test_a_look_up_that_fails_is_made_again_by_the_next_who_asks(look_ups: LookUps) -> None:
    shared = SharedConnections(clock=lambda: 0.0)
    look_ups.fails = True
    failed = await asyncio.gather(
        *(shared.get("kling", look_ups.of("kling")) for _ in range(5)), return_exceptions=True
    )
    assert [type(each) for each in failed] == [RuntimeError] * 5
    assert look_ups.count == 1
    look_ups.fails = False
    await shared.get("kling", look_ups.of("kling"))
    assert look_ups.count == 2


async def test_one_who_gives_up_takes_it_from_nobody(look_ups: LookUps) -> None:
    shared = SharedConnections(clock=lambda: 0.0)
    gives_up = asyncio.create_task(shared.get("kling", look_ups.of("kling")))
    stays = asyncio.create_task(shared.get("kling", look_ups.of("kling")))
    await asyncio.sleep(0)
    gives_up.cancel()
    assert await stays is await shared.get("kling", look_ups.of("kling"))


async def test_those_whose_key_is_rejected_look_it_up_once_more_together(look_ups: LookUps) -> None:
    shared = SharedConnections(clock=lambda: 0.0)
    rejected = await shared.get("kling", look_ups.of("kling"))
    for _ in range(100):
        shared.forget("kling", rejected)
        assert await shared.get("kling", look_ups.of("kling")) is not rejected
    assert look_ups.count == 2
