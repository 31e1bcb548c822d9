"""The trigger that deferred tasks wait with. It reads and never writes, so two copies do no harm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import USUAL_S, Watch, still_running_message
from airflow_provider_kling.polling import PollEnd

__all__ = ["KlingCapacityTrigger", "KlingTaskTrigger"]

# A worker notices up to `[workers] min_heartbeat_interval` (5 s) late that its task has deferred. An
# event before that looks to the scheduler as if the resumed task had ended, and it marks it failed
# (Airflow 3.3.2, `process_executor_events`).
SETTLE_S = 6.0


class KlingTaskTrigger(BaseTrigger):
    """Wait until a task has ended or its deadline has passed.

    Airflow stores the arguments readable in its database, so they are ids and numbers only. All
    have defaults and unknown ones are ignored, so that triggers outlive an upgrade.

    :param conn_id: an Airflow connection of type ``kling``.
    :param kling_task_id: the task at the service.
    :param submitted_at: Unix seconds.
    :param deadline: Unix seconds. The task is looked at once more then; it goes on at the service.
    :param usual_s: the longest usual time for such a task, in seconds; paces the looks.
    """

    def __init__(
        self,
        *,
        conn_id: str = KlingHook.default_conn_name,
        kling_task_id: str = "",
        submitted_at: float = 0.0,
        deadline: float = 0.0,
        usual_s: float = USUAL_S,
        **_unknown: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.kling_task_id = kling_task_id
        self.submitted_at = submitted_at
        self.deadline = deadline
        self.usual_s = usual_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "conn_id": self.conn_id,
            "kling_task_id": self.kling_task_id,
            "submitted_at": self.submitted_at,
            "deadline": self.deadline,
            "usual_s": self.usual_s,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``status``, ``reason`` and ``task_id``. Airflow logs it, so it holds no more."""
        await asyncio.sleep(SETTLE_S)
        reason = await self._watch()
        yield TriggerEvent(  # type: ignore[no-untyped-call]
            {"status": reason.status.value, "reason": reason.value, "task_id": self.kling_task_id}
        )

    async def on_kill(self) -> None:
        """Say what is true when the task is marked or cleared while deferred (Airflow 3.3).

        Airflow 3.3.2 also calls this for a triggerer that another one took over from, and for a
        trigger that lingers; to say something true is right in every case, to cancel would not be.
        """
        self.log.warning(still_running_message(self.kling_task_id))

    async def _watch(self) -> PollEnd:
        watch = Watch(
            task_id=self.kling_task_id,
            submitted_at=self.submitted_at,
            deadline=self.deadline,
            usual_s=self.usual_s,
        )
        try:
            return (await KlingHook(conn_id=self.conn_id).awatch(watch)).reason
        except Exception:
            # An exception would end the deferral as a bare failure. The worker finds out what is true.
            self.log.exception("Watching task %s broke", self.kling_task_id)
            return PollEnd.WATCHER_BROKE


class KlingCapacityTrigger(BaseTrigger):
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
