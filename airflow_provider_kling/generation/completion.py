"""From a task that has ended at the service to the result of the Airflow task.

Four steps: read the event, read the task, store and describe the result, report it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_kling.defaults import MAX_BYTES
from airflow_provider_kling.exceptions import (
    KlingError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.failure import error_context
from airflow_provider_kling.generation.report import Report
from airflow_provider_kling.generation.result import (
    GenerationResult,
    StoredFile,
    generation_result,
    known_costs,
    task_results,
)
from airflow_provider_kling.generation.result_storage import ResultStorage
from airflow_provider_kling.generation.spans import SpanName
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import PollOutcome, finished_task, timed_out
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import Record
from airflow_provider_kling.media.download import DeadLinkError
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.polling import PollEnd

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

EXTRA_WAIT_S = 600.0
"""How many seconds a new try waits for a task whose deadline has passed."""

_ENDS = {end.value: end for end in PollEnd}


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Turns a task that has ended into its result, or into its error.

    :param report: tells Airflow what becomes of it.
    :param model: as the DAG names it; None where it is unknown.
    :param media_type: of the results; None where it is unknown.
    :param output: where to copy the results; None returns only links.
    :param max_bytes: a larger result is not stored.
    :param record: of the submission; None where this Airflow task has none, or no longer.
    :param submits: this Airflow task is one that submits.
    :param reused: an earlier try of the Airflow task had finished the generation.
    """

    hook: KlingHook
    context: Context
    report: Report
    model: str | None = None
    media_type: MediaType | None = None
    output: str | None = None
    max_bytes: int = MAX_BYTES
    record: Record | None = None
    submits: bool = False
    reused: bool = False

    def task_from_event(self, event: object, *, task_id: str | None, since: float | None = None) -> Task:
        """Read the trigger's event, then the task. Only what the service says about the task counts.

        :param task_id: the task that was waited for, where it is known.
        :param since: when the wait began, in Unix seconds; by default, with the submission on record.
        :returns: the task, which has ended.
        :raises KlingTimeoutError: it is still running at the deadline.
        """
        with error_context(self._outlook):
            end, task_id = _parse_event(event, task_id=task_id)
            task = self._read(task_id)
            if task.status.terminal:
                return task
            self._report_known(task)
            if end is PollEnd.DEADLINE:
                since = self.record.intent_at if self.record else since
                waited_s = None if since is None else time.time() - since
                raise timed_out(task_id, waited_s=waited_s, raw_status=task.raw_status)
            raise KlingProtocolError(
                f"The wait for task {task_id} ended ({end.value}), but the service says that the task is "
                f"{task.raw_status!r}. It goes on at the service and may be billed."
            )

    def task_from_outcome(self, outcome: PollOutcome) -> Task:
        """Return the task of a wait that ended on this worker; see :meth:`task_from_event`."""
        if outcome.task is not None and outcome.task.status.terminal:
            return outcome.task
        with error_context(self._outlook):
            return outcome.task_or_error()

    def complete_from_task(self, task: Task) -> GenerationResult:
        """Store the results of a task that has ended, describe them, and report them.

        :raises KlingTaskFailedError: the service ended it as failed.
        :raises DeadLinkError: the service has the task, and its result no longer.
        :raises KlingMediaError: a result cannot be fetched or stored.
        """
        self._report_known(task)
        stored: dict[Resource, StoredFile] = {}
        with error_context(self._outlook):
            results = task_results(finished_task(task), media_type=self.media_type)
            if self.output:
                with self.report.span(SpanName.STORE):
                    task, stored = self._store(task)
                self.report.stored(sum(file.download.size for file in stored.values()))
                results = task_results(task, media_type=self.media_type)
        result = generation_result(
            task=task,
            results=results,
            model=self.model,
            conn_id=self.hook.conn_id,
            stored=stored,
            submitted_at=self.record.intent_at if self.record else None,
            try_number=self.context["ti"].try_number,
            reused=self.reused,
        )
        self.report.succeed(result)
        return result

    def complete_from_record(self, recorded: Mapping[str, Any]) -> GenerationResult:
        """Return a recorded result again. It needs no request to the service and costs nothing."""
        again = {**recorded, "try_number": self.context["ti"].try_number, "reused": True}
        result = cast("GenerationResult", again)
        self.report.succeed(result)
        return result

    def _report_known(self, task: Task) -> None:
        self.report.update({"task_id": task.task_id, **known_costs(task)})

    def _read(self, task_id: str) -> Task:
        with error_context(f"Task {task_id} may still run at the service and be billed."):
            return self.hook.get_task(task_id)

    def _store(self, task: Task) -> tuple[Task, dict[Resource, StoredFile]]:
        """Copy the results. Where a link no longer works, read the task once more for another link."""
        storage = ResultStorage(
            author=LogicalTask.of(self.context),
            output=str(self.output),
            max_bytes=self.max_bytes,
            settings=self.hook.connection.client,
            conn_id=self.hook.conn_id,
            model=self.model,
            request=self.record.request if self.record else None,
            fingerprint=self.record.fingerprint if self.record else None,
        )
        try:
            return task, storage.store(task, task_results(task, media_type=self.media_type))
        except DeadLinkError as error:
            log.warning("%s. Reading the task again for another link", error)
        task = self._read(task.task_id)
        try:
            return task, storage.store(task, task_results(task, media_type=self.media_type))
        except DeadLinkError as error:
            until = f" Its links expire at {task.expires_at.isoformat()}." if task.expires_at else ""
            again = (
                " To pay for a new result, set on_rerun='regenerate', and clear this Airflow task."
                if self.submits
                else ""
            )
            raise DeadLinkError(
                f"{error}. Task {task.task_id} has succeeded and was billed, but the new link that the "
                f"service returned for it does not work either.{until}{again}"
            ) from error

    def _outlook(self, error: KlingError) -> str:
        """Say what another try of the Airflow task does after an error."""
        if isinstance(error, KlingTaskFailedError):
            again = self.submits and error.retryable
            return "A retry of this Airflow task submits the request again." if again else ""
        if isinstance(error, KlingNotFoundError):
            return "A retry would not find it either, so this Airflow task is not retried."
        if not self.submits:
            return "This Airflow task submits nothing, so another try costs nothing."
        return (
            "The record is kept: the next try of this Airflow task finds the same task, waits for it if it "
            f"is still running (up to {EXTRA_WAIT_S:.0f} s after the deadline), and submits nothing."
        )


def _parse_event(event: object, *, task_id: str | None) -> tuple[PollEnd, str]:
    fields = event if isinstance(event, Mapping) else {}
    about = fields.get("task_id")
    end = _ENDS.get(str(fields.get("reason")))
    name = f"Task {task_id or about}" if task_id or about else "The task"
    fate = f"{name} may still run at the service and be billed."
    if end is None or fields.get("status") != end.status or not isinstance(about, str) or not about:
        raise KlingProtocolError(
            f"The deferral ended with {event!r}, which is no event of this provider. {fate}"
        )
    if task_id is not None and about != task_id:
        raise KlingProtocolError(f"The deferral for task {task_id} ended with an event about {about}. {fate}")
    return end, about
