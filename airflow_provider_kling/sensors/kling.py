"""The sensor that waits for a task submitted elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.completion import Completion
from airflow_provider_kling.generation.failure import failing_as_sensor
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.retry import is_transient
from airflow_provider_kling.media.download import DEFAULT_MAX_BYTES
from airflow_provider_kling.operators.base import DEFER_NET_S
from airflow_provider_kling.triggers.kling import KlingTaskTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["KlingTaskSensor"]


class KlingTaskSensor(BaseSensorOperator):
    """Wait for a task that something else submitted, and return its result. Costs nothing.

    :param kling_task_id: the task at the service (templated).
    :param conn_id: the connection whose key submitted it (templated).
    :param deferrable: wait in the triggerer. False pokes from the worker, every ``poke_interval``
        seconds and in the ``mode`` that any sensor has.
    :param output: where to copy the result, as for the generating operators (templated).
    :param max_bytes: a result that is larger is not stored, and the task fails.
    """

    template_fields: Sequence[str] = ("kling_task_id", "conn_id", "output_uri")

    def __init__(
        self,
        *,
        kling_task_id: str,
        conn_id: str = KlingHook.default_conn_name,
        deferrable: bool = True,
        output: str | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.kling_task_id = kling_task_id
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.output_uri = output
        self.max_bytes = max_bytes

    def execute(self, context: Context) -> Any:
        """Look once; if the task still runs, wait for it."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        return found.xcom_value if found.is_done else self._defer()

    def _defer(self) -> NoReturn:
        now = time.time()
        self.defer(
            trigger=KlingTaskTrigger(
                conn_id=self.conn_id,
                kling_task_id=self.kling_task_id,
                submitted_at=now,
                deadline=now + self.timeout,
            ),
            method_name=self.execute_complete.__name__,
            kwargs={"kling_task_id": self.kling_task_id},
            timeout=timedelta(seconds=self.timeout + DEFER_NET_S),
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Look at the task once; trouble that passes counts as still running."""
        with failing_as_sensor(), KlingHook(conn_id=self.conn_id) as hook:
            try:
                task = hook.get_task(self.kling_task_id)
            except KlingError as error:
                if not is_transient(error):
                    raise
                self.log.warning("A look at the task failed: %s", error)
                return PokeReturnValue(is_done=False)
            if not task.status.terminal:
                return PokeReturnValue(is_done=False)
            result = self._conclusion(hook, context).of_task(task)
            return PokeReturnValue(is_done=True, xcom_value=result)

    def execute_complete(
        self, context: Context, event: object, kling_task_id: str | None = None
    ) -> dict[str, Any]:
        """Take over from the trigger. Needs only ``event``: ``dag.test()`` drops the rest."""
        with failing_as_sensor(), KlingHook(conn_id=self.conn_id) as hook:
            return self._conclusion(hook, context).of_event(event, task_id=kling_task_id)

    def _conclusion(self, hook: KlingHook, context: Context) -> Completion:
        return Completion(hook=hook, context=context, output=self.output_uri, max_bytes=self.max_bytes)
