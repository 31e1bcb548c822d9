"""The messages between this package and the service, free of any I/O."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from airflow_provider_kling.exceptions import BrokenRule, KlingError, KlingProtocolError, KlingRequestError
from airflow_provider_kling.http.redaction import NOTHING_SECRET, Redactor

T = TypeVar("T")

_DEEPEST = 100


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """One file, in the field ``name`` of a form.

    :raises KlingRequestError: a name is not valid Unicode, such as a file name that is not UTF-8.
    """

    name: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        names = {"name": self.name, "filename": self.filename, "content_type": self.content_type}
        broken = [rule for name, text in names.items() for rule in _check_text(text, field=name)]
        if broken:
            raise KlingRequestError(subject="the file to upload", broken=broken)


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One HTTP request, complete but for the host and the credentials, which the client adds.

    :param path: the path below the base URL, already percent-encoded.
    :param params: the query.
    :param content: the encoded body. :meth:`json` makes it from plain values.
    :param content_type: of ``content``.
    :param file: sent as a form, in place of ``content``.
    :raises KlingRequestError: a header is not printable ASCII.
    """

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    file: FilePart | None = None

    def __post_init__(self) -> None:
        rule = "must be printable ASCII: it is sent as a header"
        broken = [
            BrokenRule(field=name, rule=rule)  # without the value, which may hold a secret
            for name, value in self.headers.items()
            if not (value.isascii() and value.isprintable())
        ]
        if broken:
            raise KlingRequestError(subject=str(self), broken=broken)

    @classmethod
    def json(
        cls,
        *,
        method: str,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        subject: str | None = None,
    ) -> Self:
        """Return a request whose content is ``body`` as JSON.

        :param subject: what an error says is wrong, such as a model's name; the request's name by default.
        :raises KlingRequestError: JSON cannot express a value; see :func:`encode_json`.
        """
        content = encode_json(body, subject=subject or f"{method} {path}")
        content_type = "application/json"
        return cls(
            method=method, path=path, headers=headers or {}, content=content, content_type=content_type
        )

    def __str__(self) -> str:
        """Name the request in messages."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """One complete response, as it was received. The client redacts what was read from it.

    :param headers: with lower-case names.
    :param received_at: Unix seconds.
    :param redactor: knows the client's secrets.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request: HttpRequest
    received_at: float
    redactor: Redactor = field(default=NOTHING_SECRET, repr=False)

    def json(self) -> Any:
        """Read the body as JSON.

        :raises KlingProtocolError: it is something else, such as a proxy's HTML page.
        """
        try:
            return self._loaded()
        except (ValueError, RecursionError):  # the latter: nested a thousand levels deep
            kind = one_line(self.headers.get("content-type", "an unnamed type"), longest=80)
            raise KlingProtocolError(
                f"The response to {self.request} has status {self.status} and {len(self.body)} bytes of "
                f"{kind} that are not JSON"
            ) from None

    def _loaded(self) -> Any:
        try:
            return json.loads(self.body)
        except UnicodeDecodeError:  # a message in another encoding hides no id
            return json.loads(self.body.decode(errors="replace"))


def one_line(text: str, *, longest: int) -> str:
    """Return a text of a service for log lines and messages: on one line, printable, and cut."""
    shown = "".join(character if character.isprintable() else " " for character in text[: 4 * longest])
    return " ".join(shown.split())[:longest]


class Operation(StrEnum):
    """What a call is for, as observers see it."""

    SUBMIT = "submit"
    """Starts a generation, which costs money."""
    POLL = "poll"
    """Reads the state of a task."""
    RECOVER = "recover"
    """Finds a submission by the caller's key."""
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request, how to parse its response, and what a failure of it means.

    :param parse: returns what the response says, or raises the :class:`KlingError` that it is.
    :param idempotent: whether sending the request twice does what sending it once does. The client repeats
        only such calls. Reads are idempotent; a submission is not.
    :param operation: what the call is for.
    :param before_sending: called at each attempt when the connection is open, before the first byte of the
        request. What it raises ends the call, and nothing was sent. It blocks an event loop.
    :param explain: turns the error that ends the call into the one to raise. A submission uses it to tell a
        rejection from an unknown outcome.
    """

    request: HttpRequest
    parse: Callable[[HttpResponse], T]
    idempotent: bool
    operation: Operation = Operation.OTHER
    before_sending: Callable[[], None] | None = None
    explain: Callable[[KlingError], KlingError] = lambda error: error

    @classmethod
    def read(
        cls,
        path: str,
        parse: Callable[[HttpResponse], T],
        *,
        params: Mapping[str, str | int] | None = None,
        operation: Operation = Operation.OTHER,
    ) -> Self:
        """Return a ``GET``, which is idempotent."""
        request = HttpRequest(method="GET", path=path, params=params or {})
        return cls(request=request, parse=parse, idempotent=True, operation=operation)


def encode_json(body: Mapping[str, Any], *, subject: str) -> bytes:
    """Return ``body``, which belongs to ``subject``, as JSON in UTF-8.

    :raises KlingRequestError: JSON cannot express a value: a number that is not finite, half of a surrogate
        pair, an object of Python. Every such value is named by its path, such as ``shots[1].prompt``.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        broken = list(_broken_values(body, path="", depth=0))
        unnamed = BrokenRule(field="body", rule="must be plain JSON")
        raise KlingRequestError(subject=subject, broken=broken or [unnamed]) from error


def _check_text(text: str, *, field: str) -> Iterator[BrokenRule]:
    """Yield the rule that a text breaks if UTF-8 cannot encode it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        yield BrokenRule(field=field, rule="must be valid Unicode, without half of a surrogate pair")


def _broken_values(value: object, *, path: str, depth: int) -> Iterator[BrokenRule]:
    if depth > _DEEPEST:
        yield BrokenRule(field=path, rule=f"must be nested at most {_DEEPEST} levels deep")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                yield BrokenRule(field=path or "body", rule="must have texts as names", value=name)
            elif not name.isprintable():
                yield from _check_text(name, field=path or "body")
            inner = f"{path}.{name}" if path else str(name)
            yield from _broken_values(member, path=inner, depth=depth + 1)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _broken_values(member, path=f"{path}[{index}]", depth=depth + 1)
    else:
        yield from _broken_scalar(value, path=path)


def _broken_scalar(value: object, *, path: str) -> Iterator[BrokenRule]:
    if isinstance(value, str):
        yield from _check_text(value, field=path)
    elif isinstance(value, float) and not math.isfinite(value):
        yield BrokenRule(field=path, rule="must be a finite number", value=value)
    elif value is not None and not isinstance(value, int | float):
        yield BrokenRule(field=path, rule="must be plain JSON", value=value)
