"""One asynchronous client for all tasks on an event loop that have the same settings.

A triggerer runs a thousand tasks on one loop. They share connections, and what the service says about their
common request budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from airflow_provider_kling.http.client import AsyncKlingClient
from airflow_provider_kling.http.settings import ClientSettings


@dataclass(kw_only=True)
class SharedClient:
    """A client and the number of its holders.

    :param holders: at zero the client is closed.
    """

    client: AsyncKlingClient
    holders: int = 0


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[ClientSettings, SharedClient]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def shared_client(settings: ClientSettings) -> AsyncIterator[SharedClient]:
    """Hold this event loop's client for ``settings``. The last holder that leaves closes it.

    :param settings: equal settings share a client.
    """
    of_this_loop = _clients.setdefault(asyncio.get_running_loop(), {})
    shared = of_this_loop.get(settings)
    if shared is None:
        shared = of_this_loop[settings] = SharedClient(client=AsyncKlingClient(settings=settings))
    shared.holders += 1
    try:
        yield shared
    finally:
        shared.holders -= 1
        if shared.holders == 0:
            del of_this_loop[settings]
            await shared.client.aclose()
