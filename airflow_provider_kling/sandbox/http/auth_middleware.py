"""Checks the key and the requests per minute, before anything else of an API request is read."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.http.responses import rejection_response
from airflow_provider_kling.sandbox.service.limits import Allowance
from airflow_provider_kling.sandbox.service.rejection import Category, Rejection
from airflow_provider_kling.sandbox.service.service import Service

_API: Final = "/api/v1/"
# Responds to any key (docs: validate-api-key).
_OPEN: Final = f"{_API}apikey/validate"


class AuthMiddleware:
    """ASGI middleware. A 401 comes before a 429, and both before a 404 and a 400 (inferred)."""

    def __init__(self, *, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        problem = self._problem(Headers(scope=scope))
        scope.setdefault("state", {})["key_is_valid"] = problem is None
        if problem is not None:
            if scope["path"] == _OPEN:
                await self._app(scope, receive, send)
            else:
                rejection = Rejection(Category.AUTHENTICATION, problem)
                await rejection_response(rejection)(scope, receive, send)
            return
        allowance = self._service.window.take(now=self._service.clock.now())
        send = _with_limit_headers(send, allowance)
        if allowance.granted:
            await self._app(scope, receive, send)
        else:
            rejection = Rejection(Category.RATE, f"more than {allowance.limit} requests per minute")
            await rejection_response(rejection)(scope, receive, send)

    def _problem(self, headers: Headers) -> str | None:
        """Return what is wrong with the key, or None."""
        given = headers.get("authorization")
        if given is None:
            return "missing Authorization header"
        scheme, _, key = given.partition(" ")
        if scheme != "Bearer" or not key:
            return "the Authorization header must be 'Bearer <API key>'"
        if not hmac.compare_digest(key.encode(), self._service.settings.api_key.encode()):
            return "invalid API key"
        return None


def _with_limit_headers(send: Send, allowance: Allowance) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(allowance.headers())
        await send(message)

    return wrapped
