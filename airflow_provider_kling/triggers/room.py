"""The trigger that deferred tasks wait with when the service has no room. Nothing is billed meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

__all__ = ["KlingRoomTrigger"]


class KlingRoomTrigger(BaseTrigger):
    """Wait until a moment, then hand back what the task needs to go on. It asks nobody anything.

    :param until: Unix seconds.
    :param since: when the task began to wait for room, Unix seconds.
    :param refusals: how often it was refused since.
    """

    def __init__(self, *, until: float = 0.0, since: float = 0.0, refusals: int = 0, **_unknown: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until
        self.since = since
        self.refusals = refusals

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "until": self.until,
            "since": self.since,
            "refusals": self.refusals,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event, which carries ``since`` and ``refusals`` back."""
        await asyncio.sleep(max(0.0, self.until - time.time()))
        yield TriggerEvent({"since": self.since, "refusals": self.refusals})  # type: ignore[no-untyped-call]
