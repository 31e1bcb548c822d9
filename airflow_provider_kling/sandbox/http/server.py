"""Runs an application under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.settings import Settings

# Longer than clients keep idle connections: a server that closes one first can lose a request on its way.
_KEEP_ALIVE_S: Final = 300
_SHUTDOWN_S: Final = 1
_PARENT_CHECK_S: Final = 0.5


def run(
    settings: Settings, *, build: Callable[[Path, Connections], ASGIApp], announce: Callable[[str], None]
) -> None:
    """Serve until a signal arrives.

    :param build: returns the application, for a folder for files and the server's connections.
    :param announce: called with the base URL when connections are accepted.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again after its shutdown; a plain exit then lets the clean-up run.
        signal.signal(number, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        folder = settings.data_dir
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kling-sandbox-")))
        folder.mkdir(parents=True, exist_ok=True)
        connections = Connections()
        config = uvicorn.Config(
            build(folder, connections),
            host=settings.host,
            port=settings.port,
            http=connections.protocol(),
            loop="asyncio",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        _Server(config, announce=announce, parent_pid=settings.parent_pid).run()


class _Server(uvicorn.Server):
    """uvicorn's server, which announces its URL and ends with its parent process."""

    def __init__(
        self, config: uvicorn.Config, *, announce: Callable[[str], None], parent_pid: int | None
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._parent_pid = parent_pid

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        if self._parent_pid is not None:
            self._parent_watch = asyncio.create_task(self._end_with_parent(self._parent_pid))

    async def _end_with_parent(self, pid: int) -> None:
        # An orphan gets another parent however its parent ended, also after a SIGKILL.
        while os.getppid() == pid:  # noqa: ASYNC110  - the system has no event for it
            await asyncio.sleep(_PARENT_CHECK_S)
        self.should_exit = True
