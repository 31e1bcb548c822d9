"""The sandbox's clock: the wall clock, plus the time by which it was moved forward."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

DAY_S: Final = 86_400.0


class Clock:
    """Epoch seconds that can be moved forward. Waiters whose moment is then past are woken."""

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Return the current time in epoch seconds."""
        return self._wall() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._offset += seconds
        self._wake()

    def reset(self) -> None:
        """Return to the wall clock."""
        self._offset = 0.0
        self._wake()

    async def wait_until(self, moment: float) -> None:
        """Return at a moment, in epoch seconds."""
        while (left := moment - self.now()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def milliseconds(moment: float) -> int:
    """Return epoch seconds as whole milliseconds. As in each shape of a moment, what is less is left out."""
    return int(moment * 1000)


def iso_time(moment: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
