"""Assembles the application and runs it under uvicorn."""

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

from airflow_provider_kling.sandbox.http.api_routes import ApiRoutes
from airflow_provider_kling.sandbox.http.auth_middleware import AuthMiddleware
from airflow_provider_kling.sandbox.http.authenticator import Authenticator
from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.http.control_middleware import ControlMiddleware
from airflow_provider_kling.sandbox.http.control_routes import ControlRoutes
from airflow_provider_kling.sandbox.http.download_routes import DownloadRoutes
from airflow_provider_kling.sandbox.http.fault_middleware import FaultMiddleware
from airflow_provider_kling.sandbox.http.file_routes import FileRoutes
from airflow_provider_kling.sandbox.http.responses import JsonResponse, rejection_response
from airflow_provider_kling.sandbox.http.signed_urls import UrlSigner
from airflow_provider_kling.sandbox.service.clock import Clock
from airflow_provider_kling.sandbox.service.faults import FaultList
from airflow_provider_kling.sandbox.service.recorder import Recorder
from airflow_provider_kling.sandbox.service.rejection import Category, Rejection, error_body
from airflow_provider_kling.sandbox.service.service import Service
from airflow_provider_kling.sandbox.service.upload_store import UploadStore
from airflow_provider_kling.sandbox.settings import Settings

# Longer than clients keep idle connections: a server that closes one first can lose a request on its way.
_KEEP_ALIVE_S: Final = 300
_SHUTDOWN_S: Final = 1
_PARENT_CHECK_S: Final = 0.5


def build_app(*, settings: Settings, folder: Path, connections: Connections) -> ASGIApp:
    """Return the application.

    :param folder: for rendered and uploaded files.
    """
    clock = Clock()
    service = Service(settings=settings, clock=clock, folder=folder)
    uploads = UploadStore(folder=folder / "uploads", seed=settings.seed, clock=clock)
    signer = UrlSigner(seed=settings.seed)
    recorder = Recorder(api_key=settings.api_key)
    faults = FaultList()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  - the signature of a lifespan
        yield
        await service.close()
        uploads.close()

    control = ControlRoutes(service=service, uploads=uploads, recorder=recorder, faults=faults)
    router = Starlette(
        routes=[
            *FileRoutes(uploads=uploads, signer=signer).routes(),
            *ApiRoutes(service=service, signer=signer).routes(),
            *DownloadRoutes(service=service, uploads=uploads, signer=signer).routes(),
            *control.routes(),
        ],
        exception_handlers={
            Rejection: _on_rejection,
            HTTPException: _on_unknown_route,
            Exception: _on_error,
        },
        lifespan=lifespan,
    )
    router.router.redirect_slashes = False
    authenticator = Authenticator(api_key=settings.api_key)
    app: ASGIApp = AuthMiddleware(app=router, service=service, authenticator=authenticator)
    app = FaultMiddleware(
        app=app,
        clock=clock,
        faults=faults,
        recorder=recorder,
        connections=connections,
        authenticator=authenticator,
    )
    return ControlMiddleware(app=app, host=settings.host)


def run(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until a signal arrives.

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


async def _on_rejection(request: Request, error: Any) -> Response:  # noqa: ARG001  - a handler's signature
    return rejection_response(error)


async def _on_unknown_route(request: Request, error: Any) -> Response:  # noqa: ARG001  - a handler's signature
    # The documents have no 405: with another method, the path does not exist.
    return rejection_response(
        Rejection(Category.NOT_FOUND, f"{request.method} {request.scope['path']} does not exist")
    )


async def _on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001  - a handler's signature
    return JsonResponse(error_body(500), status_code=500)
