"""Whoever was answered, or cut off, finds the request among the counts, however soon it asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.faults import FaultList
from airflow_provider_kling.sandbox.core.recorder import Recorder
from airflow_provider_kling.sandbox.http.connections import Connections
from airflow_provider_kling.sandbox.http.fault_middleware import FaultMiddleware
from airflow_provider_kling.sandbox.modellix.http.authenticator import Authenticator
from airflow_provider_kling.sandbox.modellix.http.rules import ModellixRules

KEY = "k" * 32


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a file"})


@pytest.mark.parametrize(
    ("path", "counted"),
    [("/results/clip.mp4", "downloads"), ("/api/v1/tasks/t-1", "polls")],
)
@pytest.mark.parametrize(
    ("action", "status"),
    [
        ({}, 200),
        ({"truncate": 2}, 200),
        ({"status": 503}, 503),
        ({"drop": "before"}, None),
        ({"drop": "after"}, None),
    ],
    ids=["whole", "cut off", "rejected", "lost before", "lost after"],
)
async def test_a_request_is_counted_before_its_client_sees_how_it_went(
    path: str, counted: str, action: dict[str, Any], status: int | None
) -> None:
    rules = ModellixRules(authenticator=Authenticator(api_key=KEY))
    recorder = Recorder(secrets=frozenset({KEY}), kind_of=rules.kind_of)
    seen: list[tuple[int, int | None]] = []

    def look() -> None:
        seen.append((recorder.stats()[counted], recorder.records[-1].status))

    class Watched(Connections):
        def close(self, client: Any) -> None:
            look()

    async def send(message: Message) -> None:
        look()

    async def receive() -> Message:
        return {"type": "http.disconnect"} if seen else {"type": "http.request", "body": b""}

    faults = FaultList()
    if action:
        faults.add(json.dumps([{"path": path, "action": action}]).encode())
    app = FaultMiddleware(
        app=answer, clock=Clock(), faults=faults, recorder=recorder, connections=Watched(), rules=rules
    )
    headers = [(b"authorization", b"Bearer " + KEY.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "client": ("::1", 1)}
    await app({**scope, "headers": headers}, receive, send)
    is_counted = counted == "polls" or status == 200
    assert seen
    assert set(seen) == {(int(is_counted), status)}
