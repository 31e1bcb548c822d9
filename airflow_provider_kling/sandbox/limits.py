"""The limits of a team: requests a minute and tasks at a time, by top-up tier (docs: entitlements)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What a team may do after a single top-up of a given size."""

    concurrent_tasks: int
    requests_per_minute: int


TIERS: Final = {
    "<10": Tier(concurrent_tasks=2, requests_per_minute=100),
    "10": Tier(concurrent_tasks=10, requests_per_minute=100),
    "100": Tier(concurrent_tasks=20, requests_per_minute=200),
    "500": Tier(concurrent_tasks=50, requests_per_minute=500),
    "1000": Tier(concurrent_tasks=100, requests_per_minute=1000),
}


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Where a team stands after one request; ``reset`` is in epoch seconds."""

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
    """Counts requests in windows of a minute, each beginning with its first request.

    The length and kind of the window are inferred: the documents say "per minute" and name the headers.
    A refused request does not count.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._ends = -math.inf
        self._used = 0

    def take(self, *, now: float) -> Allowance:
        """Count one request at a moment (epoch seconds), and say whether it is within the limit."""
        if now >= self._ends:
            self._ends, self._used = now + WINDOW_S, 0
        granted = self._used < self._limit
        self._used += granted
        return Allowance(
            granted=granted,
            limit=self._limit,
            remaining=self._limit - self._used,
            reset=math.ceil(self._ends),
        )

    def reset(self) -> None:
        """Forget what was counted."""
        self._ends, self._used = -math.inf, 0
