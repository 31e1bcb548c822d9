"""Reads a request's body within bounds: its size, and for JSON its nesting."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

# What the vendor's own client sends at most; the limit of the service is unknown.
MAX_BODY_BYTES: Final = 64 * 2**20
# Far more than any documented body has. Python's own limit is too high: whatever handles the value later
# (copies, masks, serializes it) recurses once or more for each level.
_MAX_DEPTH: Final = 64


class MalformedJsonError(ValueError):
    """The body is not JSON in UTF-8, or is nested too deeply."""


async def read_body(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if it is larger than ``MAX_BODY_BYTES``.

    :raises ClientDisconnect: the client disconnected before the end of the body.
    """
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


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that yields a body that was read already."""
    pending: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


def parse_json(body: bytes) -> Any:
    """Return the value of JSON.

    :raises MalformedJsonError: it is not JSON, is nested more than 64 levels deep, or has a number that no
        float can hold.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_reject, parse_float=_finite)
    except (ValueError, RecursionError):
        raise MalformedJsonError("invalid JSON format") from None
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        level = [member for parent in level for member in _members(parent)]
        if not level:
            return value
    raise MalformedJsonError("invalid JSON format")


def _members(value: Any) -> list[Any]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case _:
            return []


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _reject(text)


def _reject(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
