"""A Redis server that keeps nothing; Debian's package ``redis-server`` has it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dev.ports import ReservedPort
from dev.waiting import wait_for

_SERVER = shutil.which("redis-server")
_PARENT_WATCH = Path(__file__).with_name("parent_watch.py")
_GRACE = "5"


def has_redis() -> bool:
    """Tell whether the program is installed."""
    return _SERVER is not None


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a server while the context lasts, and yield the URL of its first database.

    Whatever ends this process, the server ends with it.
    """
    with tempfile.TemporaryDirectory(prefix="kling-redis-") as folder, closing(ReservedPort()) as port:
        options = ["--bind", "127.0.0.1", "--port", str(port.number), "--save", "", "--dir", folder]
        server = subprocess.Popen(
            [sys.executable, _PARENT_WATCH, _GRACE, _SERVER or "redis-server", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(lambda: _answers(port.number, server), what="Redis", every=0.1)
            yield f"redis://127.0.0.1:{port.number}/0"
        finally:
            server.terminate()
            server.communicate()


def _answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"redis-server ended with status {server.returncode}")
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
