"""From a task that has ended at the service to what the Airflow task returns."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, ObjectStoragePath

from airflow_provider_kling.compat import Stats, get_hook_lineage_collector
from airflow_provider_kling.exceptions import (
    KlingError,
    KlingMediaError,
    KlingProtocolError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.result import StoredFile, generation_result, stored_uris, task_results
from airflow_provider_kling.generation.sidecar import Provenance
from airflow_provider_kling.generation.storing import Storage
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import PollOutcome
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import DEFAULT_MAX_BYTES, DeadLinkError
from airflow_provider_kling.polling import PollEnd

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

XCOM_TASK_ID = "kling_task_id"
XCOM_COST = "kling_cost_usd"

_REASONS = {reason.value: reason for reason in PollEnd}


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Turns the end of a watch into the result, or into the error it stands for.

    :param model: as the DAG names it; None where it is not known.
    :param wanted_type: ``video`` or ``image``; None where that is not known.
    :param output: where to copy the results; None keeps links only.
    :param max_bytes: a result that is larger is not stored.
    :param request: what was asked for, with media cut; for the sidecar.
    :param submitted_at: Unix seconds; None where it is not known.
    :param reused: the result was paid for in an earlier run.
    :param again: what another try of the Airflow task does, for messages.
    """

    hook: KlingHook
    context: Context
    model: str | None = None
    wanted_type: str | None = None
    output: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    request: Mapping[str, Any] | None = None
    submitted_at: float | None = None
    reused: bool = False
    again: str = "This Airflow task submits nothing, so trying again costs nothing."
    clock: Callable[[], float] = time.time

    def of_event(self, event: object, *, task_id: str | None) -> dict[str, Any]:
        """Conclude after a deferral. The event only says where to look; the service has the last word.

        :param task_id: the task that was waited for, where it is known.
        :raises KlingProtocolError: the event is not one of ours, or is about another task.
        """
        with self._telling_fate():
            reason, about = _read_event(event, task_id=task_id)
            task = self._look(about)
            if not task.status.terminal and reason is not PollEnd.DEADLINE:
                raise KlingProtocolError(
                    f"Watching task {about} ended ({reason.value}), but the service says it is "
                    f"{task.raw_status!r}. It goes on there and may be billed."
                )
        waited_s = 0.0 if self.submitted_at is None else self.clock() - self.submitted_at
        return self.of_ending(PollOutcome(task_id=about, reason=reason, waited_s=waited_s, task=task))

    def of_task(self, task: Task) -> dict[str, Any]:
        """Conclude a task that is known to have ended; see :meth:`of_ending`."""
        return self.of_ending(
            PollOutcome(task_id=task.task_id, reason=PollEnd.FINISHED, waited_s=0.0, task=task)
        )

    def of_ending(self, ending: PollOutcome) -> dict[str, Any]:
        """Conclude a watch: store the result, tell of it, and return it.

        :raises KlingTaskFailedError: the service ended the task as failed.
        :raises KlingTimeoutError: it still runs.
        """
        self._push(task_id=ending.task_id, cost=ending.task.cost_usd if ending.task else None)
        with self._telling_fate():
            task = ending.task_or_error()
            results: Sequence[Resource] = task_results(task, wanted_type=self.wanted_type)
            stored: dict[Resource, StoredFile] = {}
            if self.output:
                task, results, stored = self._store(task, results)
        result = generation_result(
            task=task,
            results=results,
            model=self.model,
            conn_id=self.hook.conn_id,
            stored=stored,
            submitted_at=self.submitted_at,
            try_number=self.context["ti"].try_number,
            reused=self.reused,
        )
        self._announce(result)
        return result

    def of_result(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return a recorded result again. Asks the service nothing and costs nothing."""
        result = {**recorded, "try_number": self.context["ti"].try_number, "reused": True}
        self._push(task_id=result["task_id"], cost=result["cost_usd"])
        self._announce(result)
        return result

    def _look(self, task_id: str) -> Task:
        try:
            return self.hook.get_task(task_id)
        except KlingError as error:
            fate = f"Task {task_id} may still run at the service and be billed."
            error.args = (f"{str(error).rstrip('.')}. {fate}", *error.args[1:])
            raise

    def _store(
        self, task: Task, results: Sequence[Resource]
    ) -> tuple[Task, Sequence[Resource], dict[Resource, StoredFile]]:
        """Copy the results; where a link is dead, ask the service once for a fresh one."""
        storage = Storage(
            output=str(self.output), max_bytes=self.max_bytes, settings=self.hook.connection.client
        )
        provenance = Provenance(model=self.model, conn_id=self.hook.conn_id, request=self.request)
        try:
            return task, results, storage.store(task, results, provenance=provenance)
        except DeadLinkError as error:
            log.warning("%s. Asking the service for a fresh link", error)
        task = self._look(task.task_id)
        results = task_results(task, wanted_type=self.wanted_type)
        try:
            return task, results, storage.store(task, results, provenance=provenance)
        except DeadLinkError as error:
            until = f" It was kept until {task.expires_at.isoformat()}." if task.expires_at else ""
            raise KlingMediaError(
                f"{error}. Task {task.task_id} has succeeded and was billed, and the link that the service "
                f"gives for it now works no better.{until}"
            ) from error

    def _push(self, *, task_id: str, cost: Decimal | str | None) -> None:
        """Push the id and, as soon as it is known, the cost: also for a task that failed."""
        ti = self.context["ti"]
        ti.xcom_push(key=XCOM_TASK_ID, value=task_id)
        if cost is not None:
            ti.xcom_push(key=XCOM_COST, value=str(cost))

    @contextmanager
    def _telling_fate(self) -> Iterator[None]:
        try:
            yield
        except KlingTaskFailedError:
            raise  # it tells by itself: the task has ended
        except KlingError as error:
            error.args = (f"{str(error).rstrip('.')}. {self.again}", *error.args[1:])
            raise

    def _announce(self, result: Mapping[str, Any]) -> None:
        """Tell Airflow's log, assets, lineage and metrics."""
        uri = result["uri"]
        log.info(
            "Task %s is done: %s, %s s, $%s%s",
            *(result[key] for key in ("task_id", "model", "elapsed_s", "cost_usd")),
            f", stored as {uri}" if uri else "",
        )
        if result["reused"]:
            log.warning(
                "REUSED: the request is the one that task %s was paid for, so nothing was submitted. "
                "To pay for a new one, set on_rerun='regenerate', or delete the record, and clear this task.",
                result["task_id"],
            )
        else:
            Stats.incr("kling.generations")
            if result["elapsed_s"] is not None:
                Stats.timing("kling.generation_duration", result["elapsed_s"] * 1000)
        for stored in stored_uris(result):
            get_hook_lineage_collector().add_output_asset(context=ObjectStoragePath(stored), uri=stored)
        # The link is left out: it may be signed, and the event stays for everybody to see.
        told = {key: result[key] for key in ("task_id", "model", "uri", "sha256", "bytes", "cost_usd")}
        for outlet in self.context["task"].outlets:
            if isinstance(outlet, Asset):
                self.context["outlet_events"][outlet].extra.update(told)


def _read_event(event: object, *, task_id: str | None) -> tuple[PollEnd, str]:
    fields = event if isinstance(event, Mapping) else {}
    about = fields.get("task_id")
    reason = _REASONS.get(str(fields.get("reason")))
    fate = f"Task {task_id or about} may still run at the service and be billed."
    if reason is None or fields.get("status") != reason.status or not isinstance(about, str) or not about:
        raise KlingProtocolError(f"The deferral ended with {event!r}, no event of this provider. {fate}")
    if task_id is not None and about != task_id:
        raise KlingProtocolError(f"The deferral for task {task_id} ended with an event about {about}. {fate}")
    return reason, about
