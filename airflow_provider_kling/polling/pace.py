"""How fast polls may follow each other with one key. Pure: the time is an argument."""

from __future__ import annotations

from typing import Final

from airflow_provider_kling.http.rate_limit import RateLimit

_WINDOW_S: Final = 60.0  # a limit is of requests a minute
# What polls leave to submissions and to whoever else uses the key, as a part of the limit.
_RESERVE: Final = 0.2
# So many polls may come at once. They were late then, or are the first.
_BURST: Final = 3.0
# After a 429 the pace is halved, but not below this part of it; each poll that succeeds gives a little back.
_SLOWEST: Final = 16.0
_RECOVERY: Final = 0.95
_LEAST_PAUSE_S: Final = 1.0


class Pace:
    """The request budget of a key, as far as polls may use it.

    What the service says in its headers counts, so several processes with one key share what is left: each
    sees what the others have used.

    :param per_minute: requests a minute that are assumed until the service says how many it allows.
    :param most_per_minute: as many as the connection allows; None for no such limit.
    """

    def __init__(self, *, per_minute: float, most_per_minute: float | None = None) -> None:
        self._assumed = per_minute
        self._most = most_per_minute
        self._limit: float | None = None
        self._remaining: float | None = None
        self._reset_at = 0.0
        self._slowness = 1.0
        self._paused_until = 0.0
        self._next = 0.0  # when the next poll would come, were all spaced evenly

    def free_at(self, now: float) -> float:
        """Return when the next poll may begin, in Unix seconds; not after ``now`` where it may at once."""
        if self._left(now) is not None and not self._usable(now):
            return max(self._reset_at, self._paused_until)
        return max(self._paused_until, self._next - (_BURST - 1) * self._interval(now))

    def begin(self, now: float) -> None:
        """Count a poll that begins."""
        interval = self._interval(now)
        self._next = max(self._next, now) + interval
        if self._remaining is not None:
            self._remaining -= 1

    def learn(self, said: RateLimit, *, now: float) -> None:
        """Take what the service says of the budget."""
        self._limit = said.limit or self._limit
        # A window is a minute. What ends later, or has ended, comes from two clocks that disagree.
        if said.remaining is not None and said.reset_at is not None and 0 < said.reset_at - now <= _WINDOW_S:
            self._remaining, self._reset_at = said.remaining, said.reset_at
        else:
            self._remaining = None

    def recover(self) -> None:
        """Take that a poll was not rejected."""
        self._slowness = max(1.0, self._slowness * _RECOVERY)

    def slow_down(self, *, now: float, retry_after_s: float | None) -> None:
        """Take that a poll was rejected because there were too many requests."""
        if now >= self._paused_until:  # polls that were sent together are rejected together
            self._slowness = min(_SLOWEST, self._slowness * 2)
        pause = max(_LEAST_PAUSE_S * self._slowness, min(retry_after_s or 0.0, _WINDOW_S))
        self._paused_until = max(self._paused_until, now + pause)

    def _left(self, now: float) -> float | None:
        """Return the seconds of the window that are left, where it is known."""
        return self._reset_at - now if self._remaining is not None and self._reset_at > now else None

    def _usable(self, now: float) -> float:
        remaining = self._remaining or 0.0
        return max(0.0, remaining - _RESERVE * self._budget) if self._left(now) is not None else 0.0

    @property
    def _budget(self) -> float:
        budget = self._limit or self._assumed
        return budget if self._most is None else min(budget, self._most)

    def _interval(self, now: float) -> float:
        even = _WINDOW_S / (self._budget * (1 - _RESERVE))
        left, usable = self._left(now), self._usable(now)
        # Others have used much, or nothing: what is left is spread over what is left of the window.
        shortest = even if self._budget == self._most else even / 2
        interval = max(shortest, left / usable) if left is not None and usable else even
        return interval * self._slowness
