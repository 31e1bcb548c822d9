"""Puts the parts together and runs them under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from airflow_provider_kling.sandbox.api import Api
from airflow_provider_kling.sandbox.clock import Clock
from airflow_provider_kling.sandbox.connections import Connections
from airflow_provider_kling.sandbox.control import Control
from airflow_provider_kling.sandbox.faults import FaultList
from airflow_provider_kling.sandbox.file_api import FileApi
from airflow_provider_kling.sandbox.front import Front
from airflow_provider_kling.sandbox.gate import Gate
from airflow_provider_kling.sandbox.link import Signer
from airflow_provider_kling.sandbox.recorder import Recorder
from airflow_provider_kling.sandbox.refusal import Category, Refusal, envelope
from airflow_provider_kling.sandbox.replies import Json, refused
from airflow_provider_kling.sandbox.service import Service
from airflow_provider_kling.sandbox.settings import Settings
from airflow_provider_kling.sandbox.shelf import Shelf
from airflow_provider_kling.sandbox.storage import Storage

# Longer than clients keep idle connections: closing one first would lose a request that is on its way.
_KEEP_ALIVE_S: Final = 300
_SHUTDOWN_S: Final = 1
_PARENT_CHECK_S: Final = 0.5


def build_app(*, settings: Settings, folder: Path, connections: Connections) -> ASGIApp:
    """Return the whole application; it renders into the folder."""
    clock = Clock()
    service = Service(settings=settings, clock=clock, folder=folder)
    shelf = Shelf(folder=folder / "uploads", seed=settings.seed, clock=clock)
    signer = Signer(seed=settings.seed)
    recorder = Recorder(api_key=settings.api_key)
    faults = FaultList()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  - a lifespan's shape
        yield
        await service.close()
        shelf.close()

    control = Control(service=service, shelf=shelf, recorder=recorder, faults=faults)
    router = Starlette(
        routes=[
            *FileApi(shelf=shelf, signer=signer).routes(),
            *Api(service=service, signer=signer).routes(),
            *Storage(service=service, shelf=shelf, signer=signer).routes(),
            *control.routes(),
        ],
        exception_handlers={Refusal: _refused, HTTPException: _unrouted, Exception: _broken},
        lifespan=lifespan,
    )
    router.router.redirect_slashes = False
    gate = Gate(app=router, service=service)
    return Front(app=gate, clock=clock, faults=faults, recorder=recorder, connections=connections)


def run(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until a signal comes; ``announce`` is told the URL once connections are accepted."""
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
            build_app(settings=settings, folder=folder, connections=connections),
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
    """uvicorn's server, which says when it is ready and ends with its parent."""

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
            self._watch = asyncio.create_task(self._end_with_parent(self._parent_pid))

    async def _end_with_parent(self, pid: int) -> None:
        # An orphan gets another parent, whichever way its parent ended, SIGKILL included.
        while os.getppid() == pid:  # noqa: ASYNC110  - the system has no event for it
            await asyncio.sleep(_PARENT_CHECK_S)
        self.should_exit = True


async def _refused(request: Request, error: Any) -> Response:  # noqa: ARG001  - an exception handler's shape
    return refused(error)


async def _unrouted(request: Request, error: Any) -> Response:  # noqa: ARG001  - an exception handler's shape
    # The documents know no 405: a path under another method is a path that does not exist.
    return refused(Refusal(Category.NOT_FOUND, f"{request.method} {request.url.path} does not exist"))


async def _broken(request: Request, error: Exception) -> Response:  # noqa: ARG001  - an exception handler's shape
    return Json(envelope(500), status_code=500)
