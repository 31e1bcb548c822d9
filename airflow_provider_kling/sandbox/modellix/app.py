"""Assembles the application of the Modellix service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.faults import FaultList
from airflow_provider_kling.sandbox.core.recorder import Recorder
from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.http.control_middleware import ControlMiddleware
from airflow_provider_kling.sandbox.http.control_routes import ControlRoutes
from airflow_provider_kling.sandbox.http.download_routes import DownloadRoutes, ServedFile
from airflow_provider_kling.sandbox.http.fault_middleware import FaultMiddleware
from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS, UPLOADS, UrlSigner
from airflow_provider_kling.sandbox.modellix.http.api_routes import ApiRoutes
from airflow_provider_kling.sandbox.modellix.http.auth_middleware import AuthMiddleware
from airflow_provider_kling.sandbox.modellix.http.authenticator import Authenticator
from airflow_provider_kling.sandbox.modellix.http.file_routes import FileRoutes
from airflow_provider_kling.sandbox.modellix.http.responses import rejection_response
from airflow_provider_kling.sandbox.modellix.http.rules import ModellixRules
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection, error_body
from airflow_provider_kling.sandbox.modellix.service.service import Service
from airflow_provider_kling.sandbox.modellix.service.upload_store import UploadStore
from airflow_provider_kling.sandbox.modellix.settings import ModellixSettings


def build_app(*, settings: ModellixSettings, folder: Path, connections: Connections) -> ASGIApp:
    """Return the application.

    :param folder: for rendered and uploaded files.
    """
    clock = Clock()
    uploads = UploadStore(folder=folder / "uploads", seed=settings.seed, clock=clock)
    service = Service(settings=settings, clock=clock, folder=folder, uploads=uploads)
    signer = UrlSigner(seed=settings.seed)
    rules = ModellixRules(authenticator=(authenticator := Authenticator(api_key=settings.api_key)))
    recorder = Recorder(secrets=frozenset({settings.api_key}), kind_of=rules.kind_of)
    faults = FaultList()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  - the signature of a lifespan
        yield
        await service.close()

    def upload(name: str) -> ServedFile | None:
        found = uploads.find(name)
        return None if found is None else ServedFile(path=found.path, media_type=found.media_type.name)

    downloads = DownloadRoutes(
        clock=clock,
        signer=signer,
        folders={RESULTS: lambda name: ServedFile.of_result(service.files.get(name)), UPLOADS: upload},
    )
    router = Starlette(
        routes=[
            *FileRoutes(uploads=uploads, signer=signer).routes(),
            *ApiRoutes(service=service, signer=signer).routes(),
            *downloads.routes(),
            *ControlRoutes(service=service, recorder=recorder, faults=faults).routes(),
        ],
        exception_handlers={
            Rejection: _on_rejection,
            HTTPException: _on_unknown_route,
            Exception: _on_error,
        },
        lifespan=lifespan,
    )
    router.router.redirect_slashes = False
    app: ASGIApp = AuthMiddleware(app=router, service=service, authenticator=authenticator)
    app = FaultMiddleware(
        app=app, clock=clock, faults=faults, recorder=recorder, connections=connections, rules=rules
    )
    return ControlMiddleware(app=app, host=settings.host)


async def _on_rejection(request: Request, error: Any) -> Response:  # noqa: ARG001  - a handler's signature
    return rejection_response(error)


async def _on_unknown_route(request: Request, error: Any) -> Response:  # noqa: ARG001  - a handler's signature
    # The documents have no 405: with another method, the path does not exist.
    return rejection_response(
        Rejection(Category.NOT_FOUND, f"{request.method} {request.scope['path']} does not exist")
    )


async def _on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001  - a handler's signature
    return JsonResponse(error_body(500), status_code=500)
