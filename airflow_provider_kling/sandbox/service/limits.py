"""The limits of a team: requests per minute and concurrent tasks, by top-up tier (docs: entitlements)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_WINDOW_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The limits after a single top-up of a certain amount."""

    concurrent_tasks: int
    requests_per_minute: int


# By the amount in USD.
TIERS: Final = {
    "<10": Tier(concurrent_tasks=2, requests_per_minute=100),
    "10": Tier(concurrent_tasks=10, requests_per_minute=100),
    "100": Tier(concurrent_tasks=20, requests_per_minute=200),
    "500": Tier(concurrent_tasks=50, requests_per_minute=500),
    "1000": Tier(concurrent_tasks=100, requests_per_minute=1000),
}


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """The state of the request window after one request.

    :param granted: whether the request is within the limit.
    :param reset: the end of the window, in epoch seconds.
    """

    granted: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the documented headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RequestWindow:
    """Counts requests in windows of one minute, each of which begins with its first request.

    The length and the kind of the window are inferred: the documents only say "per minute" and name the
    headers. A rejected request does not count.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._ends = -math.inf
        self._used = 0

    def take(self, *, now: float) -> Allowance:
        """Count one request at a moment, in epoch seconds."""
        if now >= self._ends:
            self._ends, self._used = now + _WINDOW_S, 0
        granted = self._used < self._limit
        self._used += granted
        return Allowance(
            granted=granted,
            limit=self._limit,
            remaining=self._limit - self._used,
            reset=math.ceil(self._ends),
        )

    def reset(self) -> None:
        """Start with an empty window."""
        self._ends, self._used = -math.inf, 0
