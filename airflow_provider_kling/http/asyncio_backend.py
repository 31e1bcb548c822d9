"""Connections of an event loop, on asyncio's own streams.

The HTTP library's default goes through anyio, which serves other event loops, too, and costs more CPU time a
poll.
"""

# ruff: noqa: ASYNC109  - the parameter `timeout` is httpcore's

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from airflow_provider_kling.http.library import httpcore

_NEXT_ADDRESS_S: Final = 0.25


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Connects with asyncio, to whichever address of a host answers first (RFC 8305)."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncioStream:
        """Connect; for the arguments, see httpcore."""
        loop = asyncio.get_running_loop()
        reader = _Reader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        # uvloop, which may be in its place, asks one address after the other.
        options: dict[str, Any] = {}
        if isinstance(loop, asyncio.BaseEventLoop):
            options["happy_eyeballs_delay"] = _NEXT_ADDRESS_S
        if local_address is not None:
            options["local_addr"] = (local_address, 0)
        with _raising(httpcore.ConnectError, late=httpcore.ConnectTimeout):
            async with asyncio.timeout(timeout):
                transport, _ = await loop.create_connection(lambda: protocol, host, port, **options)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return AsyncioStream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


class AsyncioStream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at least a byte; nothing at the end."""
        with _raising(httpcore.ReadError, late=httpcore.ReadTimeout):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes. When it returns, all but some kilobytes are with the operating system."""
        if not buffer:
            return
        with _raising(httpcore.WriteError, late=httpcore.WriteTimeout):
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()

    async def aclose(self) -> None:
        """Close the connection at once: nothing is left to be sent, and nothing more is read."""
        self._writer.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncioStream:
        """Encrypt the connection from here on."""
        try:
            with _raising(httpcore.ConnectError, late=httpcore.ConnectTimeout):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for; ``is_readable`` tells that an idle connection is of no more use."""
        if info == "is_readable":
            return self._reader.unread > 0 or self._reader.at_eof() or self._writer.is_closing()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._writer.get_extra_info(names.get(info, info))


class _Reader(asyncio.StreamReader):
    """Counts what has come and was not read."""

    unread = 0

    def feed_data(self, data: Any) -> None:
        self.unread += len(data)
        super().feed_data(data)

    async def read(self, n: int = -1) -> bytes:
        data = await super().read(n)
        self.unread -= len(data)
        return data


@contextmanager
def _raising(error: type[Exception], *, late: type[Exception]) -> Iterator[None]:
    """Raise the HTTP library's errors in place of the system's."""
    try:
        yield
    except TimeoutError as cause:
        raise late(str(cause)) from cause
    except OSError as cause:  # of TLS, too
        raise error(str(cause)) from cause
