"""Access to the sockets under the web server, to close one in the middle of a response."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]


class Connections:
    """The open connections by the address of the client, which is what an ASGI application knows of them."""

    def __init__(self) -> None:
        self._open: dict[Address, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return uvicorn's HTTP protocol, extended to register its connections here."""
        connections = self._open

        class Registered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                connections[_peer(transport)] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(_peer(self.transport), None)
                super().connection_lost(exc)

        return Registered

    def close(self, client: Any) -> None:
        """Close the connection of a client; what was written before is still delivered."""
        if (transport := self._open.get(tuple(client))) is not None:
            transport.close()


def _peer(transport: asyncio.Transport) -> Address:
    host, port = transport.get_extra_info("peername")[:2]
    return str(host), int(port)
