"""What a service says about its rate limits, and keeping to them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The account's request budget, as the headers of a response state it. Each part may be unknown.

    :param limit: requests per minute.
    :param remaining: requests left in the current window.
    :param reset_at: when the window ends, in Unix seconds.
    """

    limit: float | None
    remaining: float | None
    reset_at: float | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimit | None:
        """Parse ``X-RateLimit-Limit``, ``-Remaining`` and ``-Reset``; None where no value makes sense."""
        limit, remaining, reset = (
            _number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset")
        )
        if limit is None and remaining is None and reset is None:
            return None
        return cls(limit=limit, remaining=remaining, reset_at=reset)


def retry_after(headers: Mapping[str, str], *, status: int, now: float) -> float | None:
    """Return how many seconds a response says to wait; None where it does not say.

    ``Retry-After`` (seconds or an HTTP date, RFC 9110) goes before ``X-RateLimit-Reset`` (Unix seconds). The
    latter is part of every response. It means a wait only where the requests of the window are used up: the
    status is 429, and none remain. The names in ``headers`` are in lower case; ``now`` is in Unix seconds.
    """
    written = headers.get("retry-after")
    delay = _number(written)
    if written is not None and delay is None:
        with suppress(ValueError, OverflowError):
            date = parsedate_to_datetime(written)
            # A date without a zone is read as UTC, as HTTP dates are.
            delay = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    if delay is None:
        budget = RateLimit.from_headers(headers)
        if status != 429 or budget is None or budget.remaining or budget.reset_at is None:
            return None
        delay = budget.reset_at - now
    return max(0.0, delay)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


class RateLimiter:
    """Spaces the requests of one client evenly; where ``per_minute`` is None, not at all."""

    def __init__(self, *, per_minute: int | None) -> None:
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._next_free = 0.0

    def reserve(self, *, now: float) -> float:
        """Reserve the next free moment for a request, and return the seconds from ``now`` until then."""
        start = max(now, self._next_free)
        self._next_free = start + self._spacing
        return start - now
