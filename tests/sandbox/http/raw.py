"""Requests as bytes over a socket: what no HTTP client would send, or in parts."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

_LONGEST_WAIT_S = 60.0


def head(method: bytes, target: bytes, **headers: bytes) -> bytes:
    """Return the start line and the headers; underscores in names are hyphens. There is no Host by itself."""
    lines = [b"%b: %b\r\n" % (name.replace("_", "-").encode(), value) for name, value in headers.items()]
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, b"".join(lines))


@contextlib.contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Yield a connection to a server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=_LONGEST_WAIT_S) as connection:
        yield connection


def status(connection: socket.socket) -> int | None:
    """Return the status of the next response; None if the server closed the connection without one."""
    line = b""
    with contextlib.suppress(ConnectionResetError):
        while not line.endswith(b"\n") and (byte := connection.recv(1)):
            line += byte
    return int(line.split()[1]) if line else None
