"""Assembles the application of Kling's platform."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

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
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS, UrlSigner
from airflow_provider_kling.sandbox.kling.http.account_routes import AccountRoutes
from airflow_provider_kling.sandbox.kling.http.auth_middleware import AuthMiddleware
from airflow_provider_kling.sandbox.kling.http.callback_control import CallbackControl
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope
from airflow_provider_kling.sandbox.kling.http.legacy_routes import LegacyRoutes
from airflow_provider_kling.sandbox.kling.http.links import ResultLinks, is_embedded_elsewhere
from airflow_provider_kling.sandbox.kling.http.rules import KlingRules
from airflow_provider_kling.sandbox.kling.http.task_routes import TaskRoutes
from airflow_provider_kling.sandbox.kling.service.calls import Calls
from airflow_provider_kling.sandbox.kling.service.credentials import Credentials
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection
from airflow_provider_kling.sandbox.kling.service.service import Service
from airflow_provider_kling.sandbox.kling.settings import KlingSettings

_METHOD_NOT_ALLOWED: Final = 405


def build_app(*, settings: KlingSettings, folder: Path, connections: Connections) -> ASGIApp:
    """Return the application.

    :param folder: for rendered files.
    """
    clock = Clock()
    signer = UrlSigner(seed=settings.seed)
    links = ResultLinks(signer=signer)
    service = Service(settings=settings, clock=clock, folder=folder, links=links)
    envelope = Envelope(ids=service.ids)
    credentials = Credentials(
        api_key=settings.api_key, access_key=settings.access_key, secret_key=settings.secret_key
    )
    rules = KlingRules(credentials=credentials, clock=clock, envelope=envelope, endpoints=service.endpoints)
    secrets = {settings.api_key, settings.secret_key, settings.webhook_secret} - {""}
    recorder = Recorder(secrets=frozenset(secrets), kind_of=rules.kind_of)
    faults = FaultList(codes=frozenset(map(int, Code)))

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  - the signature of a lifespan
        yield
        await service.close()

    def result(name: str) -> ServedFile | None:
        return ServedFile.of_result(service.find_file(name))

    async def on_rejection(request: Request, error: Any) -> Response:  # noqa: ARG001  - a handler's signature
        return envelope.failure(error).response()

    async def on_unknown_route(request: Request, error: Any) -> Response:  # noqa: ARG001
        wrong_method = error.status_code == _METHOD_NOT_ALLOWED
        return envelope.failure(Rejection(Code.METHOD if wrong_method else Code.RESOURCE)).response()

    async def on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
        return envelope.failure(Rejection(Code.INTERNAL)).response()

    downloads = DownloadRoutes(
        clock=clock, signer=signer, folders={RESULTS: result}, rejects=is_embedded_elsewhere
    )
    router = Starlette(
        routes=[
            *ControlRoutes(service=service, recorder=recorder, faults=faults).routes(),
            *CallbackControl(sender=service.callbacks).routes(),
            *downloads.routes(),
            *TaskRoutes(service=service, envelope=envelope).routes(),
            *AccountRoutes(service=service, envelope=envelope).routes(),
            *LegacyRoutes(
                service=service, calls=Calls(service=service, links=links), envelope=envelope
            ).routes(),
        ],
        exception_handlers={
            Rejection: on_rejection,
            HTTPException: on_unknown_route,
            Exception: on_error,
        },
        lifespan=lifespan,
    )
    router.router.redirect_slashes = False
    app: ASGIApp = AuthMiddleware(app=router, rules=rules, envelope=envelope)
    app = FaultMiddleware(
        app=app, clock=clock, faults=faults, recorder=recorder, connections=connections, rules=rules
    )
    return ControlMiddleware(app=app, host=settings.host)
