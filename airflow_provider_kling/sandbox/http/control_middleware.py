"""Protects the control endpoints, which need no key, from pages in a browser on the same machine."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.request_body import MAX_BODY_BYTES, read_body, replay

CONTROL: Final = "/_sandbox/"
# What a browser says of a request that no other site caused.
_OWN_FETCHES: Final = ("same-origin", "none")


class ControlMiddleware:
    """ASGI middleware: checks ``Host`` and ``Origin`` of control requests, and bounds their bodies.

    A name in ``Host`` that is neither ``localhost`` nor the one that the sandbox was bound to can have been
    pointed to this machine by a foreign name server (DNS rebinding): the browser then takes the sandbox for
    a part of the foreign site. An address cannot be pointed elsewhere, so the one that the connection
    arrived at is accepted.

    :param host: the name or address that the sandbox is bound to.
    """

    def __init__(self, *, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        if (problem := self._problem(scope)) is not None:
            await JsonResponse({"message": problem}, status_code=403)(scope, receive, send)
            return
        try:
            body = await read_body(receive)
        except ClientDisconnect:
            return
        if body is None:
            message = f"the body is larger than {MAX_BODY_BYTES} bytes"
            await JsonResponse({"message": message}, status_code=413)(scope, receive, send)
            return
        await self._app(scope, replay(body, receive), send)

    def _problem(self, scope: Scope) -> str | None:
        """Return why a request is refused, or None."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own(hosts[0], scope):
            return "control requests need a Host that is a loopback address or what --host names"
        origins = headers.getlist("origin")
        if any(origin.lower() != f"{scope['scheme']}://{hosts[0].lower()}" for origin in origins):
            return "control requests of another origin are refused"
        if headers.get("sec-fetch-site", "none") not in _OWN_FETCHES:
            return "control requests of another site are refused"
        return None

    def _is_own(self, host: str, scope: Scope) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        arrived_at = scope["server"][0] if scope.get("server") else None
        return bool(name) and (name in ("localhost", self._host, arrived_at) or _is_loopback(name))


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
