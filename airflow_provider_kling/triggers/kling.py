"""The triggers of deferred tasks. They only read, so it does no harm when two triggerers run the same one.

Airflow stores the arguments of a trigger unencrypted in its database, so they are ids and numbers only. Each
has a default, and unknown ones are ignored, so that a deferred task survives an upgrade.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_kling.compat import SETTLE_S
from airflow_provider_kling.defaults import CONN_ID
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import TaskWaiter, still_running_message
from airflow_provider_kling.polling import PollEnd, PollingPlan

__all__ = ["KlingCapacityTrigger", "KlingTaskTrigger"]

# A trigger ends by itself. This much later Airflow ends the deferral, should it not.
DEFER_NET_S = 600.0


class KlingTaskTrigger(BaseTrigger):
    """Wait until a task has ended or its deadline has passed.

    It yields one event, ``{"status", "reason", "task_id"}``. ``status`` is ``success``, ``failed``,
    ``timeout`` or ``error``. ``reason`` is ``finished``, ``failed_at_service``, ``deadline``,
    ``key_rejected``, ``not_found`` or ``waiter_broke``. Whoever receives it reads the task again: the event
    says only why the waiting ended.

    :param conn_id: an Airflow connection of type ``kling``.
    :param kling_task_id: the id of the task at the service.
    :param plan: when to poll, as ``PollingPlan.to_json()`` returns it. The task is polled once more at the
        deadline. After it, the task continues at the service.
    """

    def __init__(
        self,
        *,
        conn_id: str = CONN_ID,
        kling_task_id: str = "",
        plan: Mapping[str, Any] | None = None,
        **_unknown: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.kling_task_id = kling_task_id
        self.plan = plan

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "conn_id": self.conn_id,
            "kling_task_id": self.kling_task_id,
            "plan": self.plan,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event. Airflow logs it, so it holds nothing that is secret or long."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        end = await self._poll()
        await asyncio.sleep(max(0.0, begun + SETTLE_S - loop.time()))
        yield TriggerEvent(  # type: ignore[no-untyped-call]
            {"status": end.status.value, "reason": end.value, "task_id": self.kling_task_id}
        )

    async def on_kill(self) -> None:
        """Log what happens to the task when it is cleared or marked while deferred (from Airflow 3.3 on).

        Airflow 3.3.2 also calls this when another triggerer takes over. The text is true in each case.
        """
        self.log.warning(still_running_message(self.kling_task_id))

    async def _poll(self) -> PollEnd:
        try:
            hook, plan = KlingHook(conn_id=self.conn_id), PollingPlan.from_json(self.plan or {})
            waiter = TaskWaiter(task_id=self.kling_task_id, plan=plan)
            return (await hook.poll_task_async(waiter)).end
        except Exception:
            # An exception here would fail the Airflow task. The worker reads the task instead.
            self.log.exception("Waiting for task %s failed", self.kling_task_id)
            return PollEnd.WAITER_BROKE


class KlingCapacityTrigger(BaseTrigger):
    """Wait until a moment. No request is sent.

    It yields one event, ``{"since", "rejections"}``, with the values of its arguments.

    :param until: the moment, in Unix seconds.
    :param since: when the task began to wait for capacity, in Unix seconds.
    :param rejections: how often its submission was rejected since then.
    """

    def __init__(
        self, *, until: float = 0.0, since: float = 0.0, rejections: int = 0, **_unknown: Any
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until
        self.since = since
        self.rejections = rejections

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "until": self.until,
            "since": self.since,
            "rejections": self.rejections,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event."""
        await asyncio.sleep(max(0.0, self.until - time.time()))
        yield TriggerEvent({"since": self.since, "rejections": self.rejections})  # type: ignore[no-untyped-call]
