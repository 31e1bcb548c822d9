"""The outermost layer: writes down every request and carries out the faults."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.clock import Clock
from airflow_provider_kling.sandbox.connections import Connections
from airflow_provider_kling.sandbox.faults import Action, Drop, FaultList
from airflow_provider_kling.sandbox.fetcher import FETCHER
from airflow_provider_kling.sandbox.link import RESULTS
from airflow_provider_kling.sandbox.note import noted
from airflow_provider_kling.sandbox.recorder import Entry, Recorder
from airflow_provider_kling.sandbox.refusal import Category, Refusal, envelope

MAX_BODY_BYTES: Final = (
    64 * 2**20
)  # what the vendor's own client sends at most; the service's bound is unknown
CONTROL: Final = "/_sandbox/"
_RANGE: Final = (b"range", b"if-range")
_RANGES_OFFERED: Final = (b"accept-ranges",)


class Front:
    """ASGI layer over the API and the result files. What stands under ``/_sandbox/`` passes untouched."""

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
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except ClientDisconnect:
            return  # half a request is none
        entry = self._recorder.received(await self._entry(scope, body or b""))
        action = self._faults.take(scope["method"], scope["path"])
        answer = _Answer(send)
        try:
            if body is None:
                refusal = Refusal(Category.TOO_LARGE, f"the body is larger than {MAX_BODY_BYTES} bytes")
                await answer.give(Action(status=refusal.status, body=refusal.envelope))
            else:
                await self._carry_out(action, scope, _replayed(body, receive), answer)
        finally:
            self._recorder.answered(entry, answer.status)
            self._count_download(scope, answer.status)

    async def _carry_out(
        self, action: Action | None, scope: Scope, receive: Receive, answer: _Answer
    ) -> None:
        if action is None:
            await self._app(scope, receive, answer.pass_on)
            return
        if action.delay_s:
            await asyncio.sleep(action.delay_s)
        if action.ignore_range:
            scope = _without(scope, *_RANGE)
            answer.hidden = _RANGES_OFFERED
        if action.task is not None:
            scope.setdefault("state", {})["task_fault"] = action.task
        if action.status is not None:
            await answer.give(action)
        elif action.drop is Drop.BEFORE:
            await self._cut(scope, receive)
        elif action.drop is Drop.AFTER:
            await self._app(scope, receive, _nowhere)
            await self._cut(scope, receive)
        elif action.body is not None:
            await self._app(scope, receive, _nowhere)
            await answer.give(action)
        elif action.truncate is not None:
            await self._app(scope, receive, answer.first(action.truncate))
            await self._cut(scope, receive)
        else:
            await self._app(scope, receive, answer.pass_on)

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        self._connections.cut(scope["client"])
        # The server answers with a 500 where nothing was answered, unless it knows that nobody listens.
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _entry(self, scope: Scope, body: bytes) -> Entry:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return Entry(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=await noted(body, content_type=headers.get("content-type", "")),
            at=self._clock.now(),
        )

    def _count_download(self, scope: Scope, status: int | None) -> None:
        own = any(name == b"user-agent" and value == FETCHER.encode() for name, value in scope["headers"])
        found = scope["method"] == "GET" and scope["path"].startswith(f"{RESULTS}/") and status in (200, 206)
        self._recorder.downloads += found and not own


class _Answer:
    """Passes an answer on, or another in its place, and remembers the status that went out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.hidden: tuple[bytes, ...] = ()

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = _without(message, *self.hidden)
        await self._send(message)

    async def give(self, action: Action) -> None:
        status = action.status or 200
        if action.body is None:
            action = action.model_copy(update={"body": envelope(status)})
        await self.pass_on({"type": "http.response.start", "status": status, "headers": action.raw_headers})
        await self.pass_on({"type": "http.response.body", "body": action.raw_body})

    def first(self, size: int) -> Send:
        """Return a sender that passes on the head and the first bytes of the body, and swallows the rest."""
        left = size

        async def send(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.body":
                part = message.get("body", b"")[:left]
                left -= len(part)
                message = {"type": "http.response.body", "body": part, "more_body": True}
            await self.pass_on(message)

        return send


def _without(carrier: MutableMapping[str, Any], *names: bytes) -> MutableMapping[str, Any]:
    """Return a scope or the start of an answer without some headers."""
    return {**carrier, "headers": [header for header in carrier["headers"] if header[0].lower() not in names]}


async def _nowhere(message: Message) -> None:
    """Swallow an answer."""


async def _read(receive: Receive) -> bytes | None:
    """Return a request's body, or None when it is too large. Raises ClientDisconnect."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
