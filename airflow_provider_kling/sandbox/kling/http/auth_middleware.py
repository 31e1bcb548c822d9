"""Checks the credentials before anything else of a request is looked at."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_kling.sandbox.http.control_middleware import CONTROL
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope
from airflow_provider_kling.sandbox.kling.http.rules import KlingRules


class AuthMiddleware:
    """ASGI middleware. A 401 comes before everything else (inferred)."""

    def __init__(self, *, app: ASGIApp, rules: KlingRules, envelope: Envelope) -> None:
        self._app = app
        self._rules = rules
        self._envelope = envelope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            problem = self._rules.problem(scope)
            if problem is not None:
                await self._envelope.failure(problem).response()(scope, receive, send)
                return
        await self._app(scope, receive, send)
