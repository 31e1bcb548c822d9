"""The smallest HTTP server that can respond to polls. It runs in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "X-RateLimit-Limit: 100000\r\nX-RateLimit-Remaining: 99999\r\nX-RateLimit-Reset: 1800000000\r\n"
)


class Connection(asyncio.Protocol):
    """One connection, kept open.

    :param respond: returns the response to a path.
    """

    def __init__(self, respond: Callable[[str], bytes]) -> None:
        self._respond = respond
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where responses go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each request that is whole; none has a body."""
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._respond(request.split(b" ", 2)[1].decode()))


def _response(path: str) -> bytes:
    """Return what the service says about a running task, in its documented form."""
    task_id = path.rpartition("/")[2]
    data = {"status": "processing", "task_id": task_id, "model_id": "kling-video-o1", "result": None}
    body = json.dumps({"code": 0, "message": "success", "data": data})
    return f"{_HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(_response), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def running_server() -> Iterator[str]:
    """Run the server while the context lasts, and yield its URL."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
