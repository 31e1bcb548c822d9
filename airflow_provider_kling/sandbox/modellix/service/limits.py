"""The limits of a team: requests per minute and concurrent tasks, by top-up tier (docs: entitlements)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_WINDOW_S: Final = 60.0


# Docs: file-api. The other limits of the file API are in ``upload_store``.
MAX_CONCURRENT_UPLOADS: Final = 2


class Budget(StrEnum):
    """What has a limit per minute of its own. That each has the tier's is inferred."""

    REQUESTS = "requests"  # submissions, and all that is not named below
    POLLS = "polls"
    LOG_READS = "log reads"


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
    "200": Tier(concurrent_tasks=30, requests_per_minute=300),
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


class UploadSlots:
    """The uploads of a team that run at the same time: at most two (docs: file-api)."""

    def __init__(self) -> None:
        self._used = 0

    def take(self) -> bool:
        """Take a place for an upload that begins, and return whether there was one."""
        granted = self._used < MAX_CONCURRENT_UPLOADS
        self._used += granted
        return granted

    def give_back(self) -> None:
        """Give back the place of an upload that has ended."""
        self._used -= 1
