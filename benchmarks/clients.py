"""The clients that are compared. Each polls a task once, parses the JSON and returns the task's status.

``python -m benchmarks.clients NAME URL TASKS POLLS`` measures one of them in a process of its own, and prints
the CPU seconds, of user and system, per poll.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache

CONNECTIONS = 10
_WARM_UP = 3  # polls of each task
_KEY = "sk-benchmark-0123456789"
_HEADERS = {
    "Authorization": f"Bearer {_KEY}",
    "User-Agent": "benchmark/1",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}

Poll = Callable[[int], Awaitable[str]]
Client = Callable[[str], AbstractAsyncContextManager[Poll]]


def _path(task: int) -> str:
    return f"/api/v1/tasks/task-{task}"


def bare(library: str) -> Client:
    """Return httpx or httpx2 as its documents show it: one shared client."""

    @asynccontextmanager
    async def client(url: str) -> AsyncIterator[Poll]:
        httpx = importlib.import_module(library)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=url, headers=_HEADERS, limits=limits, timeout=30.0) as http:

            async def poll(task: int) -> str:
                response = await http.get(_path(task))
                return str(response.json()["data"]["status"])

            yield poll

    return client


@asynccontextmanager
async def aiohttp_client(url: str) -> AsyncIterator[Poll]:
    """Give aiohttp as its documents show it: one shared session."""
    aiohttp = importlib.import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(base_url=url, headers=_HEADERS, connector=connector) as session:

        async def poll(task: int) -> str:
            async with session.get(_path(task)) as response:
                return str((await response.json())["data"]["status"])

        yield poll


def ours(library: str) -> Client:
    """Return this package's shared client, as a trigger uses it, on one of the libraries."""

    @asynccontextmanager
    async def client(url: str) -> AsyncIterator[Poll]:
        if library == "httpx":
            sys.modules["httpx2"] = None  # type: ignore[assignment]  # importing it fails from now on
        from airflow_provider_kling.gateways import make_gateway
        from airflow_provider_kling.hooks.pacer import Pacer
        from airflow_provider_kling.http.client import ONCE, shared_client
        from airflow_provider_kling.http.credentials import BearerToken
        from airflow_provider_kling.http.library import httpx
        from airflow_provider_kling.http.network import MAX_CONNECTIONS
        from airflow_provider_kling.http.settings import ClientSettings
        from airflow_provider_kling.polling.pace import Pace

        class Unhurried(Pace):
            """The pace of a key without limits: the cost of polls is measured, not their number."""

            def free_at(self, now: float) -> float:
                return now

        assert (httpx.__name__, MAX_CONNECTIONS) == (library, CONNECTIONS)
        gateway = make_gateway()
        call = cache(lambda task: gateway.task(f"task-{task}"))
        settings = ClientSettings(base_url=url, credentials=BearerToken(_KEY))
        async with shared_client(settings) as shared:
            pacer = Pacer(pace=Unhurried(per_minute=1.0), rate_limit=lambda: shared.rate_limit)

            async def poll(task: int) -> str:
                async with pacer.turn(lambda _: 0.0):
                    return (await shared.call(call(task), until=ONCE)).raw_status

            yield poll

    return client


CLIENTS: Mapping[str, tuple[str, Client]] = {
    "bare httpx2": ("httpx2", bare("httpx2")),
    "ours on httpx2": ("httpx2", ours("httpx2")),
    "bare httpx": ("httpx", bare("httpx")),
    "ours on httpx": ("httpx", ours("httpx")),
    "bare aiohttp": ("aiohttp", aiohttp_client),
}
"""Each client with the module that it needs."""


async def measure(client: Client, *, url: str, tasks: int, polls: int) -> float:
    """Return the CPU seconds of this process per poll.

    :param tasks: how many poll at once.
    :param polls: how often each task polls, one poll after the other. All tasks run at once.
    """
    async with client(url) as poll:

        async def run(task: int, times: int) -> None:
            for _ in range(times):
                assert await poll(task) == "processing"

        await asyncio.gather(*(run(task, _WARM_UP) for task in range(tasks)))
        start = time.process_time()
        await asyncio.gather(*(run(task, polls) for task in range(tasks)))
        return (time.process_time() - start) / (tasks * polls)


if __name__ == "__main__":
    name, server_url, *counts = sys.argv[1:]
    at_once, each = map(int, counts)
    print(asyncio.run(measure(CLIENTS[name][1], url=server_url, tasks=at_once, polls=each)))
