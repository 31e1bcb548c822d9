"""A request that the service refuses: the status and the documented error envelope (docs: error-handling)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Category(StrEnum):
    """The part of an error message before the colon; texts marked inferred stand in no document."""

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


class Refusal(Exception):  # noqa: N818  - an answer of the service, not an error of the sandbox
    """Raised where a request is refused; ``envelope`` is the body of the answer."""

    def __init__(self, category: Category, detail: str) -> None:
        super().__init__(f"{category}: {detail}")
        self.category = category
        self.status = _STATUS[category]

    @property
    def envelope(self) -> dict[str, Any]:
        """Return the documented error body."""
        return envelope(self.status, str(self))


def envelope(status: int, message: str | None = None) -> dict[str, Any]:
    """Return an error body; without a message, the one that fits the status."""
    if message is None:
        fitting = (category for category, code in _STATUS.items() if code == status)
        message = f"{next(fitting, 'Error')}: status {status}"
    return {"code": status, "message": message}
