"""One client for all tasks on an event loop that have the same settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.client import AsyncKlingClient, shared_client
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.settings import ClientSettings
from tests.http.raw_server import RawServer, reply

POLL = make_gateway().task("t")


@pytest.fixture
def settings(serve: Callable[..., RawServer]) -> ClientSettings:
    server = serve(reply({"code": 0, "data": {"task_id": "t"}}))
    return ClientSettings(base_url=server.url, credentials=BearerToken("canary"))


async def works(client: AsyncKlingClient) -> bool:
    try:
        return (await client.call(POLL)).task_id == "t"
    except RuntimeError:  # the client is closed
        return False


async def test_equal_settings_share_a_client_and_others_do_not(settings: ClientSettings) -> None:
    twin = ClientSettings(base_url=settings.base_url, credentials=BearerToken("canary"))
    other = ClientSettings(base_url=settings.base_url, credentials=BearerToken("other"))
    async with shared_client(settings) as one, shared_client(twin) as two, shared_client(other) as three:
        assert one is two
        assert one is not three
        assert (one.holders, three.holders) == (2, 1)


async def test_the_last_holder_closes_the_client(settings: ClientSettings) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(shared_client(settings))
        async with shared_client(settings) as second:
            assert second.holders == 2
        assert first.holders == 1
        assert await works(first)
    assert first.holders == 0
    assert not await works(first)


async def test_after_the_last_holder_a_new_client_is_made(settings: ClientSettings) -> None:
    async with shared_client(settings) as first:
        pass
    async with shared_client(settings) as second:
        assert second is not first
        assert await works(second)


async def test_a_holder_that_fails_or_is_cancelled_lets_go(settings: ClientSettings) -> None:
    held = asyncio.Event()

    async def hold() -> None:
        async with shared_client(settings):
            held.set()
            await asyncio.Event().wait()

    async with shared_client(settings) as shared:
        with pytest.raises(ValueError, match="mine"):
            async with shared_client(settings):
                raise ValueError("mine")
        holder = asyncio.create_task(hold())
        await held.wait()
        assert shared.holders == 2
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        assert shared.holders == 1
        assert await works(shared)


def test_another_event_loop_has_a_client_of_its_own(settings: ClientSettings) -> None:
    with asyncio.Runner() as one, asyncio.Runner() as two:

        async def enter(stack: AsyncExitStack) -> AsyncKlingClient:
            shared = await stack.enter_async_context(shared_client(settings))
            assert await works(shared)
            return shared

        first, second = AsyncExitStack(), AsyncExitStack()
        client = one.run(enter(first))
        assert two.run(enter(second)) is not client
        one.run(first.aclose())
        two.run(second.aclose())


async def test_many_at_once_share_one_client(settings: ClientSettings) -> None:
    clients = set()

    async def poll() -> None:
        async with shared_client(settings) as shared:
            clients.add(shared)
            assert await works(shared)

    await asyncio.gather(*(poll() for _ in range(20)))
    assert len(clients) == 1
