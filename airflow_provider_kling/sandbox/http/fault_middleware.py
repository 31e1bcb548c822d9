"""Records every request, and applies the faults."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.http.body_summary import summarize_body
from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS
from airflow_provider_kling.sandbox.service.clock import Clock
from airflow_provider_kling.sandbox.service.faults import Action, Drop, FaultList
from airflow_provider_kling.sandbox.service.fetcher import USER_AGENT
from airflow_provider_kling.sandbox.service.recorder import Recorder, RequestRecord
from airflow_provider_kling.sandbox.service.rejection import Category, Rejection, error_body

# What the vendor's own client sends at most; the limit of the service is unknown.
_MAX_BODY_BYTES: Final = 64 * 2**20
_CONTROL: Final = "/_sandbox/"
_RANGE_REQUEST: Final = (b"range", b"if-range")
_RANGE_RESPONSE: Final = (b"accept-ranges",)


class FaultMiddleware:
    """ASGI middleware around the API and the files. Requests for ``/_sandbox/`` are passed on unchanged."""

    def __init__(
        self, *, app: ASGIApp, clock: Clock, faults: FaultList, recorder: Recorder, connections: Connections
    ) -> None:
        self._app = app
        self._clock = clock
        self._faults = faults
        self._recorder = recorder
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        try:
            body = await _read_body(receive)
        except ClientDisconnect:
            return  # an incomplete request has no effect
        record = self._recorder.add(await self._record(scope, body or b""))
        action = self._faults.take(scope["method"], scope["path"])
        response = _ResponseSender(send)
        try:
            if body is None:
                rejection = Rejection(Category.TOO_LARGE, f"the body is larger than {_MAX_BODY_BYTES} bytes")
                await response.send_action(Action(status=rejection.status, body=rejection.body))
            else:
                await self._apply(action, scope, _replay(body, receive), response)
        finally:
            self._recorder.finish(record, response.status)
            self._count_download(scope, response.status)

    async def _apply(
        self, action: Action | None, scope: Scope, receive: Receive, response: _ResponseSender
    ) -> None:
        if action is None:
            await self._app(scope, receive, response.send)
            return
        if action.delay_s:
            await asyncio.sleep(action.delay_s)
        if action.ignore_range:
            scope = _without_headers(scope, *_RANGE_REQUEST)
            response.removed_headers = _RANGE_RESPONSE
        if action.task is not None:
            scope.setdefault("state", {})["task_fault"] = action.task
        if action.status is not None:
            await response.send_action(action)
        elif action.drop is Drop.BEFORE:
            await self._drop(scope, receive)
        elif action.drop is Drop.AFTER:
            await self._app(scope, receive, _discard)
            await self._drop(scope, receive)
        elif action.body is not None:
            await self._app(scope, receive, _discard)
            await response.send_action(action)
        elif action.truncate is not None:
            await self._app(scope, receive, response.truncated(action.truncate))
            await self._drop(scope, receive)
        else:
            await self._app(scope, receive, response.send)

    async def _drop(self, scope: Scope, receive: Receive) -> None:
        self._connections.close(scope["client"])
        # Without a response, the server sends a 500 unless it has seen that the client is disconnected.
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _record(self, scope: Scope, body: bytes) -> RequestRecord:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return RequestRecord(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=await summarize_body(body, content_type=headers.get("content-type", "")),
            at=self._clock.now(),
        )

    def _count_download(self, scope: Scope, status: int | None) -> None:
        own = (b"user-agent", USER_AGENT.encode()) in scope["headers"]
        is_download = scope["method"] == "GET" and scope["path"].startswith(f"{RESULTS}/")
        self._recorder.downloads += is_download and status in (200, 206) and not own


class _ResponseSender:
    """Sends the app's response or another one, and remembers the status that was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.removed_headers: tuple[bytes, ...] = ()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = _without_headers(message, *self.removed_headers)
        await self._send(message)

    async def send_action(self, action: Action) -> None:
        """Send the response of a fault."""
        status = action.status or 200
        if action.body is None:
            action = action.model_copy(update={"body": error_body(status)})
        await self.send({"type": "http.response.start", "status": status, "headers": action.raw_headers})
        await self.send({"type": "http.response.body", "body": action.raw_body})

    def truncated(self, size: int) -> Send:
        """Return a sender that sends the headers and the first bytes of the body, and discards the rest."""
        left = size

        async def send(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.body":
                part = message.get("body", b"")[:left]
                left -= len(part)
                message = {"type": "http.response.body", "body": part, "more_body": True}
            await self.send(message)

        return send


def _without_headers(carrier: MutableMapping[str, Any], *names: bytes) -> MutableMapping[str, Any]:
    """Return a scope or the start of a response without some headers."""
    return {**carrier, "headers": [header for header in carrier["headers"] if header[0].lower() not in names]}


async def _discard(message: Message) -> None:
    """Discard a response."""


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if it is too large.

    :raises ClientDisconnect: the client disconnected before the end of the body.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > _MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that yields a body that was read already."""
    pending: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
