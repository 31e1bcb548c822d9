"""The API's gate: the key, and the requests per minute, before anything else is looked at."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.limits import Allowance
from airflow_provider_kling.sandbox.refusal import Category, Refusal
from airflow_provider_kling.sandbox.replies import refused
from airflow_provider_kling.sandbox.service import Service

API: Final = "/api/v1/"
# Always answered, whatever the key is (docs: validate-api-key).
_OPEN: Final = f"{API}apikey/validate"


class Gate:
    """ASGI layer: 401 comes before 429, both before the router's 404 and the endpoints' 400 (inferred)."""

    def __init__(self, *, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        complaint = self._complaint(Headers(scope=scope))
        scope.setdefault("state", {})["key_is_valid"] = complaint is None
        if complaint is not None:
            if scope["path"] == _OPEN:
                await self._app(scope, receive, send)
            else:
                await refused(Refusal(Category.AUTHENTICATION, complaint))(scope, receive, send)
            return
        allowance = self._service.window.take(now=self._service.clock.now())
        send = _with_limits(send, allowance)
        if allowance.granted:
            await self._app(scope, receive, send)
        else:
            refusal = Refusal(Category.RATE, f"more than {allowance.limit} requests per minute")
            await refused(refusal)(scope, receive, send)

    def _complaint(self, headers: Headers) -> str | None:
        given = headers.get("authorization")
        if given is None:
            return "missing Authorization header"
        scheme, _, key = given.partition(" ")
        if scheme != "Bearer" or not key:
            return "the Authorization header must be 'Bearer <API key>'"
        if not hmac.compare_digest(key.encode(), self._service.settings.api_key.encode()):
            return "invalid API key"
        return None


def _with_limits(send: Send, allowance: Allowance) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(allowance.headers())
        await send(message)

    return wrapped
