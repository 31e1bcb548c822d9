"""The messages between the provider and the service, free of any I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from airflow_provider_kling.exceptions import KlingError, KlingProtocolError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file to send as the form's part of this name."""

    name: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One HTTP request, without the host and the credentials, which the client adds.

    :param path: the path below the base URL, already percent-encoded.
    :param body: what goes out as JSON; None for no body.
    :param file: what goes out as a form, in place of JSON.
    """

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    file: FilePart | None = None

    def __str__(self) -> str:
        """Name the request the way messages do."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """One complete answer.

    :param headers: with lower-case names.
    :param received_at: Unix seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    request: HttpRequest
    received_at: float

    def json(self) -> Any:
        """Read the body as JSON.

        :raises KlingProtocolError: it is something else, such as a proxy's HTML page.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # the latter: nested a thousand levels deep
            kind = self.headers.get("content-type", "an unnamed type")
            raise KlingProtocolError(
                f"{self.request} was answered {self.status} with {len(self.body)} bytes of {kind} "
                "that are not JSON"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request, how to read its answer, and what a failure of it means.

    :param parse: reads the answer, or raises the :class:`KlingError` it stands for.
    :param explain: turns the error that ends the call into the one to raise. A submission
        uses it to tell a refusal from an outcome that nobody knows.
    """

    request: HttpRequest
    parse: Callable[[HttpResponse], T]
    explain: Callable[[KlingError], KlingError] = lambda error: error

    @property
    def repeatable(self) -> bool:
        """Whether sending the request twice does what sending it once does."""
        return self.request.method == "GET"
