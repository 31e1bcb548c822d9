"""From a task that has ended at the service to what the Airflow task returns."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, ObjectStoragePath

from airflow_provider_kling.api.task import Task
from airflow_provider_kling.compat import Stats, get_hook_lineage_collector
from airflow_provider_kling.exceptions import KlingError, KlingProtocolError
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiting import Ending
from airflow_provider_kling.operators.result import generation_result, primary_resource
from airflow_provider_kling.operators.storing import store
from airflow_provider_kling.polling import EndReason

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

XCOM_TASK_ID = "kling_task_id"
XCOM_COST = "kling_cost_usd"

_REASONS = {reason.value: reason for reason in EndReason}


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Turns the end of a watch into the result, or into the error it stands for.

    :param model: as the DAG names it; None where it is not known.
    :param wanted_type: ``video`` or ``image``.
    :param output: where to copy the result; None keeps links only.
    :param submitted_at: Unix seconds; None where it is not known.
    """

    hook: KlingHook
    context: Context
    model: str | None = None
    wanted_type: str = "video"
    output: str | None = None
    submitted_at: float | None = None
    clock: Callable[[], float] = time.time

    def of_event(self, event: object, *, task_id: str | None) -> dict[str, Any]:
        """Conclude after a deferral. The event only says where to look; the service has the last word.

        :param task_id: the task that was waited for; None when the deferral did not bring it along.
        :raises KlingProtocolError: the event is not one of ours, or is about another task.
        """
        reason, about = _read_event(event, task_id=task_id)
        try:
            task = self.hook.get_task(about)
        except KlingError as error:
            error.args = (f"{error} {_fate(about)}", *error.args[1:])
            raise
        if not task.status.terminal and reason is not EndReason.DEADLINE:
            raise KlingProtocolError(
                f"Watching task {about} ended ({reason.value}), but it is {task.raw_status!r}. {_fate(about)}"
            )
        waited_s = 0.0 if self.submitted_at is None else self.clock() - self.submitted_at
        return self.of_ending(Ending(task_id=about, reason=reason, waited_s=waited_s, task=task))

    def of_task(self, task: Task) -> dict[str, Any]:
        """Conclude a task that is known to have ended; see :meth:`of_ending`."""
        return self.of_ending(
            Ending(task_id=task.task_id, reason=EndReason.FINISHED, waited_s=0.0, task=task)
        )

    def of_ending(self, ending: Ending) -> dict[str, Any]:
        """Conclude a watch: store the result, tell of it, and return it.

        :raises KlingTaskFailedError: the service ended the task as failed.
        :raises KlingTimeoutError: it still runs.
        """
        if ending.task is not None:
            self._report_cost(ending.task)
        task = ending.task_or_error()
        primary = primary_resource(task, wanted_type=self.wanted_type)
        stored = None
        if self.output:
            stored = store(
                primary, task_id=task.task_id, output=self.output, settings=self.hook.connection.client
            )
        result = generation_result(
            task=task,
            primary=primary,
            model=self.model,
            conn_id=self.hook.conn_id,
            stored=stored,
            submitted_at=self.submitted_at,
            try_number=self.context["ti"].try_number,
        )
        self._announce(result)
        return result

    def _report_cost(self, task: Task) -> None:
        """Push the cost as soon as it is known, also for a task that failed."""
        if task.cost_usd is not None:
            self.context["ti"].xcom_push(key=XCOM_COST, value=str(task.cost_usd))

    def _announce(self, result: Mapping[str, Any]) -> None:
        """Tell Airflow's assets, lineage and metrics."""
        uri = result["uri"]
        log.info(
            "Task %s is done: %s, %s s, $%s%s",
            *(result[key] for key in ("task_id", "model", "elapsed_s", "cost_usd")),
            f", stored as {uri}" if uri else "",
        )
        Stats.incr("kling.generations")
        if result["elapsed_s"] is not None:
            Stats.timing("kling.generation_duration", result["elapsed_s"] * 1000)
        if uri:
            get_hook_lineage_collector().add_output_asset(context=ObjectStoragePath(uri), uri=uri)
        # The link is left out: it may be signed, and the event stays for everybody to see.
        told = {key: result[key] for key in ("task_id", "model", "uri", "sha256", "bytes", "cost_usd")}
        for outlet in self.context["task"].outlets:
            if isinstance(outlet, Asset):
                self.context["outlet_events"][outlet].extra.update(told)


def _read_event(event: object, *, task_id: str | None) -> tuple[EndReason, str]:
    fields = event if isinstance(event, Mapping) else {}
    about = fields.get("task_id")
    reason = _REASONS.get(str(fields.get("reason")))
    if reason is None or fields.get("status") != reason.status or not isinstance(about, str) or not about:
        raise KlingProtocolError(
            f"The deferral ended with {event!r}, no event of this provider. {_fate(task_id or about)}"
        )
    if task_id is not None and about != task_id:
        raise KlingProtocolError(
            f"The deferral for task {task_id} ended with an event about {about}. {_fate(task_id)}"
        )
    return reason, about


def _fate(task_id: object) -> str:
    return (
        f"Task {task_id} may still run at the service and be billed; a retry submits a new one. "
        "A KlingDownloadOperator with the id of the former fetches its result."
    )
