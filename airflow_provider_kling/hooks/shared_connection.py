"""Looking a connection up once for all who need it on an event loop: in a triggerer, each is a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from airflow_provider_kling.hooks.connection import KlingConnection

FRESH_S: Final = 60.0
"""How long a connection is taken as it was looked up. A change of it counts after this time at the latest."""

LookUp = Callable[[], Awaitable[KlingConnection]]


@dataclass(kw_only=True)
class SharedConnections:
    """The connections of an event loop, by their ids.

    :param clock: seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _found: dict[str, tuple[float, asyncio.Future[KlingConnection]]] = field(default_factory=dict)

    async def get(self, conn_id: str, look_up: LookUp) -> KlingConnection:
        """Return a connection; whoever asks first looks it up, and the others wait for that.

        :raises Exception: what ``look_up`` raises. The next who asks looks again.
        """
        looked_up_at, found = self._found.get(conn_id, (0.0, None))
        if found is None or self.clock() - looked_up_at > FRESH_S:
            found = asyncio.ensure_future(look_up())
            self._found[conn_id] = self.clock(), found
            found.add_done_callback(lambda done: self._drop_failed(conn_id, done))
        return await asyncio.shield(found)  # one who gives up takes it from nobody

    def forget(self, conn_id: str, connection: KlingConnection) -> None:
        """Let the next who asks look the connection up, unless another one was found meanwhile."""
        _, found = self._found.get(conn_id, (0.0, None))
        if found is not None and found.done() and found.result() is connection:
            del self._found[conn_id]

    def _drop_failed(self, conn_id: str, done: asyncio.Future[KlingConnection]) -> None:
        has_failed = done.cancelled() or done.exception() is not None
        if has_failed and self._found.get(conn_id, (0.0, None))[1] is done:
            del self._found[conn_id]


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, SharedConnections] = WeakKeyDictionary()


def shared_connections() -> SharedConnections:
    """Return the connections of this event loop."""
    return _shared.setdefault(asyncio.get_running_loop(), SharedConnections())
