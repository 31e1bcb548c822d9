"""Tasks whose trigger fires after a given time, as soon as they have deferred."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class Fire(BaseTrigger):
    """Fires after some seconds."""

    def __init__(self, *, after_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.after_s = after_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments."""
        return "settling.Fire", {"after_s": self.after_s}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event."""
        await asyncio.sleep(self.after_s)
        yield TriggerEvent("fired")  # type: ignore[no-untyped-call]


class Defer(BaseOperator):
    """Defers once."""

    def __init__(self, *, after_s: float = 0.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.after_s = after_s

    def execute(self, context: object) -> None:
        """Defer."""
        del context
        self.defer(trigger=Fire(after_s=self.after_s), method_name="resume")

    def resume(self, context: object, event: object) -> None:
        """Go on."""


for seconds in (0, 2, 4, 6):
    with DAG(f"settling_{seconds}", start_date=datetime(2026, 1, 1), schedule=None, catchup=False):
        Defer.partial(task_id="defer", retries=0).expand(after_s=[float(seconds)] * 20)
