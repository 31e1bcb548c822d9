"""What the service says about its limits, and keeping to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The team's request budget as an answer's headers gave it (docs: error-handling).

    :param limit: requests a minute.
    :param remaining: requests left in this window.
    :param reset_at: when the window ends, Unix seconds.
    """

    limit: int | None
    remaining: int | None
    reset_at: float | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimit | None:
        """Read ``X-RateLimit-*``; None where the answer has none that makes sense."""
        limit, remaining, reset = (
            _number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset")
        )
        if limit is None and remaining is None and reset is None:
            return None
        return cls(
            limit=None if limit is None else int(limit),
            remaining=None if remaining is None else int(remaining),
            reset_at=reset,
        )


def retry_after(headers: Mapping[str, str], *, status: int, now: float) -> float | None:
    """Return the seconds the service asks to wait, or None.

    ``Retry-After`` (seconds or an HTTP date, RFC 9110) counts before ``X-RateLimit-Reset``
    (Unix seconds). The latter comes with every answer, so it asks for a wait only where the
    minute's requests are what ran out: a 429, and none remaining.
    """
    asked = _retry_after_header(headers.get("retry-after"), now=now)
    if asked is None:
        budget = RateLimit.from_headers(headers)
        if status != 429 or budget is None or budget.remaining or budget.reset_at is None:
            return None
        asked = budget.reset_at - now
    return max(0.0, asked)


def _retry_after_header(value: str | None, *, now: float) -> float | None:
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is read as UTC, as HTTP dates are.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


class RateLimiter:
    """Spaces the requests of one client evenly, at most ``per_minute`` of them a minute.

    :param per_minute: None leaves the pace to the service's own limits.
    """

    def __init__(self, *, per_minute: int | None) -> None:
        self._spacing = 60.0 / per_minute if per_minute else 0.0
        self._next_free = 0.0

    def reserve(self, *, now: float) -> float:
        """Take the next place in the row and return the seconds to wait for it."""
        start = max(now, self._next_free)
        self._next_free = start + self._spacing
        return start - now
