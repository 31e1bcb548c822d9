"""Failures on demand: which requests are hit, and how. The rules only; ``front`` carries them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Drop(StrEnum):
    """When the connection is closed without an answer: before or after the request took effect."""

    BEFORE = "before"
    AFTER = "after"


class FaultError(ValueError):
    """A fault that is not understood."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What befalls a request. ``delay_s`` goes with any of the others; of those there is at most one."""

    delay_s: float = 0.0
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Drop | None = None
    truncate: int | None = None
    task: Mapping[str, Any] | None = None

    @property
    def raw_body(self) -> bytes:
        """Return the body as bytes: a text as it is, anything else as JSON."""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the answer's headers; without a content type, HTML for a text and JSON for the rest."""
        kind = "text/html; charset=utf-8" if isinstance(self.body, str) else "application/json"
        named = {"content-type": kind} | {name.lower(): value for name, value in self.headers.items()}
        named["content-length"] = str(len(self.raw_body))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]


@dataclass(kw_only=True)
class Fault:
    """An action for requests of a method and a path (a glob), so many times; ``times`` None is for ever."""

    action: Action
    method: str = "*"
    path: str = "*"
    times: int | None = 1

    def hits(self, method: str, path: str) -> bool:
        """Whether a request is hit; the last time is used up by ``FaultList.take``."""
        return self.times != 0 and fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


class FaultList:
    """The faults in their order; a request is hit by the first that fits and is not used up."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, data: Any) -> int:
        """Add faults as they were posted, and return how many. Raises FaultError; then none is added."""
        if not isinstance(data, list):
            raise FaultError("expected a list of faults")
        faults = [_fault(entry) for entry in data]
        self._faults += faults
        return len(faults)

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Action:
        """Return what befalls a request, and count it."""
        fault = next((fault for fault in self._faults if fault.hits(method, path)), None)
        if fault is None:
            return Action()
        if fault.times is not None:
            fault.times -= 1
        return fault.action


def _fault(data: Any) -> Fault:
    try:
        action = _action(**data["action"])
        rest = {key: value for key, value in data.items() if key != "action"}
        fault = Fault(action=action, **rest)
    except (KeyError, TypeError, ValueError) as error:
        raise FaultError(f"not a fault: {json.dumps(data)[:200]} ({error})") from error
    if not (isinstance(fault.method, str) and isinstance(fault.path, str)):
        raise FaultError("'method' and 'path' are texts")
    if not (fault.times is None or (type(fault.times) is int and fault.times > 0)):
        raise FaultError("'times' is a whole number above 0, or null")
    fault.method = fault.method.upper()
    return fault


def _action(**members: Any) -> Action:
    given = dict(members)
    if "drop" in given:
        given["drop"] = Drop(given["drop"])
    action = Action(**given)
    kinds = [
        action.status is not None,
        action.status is None and "body" in given,
        action.drop is not None,
        action.truncate is not None,
        action.task is not None,
    ]
    if sum(kinds) > 1 or (not any(kinds) and "delay_s" not in given):
        raise FaultError("an action has exactly one of status, body, drop, truncate, task, delay_s")
    if action.task is not None and not isinstance(action.task.get("status"), str):
        raise FaultError("'task' needs a status")
    return action
