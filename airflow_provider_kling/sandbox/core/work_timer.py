"""How long work takes that is part of a task's life, while the sandbox's clock may be moved."""

from __future__ import annotations

import time
from collections.abc import Callable

from airflow_provider_kling.sandbox.core.clock import Clock


class WorkTimer:
    """Tells when work is done that began at a moment: as much later as it really took.

    :param begun_at: in epoch seconds of the sandbox's clock.
    :param elapsed: seconds that really pass.
    """

    def __init__(self, *, begun_at: float, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._begun_at = begun_at
        self._elapsed = elapsed
        self._mark = elapsed()

    def now(self) -> float:
        """Return when the work so far is done, in epoch seconds."""
        return self._begun_at + self._elapsed() - self._mark

    async def pause_until(self, moment: float, *, clock: Clock) -> None:
        """Go on with the work at a moment, or at once where it has passed."""
        reached = self.now()
        await clock.wait_until(moment)
        self._begun_at, self._mark = max(reached, moment), self._elapsed()
