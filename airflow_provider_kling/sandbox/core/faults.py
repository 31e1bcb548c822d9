"""Faults on demand: which requests are affected, and how. ``http.fault_middleware`` applies them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
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

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_WITHOUT_BODY: Final = (204, 304)
_EXCLUSIVE: Final = ("status", "code", "drop", "truncate", "task")


class Drop(StrEnum):
    """When the connection is closed without a response: before or after the request took effect."""

    BEFORE = "before"
    AFTER = "after"


class FaultError(ValueError):
    """Faults that are not valid."""


class Action(BaseModel):
    """What happens to a request. ``delay_s``, ``ignore_range`` and ``older_shapes`` go with any other action.

    :param delay_s: seconds to wait before the response.
    :param ignore_range: behave like a server without range requests: the response is the whole file, without
        ``Accept-Ranges``.
    :param older_shapes: a poll and the request log are answered in the shapes of the older documents.
    :param status: respond with this status; the request has no effect.
    :param code: respond with this error code of the service, in its words; the request has no effect. Only a
        service that has numeric codes knows any.
    :param takes_effect: with ``status`` or ``code``: the request takes effect all the same.
    :param body: the body for ``status``. Alone: the request takes effect, and this is the body of a 200.
    :param headers: further headers of the response with ``status`` or ``body``.
    :param drop: close the connection without a response.
    :param truncate: close the connection after this many bytes of the body.
    :param task: members of the task in the response to a poll. On a submission: the final state of the task.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    delay_s: NonNegativeFloat = 0.0
    ignore_range: bool = False
    older_shapes: bool = False
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    code: int | None = None
    takes_effect: bool = False
    body: Any = None
    headers: dict[str, str] = {}
    drop: Drop | None = None
    truncate: NonNegativeInt | None = None
    task: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_one_action(self) -> Self:
        named = [name for name in _EXCLUSIVE if getattr(self, name) is not None]
        if self.body is not None and self.status is None:
            named.append("body")
        if len(named) > 1 or not (named or self.delay_s or self.ignore_range or self.older_shapes):
            raise ValueError(
                "an action is one of status, code, body, drop, truncate, task; or delay_s, ignore_range or "
                "older_shapes"
            )
        if self.takes_effect and self.status is None and self.code is None:
            raise ValueError("takes_effect goes with status or code")
        if self.task is not None and not isinstance(self.task.get("status"), str):
            raise ValueError("task needs a status")
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"{name!r} is not a header that can be sent")
            if name.lower() == "transfer-encoding":
                raise ValueError("the server chooses the transfer encoding")
        return self

    @property
    def raw_body(self) -> bytes:
        """Return the body as bytes: a string as it is, anything else as JSON. Some statuses have none."""
        if self.status in _WITHOUT_BODY:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the response headers; the default content type is HTML for a string, JSON otherwise."""
        content_type = "text/html; charset=utf-8" if isinstance(self.body, str) else "application/json"
        headers = {"content-type": content_type}
        headers |= {name.lower(): value for name, value in self.headers.items()}
        headers["content-length"] = str(len(self.raw_body))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class Fault(BaseModel):
    """An action for the requests that match.

    :param method: a glob for the HTTP method.
    :param path: a glob for the path.
    :param times: how many requests are affected; None: all.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    action: Action
    method: Annotated[str, StringConstraints(to_upper=True)] = "*"
    path: str = "*"
    times: PositiveInt | None = 1


_FAULTS: Final = TypeAdapter(list[Fault])


class FaultList:
    """The faults in their order. The first one that matches and is not used up applies to a request.

    :param codes: the error codes of the service, which an action may name.
    """

    def __init__(self, *, codes: Collection[int] = ()) -> None:
        self._codes = codes
        self._left: list[tuple[Fault, int | None]] = []

    def add(self, posted: bytes) -> int:
        """Add faults given as JSON, and return how many.

        :raises FaultError: one is not valid; then none is added.
        """
        try:
            faults = _FAULTS.validate_json(posted)
        except ValidationError as error:
            raise FaultError(str(error)) from error
        for fault in faults:
            if (code := fault.action.code) is not None and code not in self._codes:
                raise FaultError(f"the service has no error code {code}")
        self._left += [(fault, fault.times) for fault in faults]
        return len(faults)

    def clear(self) -> None:
        """Remove all faults."""
        self._left.clear()

    def take(self, method: str, path: str) -> Action | None:
        """Return the action for a request, if any, and count it as used."""
        for index, (fault, left) in enumerate(self._left):
            if left != 0 and fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path):
                self._left[index] = (fault, None if left is None else left - 1)
                return fault.action
        return None
