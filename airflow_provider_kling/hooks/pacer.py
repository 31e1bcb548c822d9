"""Letting the polls of one key begin: few at once, within its pace, the most urgent first."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

from airflow_provider_kling.exceptions import KlingRateLimitError
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.polling.pace import Pace

# Few connections cost less CPU time a poll, and a service that answers within a second needs no more.
AT_ONCE: Final = 4
MOST_AT_ONCE: Final = 10
_SLOW_S: Final = 1.0
_SHORTEST_S: Final = 0.001
# Among so many that have waited longest the most urgent is chosen, so that none waits for ever.
_CHOICE: Final = 32

Urgency = Callable[[float], float]
"""Returns how urgent a poll is at a time, in Unix seconds: the larger, the more."""


class Pacer:
    """Lets polls begin, for all who wait on one event loop with one key.

    :param pace: how fast they may follow each other.
    :param rate_limit: what the service said last.
    """

    def __init__(
        self,
        *,
        pace: Pace,
        rate_limit: Callable[[], RateLimit | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pace = pace
        self._rate_limit = rate_limit
        self._clock = clock
        self._known: RateLimit | None = None
        self._waiting: deque[tuple[asyncio.Future[float], Urgency]] = deque()
        self._begun: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def turn(self, urgency: Urgency) -> Turn:
        """Return the turn of one poll: ``async with pacer.turn(urgency): ...``."""
        return Turn(self, urgency)

    async def begin(self, urgency: Urgency) -> float:
        """Wait until a poll may begin, and return when it has begun."""
        if not self._waiting and self._blocked_s() <= 0:
            return self._start()
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, urgency))
        self._let_begin()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._begun.remove(future.result())
            self._let_begin()
            raise

    def end(self, begun: float, error: BaseException | None) -> None:
        """Take that a poll has ended."""
        self._begun.remove(begun)
        now, known = self._clock(), self._rate_limit()
        if known is not None and known is not self._known:
            self._known = known
            self._pace.learn(known, now=now)
        if isinstance(error, KlingRateLimitError):
            self._pace.slow_down(now=now, retry_after_s=error.retry_after)
        elif error is None:
            self._pace.recover()
        self._let_begin()

    def _start(self) -> float:
        now = self._clock()
        self._pace.begin(now)
        self._begun.append(now)
        return now

    def _blocked_s(self) -> float:
        """Return for how many seconds no poll may begin, as far as is known now."""
        now = self._clock()
        blocked = self._pace.free_at(now) - now
        quick = sum(1 for begun in self._begun if now - begun < _SLOW_S)
        if quick >= AT_ONCE or len(self._begun) >= MOST_AT_ONCE:
            blocked = max(blocked, _SLOW_S)
        return blocked

    def _let_begin(self) -> None:
        """Let those begin that may, and look again when the next may."""
        while self._waiting:
            if (blocked := self._blocked_s()) > 0:
                self._look_again(max(blocked, _SHORTEST_S))
                return
            if (future := self._most_urgent()) is not None:
                future.set_result(self._start())

    def _look_again(self, delay: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + delay:
                return
            self._timer.cancel()
        self._timer = loop.call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._let_begin()

    def _most_urgent(self) -> asyncio.Future[float] | None:
        """Take the most urgent of those that have waited longest; None where they all have given up."""
        now = self._clock()
        first = [self._waiting.popleft() for _ in range(min(_CHOICE, len(self._waiting)))]
        first = [one for one in first if not one[0].done()]
        if not first:
            return None
        chosen = max(first, key=lambda one: one[1](now))
        self._waiting.extendleft(one for one in reversed(first) if one is not chosen)
        return chosen[0]


class Turn:
    """The turn of one poll."""

    def __init__(self, pacer: Pacer, urgency: Urgency) -> None:
        self._pacer = pacer
        self._urgency = urgency
        self._begun: float | None = None

    async def __aenter__(self) -> None:
        self._begun = await self._pacer.begin(self._urgency)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begun is not None:
            self._pacer.end(self._begun, error)
