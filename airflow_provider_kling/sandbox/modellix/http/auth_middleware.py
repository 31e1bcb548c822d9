"""Checks the key and the requests per minute, before anything else of an API request is read."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.modellix.http.authenticator import API, Authenticator
from airflow_provider_kling.sandbox.modellix.http.responses import rejection_response
from airflow_provider_kling.sandbox.modellix.service.limits import Allowance, Budget
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection
from airflow_provider_kling.sandbox.modellix.service.service import Service

# Responds to any key (docs: validate-api-key).
_OPEN: Final = f"{API}apikey/validate"
_POLLS: Final = f"{API}tasks/"
_LOG: Final = f"{API}logs"


class AuthMiddleware:
    """ASGI middleware. A 401 comes before a 429, and both before a 404 and a 400 (inferred)."""

    def __init__(self, *, app: ASGIApp, service: Service, authenticator: Authenticator) -> None:
        self._app = app
        self._service = service
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        problem = self._authenticator.problem(scope)
        scope.setdefault("state", {})["key_is_valid"] = problem is None
        if problem is not None:
            if scope["path"] == _OPEN:
                await self._app(scope, receive, send)
            else:
                rejection = Rejection(Category.AUTHENTICATION, problem)
                await rejection_response(rejection)(scope, receive, send)
            return
        budget = _budget(scope)
        allowance = self._service.windows[budget].take(now=self._service.clock.now())
        send = _with_limit_headers(send, allowance)
        if allowance.granted:
            await self._app(scope, receive, send)
        else:
            rejection = Rejection(Category.RATE, f"more than {allowance.limit} {budget} per minute")
            await rejection_response(rejection)(scope, receive, send)


def _budget(scope: Scope) -> Budget:
    """Return the limit that a request counts for: polls and reads of the log have one each."""
    if scope["method"] == "GET" and scope["path"].startswith(_POLLS):
        return Budget.POLLS
    return Budget.LOG_READS if scope["path"] == _LOG else Budget.REQUESTS


def _with_limit_headers(send: Send, allowance: Allowance) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(allowance.headers())
        await send(message)

    return wrapped
