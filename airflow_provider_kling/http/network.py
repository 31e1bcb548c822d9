"""Pools of connections: through the environment's proxy, to addresses that are allowed, until a deadline.

The HTTP library limits the silence between two pieces of a message. A server that sends a byte before each of
these limits would hold a worker for ever. So the streams of a synchronous pool also end at the deadline of
:func:`within`. On an event loop, ``asyncio.timeout`` does the same.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Final

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.http.asyncio_backend import AsyncioBackend
from airflow_provider_kling.http.library import httpcore, httpx
from airflow_provider_kling.http.proxy import environment_proxy

Addresses = Callable[[str], Sequence[str]]
"""Returns the addresses of a host to connect to, in the order of preference, or raises."""

CONNECT_TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 10
_KEEP_IDLE_S: Final = 30.0

_deadline: ContextVar[float] = ContextVar("deadline", default=inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let every connection, read and write in the body end after this time.

    :raises httpcore.TimeoutException: from the call that is over the time.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def _remaining(timeout: float | None, *, error: type[Exception]) -> float | None:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the time for the whole exchange is over")
    if left == inf:
        return timeout
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A stream whose reads and writes end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limit = _remaining(timeout, error=httpcore.ReadTimeout)
        data: bytes = self._stream.read(max_bytes, timeout=limit)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_remaining(timeout, error=httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        limit = _remaining(timeout, error=httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=limit))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Connects before the deadline.

    :param addresses: decides on the addresses of a host; None leaves that to the operating system.
    """

    def __init__(self, *, addresses: Addresses | None = None) -> None:
        self._addresses = addresses

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        *others, last = [host] if self._addresses is None else self._addresses(host)
        for address in (*others, last):
            limit = _remaining(timeout, error=httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == last:
                    raise
            else:
                return _Stream(stream)
        raise AssertionError("the last address has connected or raised")


def time_limits(read_timeout_s: float) -> dict[str, float]:
    """Return the limits of each phase of a request, in seconds, for its extension ``timeout``."""
    phases = dict.fromkeys(("read", "write", "pool"), read_timeout_s)
    return {"connect": CONNECT_TIMEOUT_S, **phases}


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of this process: making one blocks an event loop for about 20 ms.

    With httpx2 it trusts the certificates of the system, with httpx those of the package certifi.

    :raises KlingRequestError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names no certificates, or
        ``SSLKEYLOGFILE`` no file that can be written.
    """
    try:
        file = os.environ.get("SSL_CERT_FILE")
        if file and not Path(file).is_file():  # httpx 0.27 ignores it then
            raise FileNotFoundError(file)
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        if error.filename and error.filename == os.environ.get("SSLKEYLOGFILE"):
            rule = BrokenRule(field="SSLKEYLOGFILE", rule=f"must name a file that can be written ({error})")
        else:
            rule = BrokenRule(field="SSL_CERT_FILE", rule=f"must name a file with certificates ({error})")
        raise KlingRequestError(subject="the environment of this process", broken=[rule]) from error


def connection_pool(
    url: str, *, tls: ssl.SSLContext | None = None, addresses: Addresses | None = None
) -> httpcore.ConnectionInterface:
    """Return a pool for requests to one base URL, directly or through the proxy of the environment.

    :param tls: by default that of the process.
    :param addresses: decides where to connect. A proxy's own address is never asked for.
    :raises KlingRequestError: the proxy or the certificates of the environment cannot be used.
    """
    proxy = environment_proxy(url)
    backend = _Backend(addresses=None if proxy else addresses)
    kinds = (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)
    pool: httpcore.ConnectionInterface = _pool(
        proxy, kinds=kinds, tls=tls or tls_context(), network_backend=backend
    )
    return pool


def async_connection_pool(url: str) -> httpcore.AsyncConnectionInterface:
    """Return a pool for an event loop; see :func:`connection_pool`."""
    kinds = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)
    pool: httpcore.AsyncConnectionInterface = _pool(
        environment_proxy(url), kinds=kinds, tls=tls_context(), network_backend=AsyncioBackend()
    )
    return pool


def _pool(
    proxy: httpx.Proxy | None, *, kinds: tuple[Any, Any, Any], tls: ssl.SSLContext, **options: Any
) -> Any:
    direct, http, socks = kinds
    options |= {
        "ssl_context": tls,
        "max_connections": MAX_CONNECTIONS,
        "max_keepalive_connections": MAX_CONNECTIONS,
        "keepalive_expiry": _KEEP_IDLE_S,
    }
    if proxy is None:
        return direct(**options)
    url = proxy.url
    options["proxy_url"] = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/")
    options["proxy_auth"] = proxy.raw_auth
    return socks(**options) if url.scheme.startswith("socks") else http(**options)
