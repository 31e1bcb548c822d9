"""What the shared HTTP layer asks of the service behind it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from starlette.types import Scope

from airflow_provider_kling.sandbox.core.recorder import CallKind


class ErrorResponse(Protocol):
    """The response to a request that is rejected, in the service's own shape."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def body(self) -> Any:
        """Return the JSON body."""


class ServiceRules(Protocol):
    """The rules of one service that apply before a request reaches its routes."""

    def permits_body(self, scope: Scope) -> bool:
        """Whether the body of a request is read: one that comes without a valid key is not."""

    def admission(self, scope: Scope) -> AbstractContextManager[ErrorResponse | None]:
        """Hold a place for a request while it is read and handled; yields the response if there is none."""

    def kind_of(self, method: str, path: str) -> CallKind:
        """Return what a request counts as in the statistics."""

    def too_large(self, max_bytes: int) -> ErrorResponse:
        """Return the response to a body that has more bytes than the sandbox reads."""

    def error_body(self, status: int) -> Any:
        """Return the body of a fault that only has a status."""

    def error_of(self, code: int) -> ErrorResponse:
        """Return the response with an error code; a service without codes is never asked."""
