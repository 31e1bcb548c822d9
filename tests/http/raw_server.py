"""A server that sends exact bytes, or stops in the middle, and records the requests it received."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Answer = Callable[[socket.socket], None]


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request, as it was received. Header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def reply(
    body: object = b"",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    declared: int | None = None,
    chunked: bool = False,
) -> Answer:
    """Respond with a body, as JSON unless it is bytes.

    :param declared: the ``Content-Length`` to send, where it is not the body's.
    """
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Connection": "close", **(headers or {})}
    if not chunked:
        head["Content-Length"] = str(len(data) if declared is None else declared)
    else:
        head["Transfer-Encoding"] = "chunked"
        data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode("latin-1") + data)


def raw(data: bytes) -> Answer:
    """Respond with bytes that need not be HTTP."""
    return lambda connection: connection.sendall(data)


def hang_up(connection: socket.socket) -> None:
    """Close the connection without a response."""


def reset(connection: socket.socket) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def unread(connection: socket.socket) -> None:
    """Reset the connection after the request has arrived, but before it is read."""
    connection.recv(1, socket.MSG_PEEK)
    reset(connection)


def silence(connection: socket.socket) -> None:
    """Send nothing until the client gives up."""
    connection.recv(1)


def patience_with(answer: Answer) -> float:
    """Return a read timeout: short where no response will come, else enough for a busy machine."""
    return 1.0 if answer is silence else 20.0


class RawServer(socketserver.ThreadingTCPServer):
    """Sends the responses of its script, one for each connection; the last one is repeated.

    :ivar requests: those that were read.
    :ivar connections: how many were opened.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, *script: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Received] = []
        self.connections = 0
        self._script = list(script)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.005,), daemon=True)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def then(self, *script: Answer) -> None:
        """Replace the rest of the script."""
        with self._lock:
            self._script[:] = script

    def next_answer(self) -> Answer:
        """Take the next response from the script."""
        with self._lock:
            self.connections += 1
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def answer_to(self, request: Received, *, scripted: Answer) -> Answer:
        """Return the response to a request. A subclass may choose it by the request."""
        del request
        return scripted

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: the client may have gone while the response was sent."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        answer = self.server.next_answer()
        if answer is unread:
            answer(self.connection)
            return
        method, target, _ = self.rfile.readline().decode("latin-1").split()
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        received = Received(method=method, target=target, headers=headers, body=body)
        self.server.requests.append(received)
        self.server.answer_to(received, scripted=answer)(self.connection)
