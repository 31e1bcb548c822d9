"""Records every request, and applies the faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.faults import Action, Drop, FaultList
from airflow_provider_kling.sandbox.core.fetcher import USER_AGENT
from airflow_provider_kling.sandbox.core.recorder import Recorder, RequestRecord
from airflow_provider_kling.sandbox.http.body_summary import summarize_body
from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.http.control_middleware import CONTROL
from airflow_provider_kling.sandbox.http.request_body import MAX_BODY_BYTES, read_body, replay
from airflow_provider_kling.sandbox.http.service_rules import ErrorResponse, ServiceRules
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS

_RANGE_REQUEST: Final = (b"range", b"if-range")
_RANGE_RESPONSE: Final = (b"accept-ranges",)


class FaultMiddleware:
    """ASGI middleware around the API and the files. Requests for ``/_sandbox/`` are passed on unchanged."""

    def __init__(
        self,
        *,
        app: ASGIApp,
        clock: Clock,
        faults: FaultList,
        recorder: Recorder,
        connections: Connections,
        rules: ServiceRules,
    ) -> None:
        self._app = app
        self._clock = clock
        self._faults = faults
        self._recorder = recorder
        self._connections = connections
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
        elif not self._rules.permits_body(scope):
            await self._handle(scope, receive, send, body=b"")
        else:
            with self._rules.admission(scope) as rejected:
                if rejected is None:
                    await self._read_and_handle(scope, receive, send)
                else:
                    await self._handle(scope, receive, send, body=b"", rejected=rejected)

    async def _read_and_handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
        except ClientDisconnect:
            return  # an incomplete request has no effect
        if body is None:
            await self._handle(scope, receive, send, body=b"", rejected=self._rules.too_large(MAX_BODY_BYTES))
        else:
            await self._handle(scope, replay(body, receive), send, body=body)

    async def _handle(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        body: bytes,
        rejected: ErrorResponse | None = None,
    ) -> None:
        """Record a request and respond to it.

        :param body: empty where the body was not read.
        :param rejected: set if the request is rejected before faults apply.
        """
        record = self._recorder.add(await self._record(scope, body))

        def count(status: int | None) -> None:
            self._recorder.finish(record, status)
            self._count_download(scope, status)

        response = _ResponseSender(send, rules=self._rules, count=count)
        try:
            if rejected is not None:
                await response.send_action(Action(status=rejected.status, body=rejected.body))
            else:
                action = self._faults.take(scope["method"], scope["path"])
                await self._apply(action, scope, receive, response)
        finally:
            response.begin(None)

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
        state = scope.setdefault("state", {})
        state["older_shapes"] = action.older_shapes
        if action.task is not None:
            state["task_fault"] = action.task
        await self._respond(action, scope, receive, response)

    async def _respond(
        self, action: Action, scope: Scope, receive: Receive, response: _ResponseSender
    ) -> None:
        if action.code is not None:
            rejected = self._rules.error_of(action.code)
            action = action.model_copy(update={"status": rejected.status, "body": rejected.body})
        if action.status is not None:
            if action.takes_effect:
                await self._app(scope, receive, _discard)
            await response.send_action(action)
        elif action.drop is Drop.BEFORE:
            await self._drop(scope, receive, response)
        elif action.drop is Drop.AFTER:
            await self._app(scope, receive, _discard)
            await self._drop(scope, receive, response)
        elif action.body is not None:
            await self._app(scope, receive, _discard)
            await response.send_action(action)
        elif action.truncate is not None:
            await self._app(scope, receive, response.truncated(action.truncate))
            await self._drop(scope, receive, response)
        else:
            await self._app(scope, receive, response.send)

    async def _drop(self, scope: Scope, receive: Receive, response: _ResponseSender) -> None:
        response.begin(None)
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
    """Sends the app's response or another one.

    :param count: gets the status, or None where there is no response; once, before the client sees either. So
        whoever has been answered finds the request among the counts.
    """

    def __init__(self, send: Send, *, rules: ServiceRules, count: Callable[[int | None], None]) -> None:
        self._send = send
        self._rules = rules
        self._count = count
        self._has_begun = False
        self.removed_headers: tuple[bytes, ...] = ()

    def begin(self, status: int | None) -> None:
        """Count the response, unless it has begun."""
        if not self._has_begun:
            self._has_begun = True
            self._count(status)

    async def send(self, message: Message) -> None:
        """Send a part of the response."""
        if message["type"] == "http.response.start":
            self.begin(message["status"])
            message = _without_headers(message, *self.removed_headers)
        await self._send(message)

    async def send_action(self, action: Action) -> None:
        """Send the response of a fault."""
        status = action.status or 200
        if action.body is None:
            action = action.model_copy(update={"body": self._rules.error_body(status)})
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
