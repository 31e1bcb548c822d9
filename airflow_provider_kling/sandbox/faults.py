"""Failures on demand: which requests are hit, and how. The rules only; ``front`` carries them out."""

from __future__ import annotations

import json
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

_EXCLUSIVE: Final = ("status", "drop", "truncate", "task")


class Drop(StrEnum):
    """When the connection is closed without an answer: before or after the request took effect."""

    BEFORE = "before"
    AFTER = "after"


class FaultError(ValueError):
    """Faults that are not understood."""


class Action(BaseModel):
    """What befalls a request: at most one thing, beside ``delay_s`` and ``ignore_range``, which go with any.

    ``ignore_range``: the answer is a server's that knows no ranges, whole and without ``Accept-Ranges``.
    ``body`` goes with ``status``, or stands alone: then the request takes effect and the answer is a 200.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    delay_s: NonNegativeFloat = 0.0
    ignore_range: bool = False
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    body: Any = None
    headers: dict[str, str] = {}
    drop: Drop | None = None
    truncate: NonNegativeInt | None = None
    task: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [name for name in _EXCLUSIVE if getattr(self, name) is not None]
        if self.body is not None and self.status is None:
            named.append("body")
        if len(named) > 1 or not (named or self.delay_s or self.ignore_range):
            raise ValueError(
                "an action is one of status, body, drop, truncate, task; or delay_s or ignore_range"
            )
        if self.task is not None and not isinstance(self.task.get("status"), str):
            raise ValueError("task needs a status")
        return self

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


class Fault(BaseModel):
    """An action for requests of a method and a path (globs), so many times; ``times`` None is for ever."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    action: Action
    method: Annotated[str, StringConstraints(to_upper=True)] = "*"
    path: str = "*"
    times: PositiveInt | None = 1


_FAULTS: Final = TypeAdapter(list[Fault])


class FaultList:
    """The faults in their order; a request is hit by the first that fits and is not used up."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int | None]] = []

    def add(self, posted: bytes) -> int:
        """Add faults as they were posted, and return how many. Raises FaultError; then none is added."""
        try:
            faults = _FAULTS.validate_json(posted)
        except ValidationError as error:
            raise FaultError(str(error)) from error
        self._left += [(fault, fault.times) for fault in faults]
        return len(faults)

    def clear(self) -> None:
        """Forget every fault."""
        self._left.clear()

    def take(self, method: str, path: str) -> Action | None:
        """Return what befalls a request, and count it."""
        for place, (fault, left) in enumerate(self._left):
            if left != 0 and fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path):
                self._left[place] = (fault, None if left is None else left - 1)
                return fault.action
        return None
