"""A request that the service rejects: the status and the documented error body (docs: error-handling)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from airflow_provider_kling.sandbox.core.schema_checker import ViolationKind


class Category(StrEnum):
    """The part of an error message before the colon. "Inferred" texts are in no document."""

    INVALID_PARAMETERS = "Invalid parameters"
    INVALID_FORMAT = "Invalid format"
    OUT_OF_RANGE = "Value out of range"
    AUTHENTICATION = "Authentication failed"
    PAYMENT = "Payment required"  # inferred
    NOT_FOUND = "Resource not found"
    TOO_LARGE = "Request too large"  # inferred
    RATE = "Rate limit exceeded"
    CONCURRENCY = "Concurrent limit exceeded"
    INTERNAL = "Internal server error"
    UNAVAILABLE = "Service unavailable"


# The words for a rule that a body breaks (docs: error-handling).
OF_VIOLATION: Final[Mapping[ViolationKind, Category]] = {
    ViolationKind.PARAMETER: Category.INVALID_PARAMETERS,
    ViolationKind.FORMAT: Category.INVALID_FORMAT,
    ViolationKind.RANGE: Category.OUT_OF_RANGE,
}

_STATUS = {
    Category.INVALID_PARAMETERS: 400,
    Category.INVALID_FORMAT: 400,
    Category.OUT_OF_RANGE: 400,
    Category.AUTHENTICATION: 401,
    Category.PAYMENT: 402,
    Category.NOT_FOUND: 404,
    Category.TOO_LARGE: 413,
    Category.RATE: 429,
    Category.CONCURRENCY: 429,
    Category.INTERNAL: 500,
    Category.UNAVAILABLE: 503,
}


class Rejection(Exception):  # noqa: N818  - a response of the service, not an error of the sandbox
    """Raised where a request is rejected.

    :ivar status: the HTTP status of the response.
    """

    def __init__(self, category: Category, detail: str) -> None:
        super().__init__(f"{category}: {detail}")
        self.status = _STATUS[category]

    @property
    def body(self) -> dict[str, Any]:
        """Return the documented error body."""
        return error_body(self.status, str(self))


def error_body(status: int, message: str | None = None) -> dict[str, Any]:
    """Return an error body; the default message is one that fits the status."""
    if message is None:
        fitting = (category for category, code in _STATUS.items() if code == status)
        message = f"{next(fitting, 'Error')}: status {status}"
    return {"code": status, "message": message}
