"""From a task that has ended at the service to the result of the Airflow task.

Four steps: read the event, read the task, store and describe the result, report it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_kling.defaults import MAX_BYTES
from airflow_provider_kling.exceptions import (
    KlingError,
    KlingMediaError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.report import report, report_task
from airflow_provider_kling.generation.result import (
    GenerationResult,
    StoredFile,
    generation_result,
    task_results,
)
from airflow_provider_kling.generation.result_storage import ResultStorage
from airflow_provider_kling.generation.sidecar import Provenance
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import PollOutcome, finished_task, timed_out
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import DeadLinkError
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.polling import PollEnd

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

_ENDS = {end.value: end for end in PollEnd}


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Turns a task that has ended into its result, or into its error.

    :param model: as the DAG names it; None where it is unknown.
    :param media_type: of the results; None where it is unknown.
    :param output: where to copy the results; None returns only links.
    :param max_bytes: a larger result is not stored.
    :param request: the author's fields, with media shortened; for the sidecar.
    :param submitted_at: Unix seconds; None where it is unknown.
    :param waiting_since: Unix seconds; None where it is unknown.
    :param reused: an earlier try of the Airflow task had finished the generation.
    :param next_try: for messages: what another try of the Airflow task does about the same task.
    :param after_failure: for messages: what a retry does when the service has ended the task as failed.
    """

    hook: KlingHook
    context: Context
    model: str | None = None
    media_type: MediaType | None = None
    output: str | None = None
    max_bytes: int = MAX_BYTES
    request: Mapping[str, Any] | None = None
    submitted_at: float | None = None
    waiting_since: float | None = None
    reused: bool = False
    next_try: str = "This Airflow task submits nothing, so another try costs nothing."
    after_failure: str = ""
    clock: Callable[[], float] = time.time

    def task_from_event(self, event: object, *, task_id: str | None) -> Task:
        """Read the trigger's event, then the task. Only what the service says about the task counts.

        :param task_id: the task that was waited for, where it is known.
        :returns: the task, which has ended.
        :raises KlingProtocolError: the event is none of this provider's, or is about another task.
        :raises KlingTimeoutError: the task is still running at the deadline.
        """
        with self._telling_next_try():
            end, task_id = _parse_event(event, task_id=task_id)
            task = self._read(task_id)
            if task.status.terminal:
                return task
            self._report_task(task)
            if end is PollEnd.DEADLINE:
                since = self.waiting_since
                raise timed_out(task_id, waited_s=None if since is None else self.clock() - since)
            raise KlingProtocolError(
                f"The wait for task {task_id} ended ({end.value}), but the service says that the task is "
                f"{task.raw_status!r}. It goes on at the service and may be billed."
            )

    def task_from_outcome(self, outcome: PollOutcome) -> Task:
        """Return the task of a wait that ended on this worker; see :meth:`task_from_event`."""
        if outcome.task is not None and outcome.task.status.terminal:
            return outcome.task
        with self._telling_next_try():
            return outcome.task_or_error()

    def complete_from_task(self, task: Task) -> GenerationResult:
        """Store the results of a task that has ended, describe them, and report them.

        :raises KlingTaskFailedError: the service ended it as failed.
        :raises KlingMediaError: a result cannot be fetched or stored.
        """
        self._report_task(task)
        with self._telling_next_try():
            results: Sequence[Resource] = task_results(finished_task(task), media_type=self.media_type)
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
        report(self.context, result)
        return result

    def complete_from_record(self, recorded: GenerationResult) -> GenerationResult:
        """Return a recorded result again. It needs no request to the service and costs nothing."""
        result: GenerationResult = {
            **recorded,
            "try_number": self.context["ti"].try_number,
            "reused": True,
        }
        report(self.context, result)
        return result

    def _report_task(self, task: Task) -> None:
        report_task(
            self.context,
            task_id=task.task_id,
            cost_usd=task.cost_usd,
            cost=task.cost,
            cost_unit=task.cost_unit,
        )

    def _read(self, task_id: str) -> Task:
        try:
            return self.hook.get_task(task_id)
        except KlingError as error:
            context = f"Task {task_id} may still run at the service and be billed."
            raise error.with_context(context) from error.__cause__

    def _store(
        self, task: Task, results: Sequence[Resource]
    ) -> tuple[Task, Sequence[Resource], dict[Resource, StoredFile]]:
        """Copy the results. Where a link no longer works, read the task once more for another link."""
        storage = ResultStorage(
            output=str(self.output), max_bytes=self.max_bytes, settings=self.hook.connection.client
        )
        provenance = Provenance(model=self.model, conn_id=self.hook.conn_id, request=self.request)
        try:
            return task, results, storage.store(task, results, provenance=provenance)
        except DeadLinkError as error:
            log.warning("%s. Reading the task again for another link", error)
        task = self._read(task.task_id)
        results = task_results(task, media_type=self.media_type)
        try:
            return task, results, storage.store(task, results, provenance=provenance)
        except DeadLinkError as error:
            until = f" Its links expire at {task.expires_at.isoformat()}." if task.expires_at else ""
            raise KlingMediaError(
                f"{error}. Task {task.task_id} has succeeded and was billed, but the new link that the "
                f"service returned for it does not work either.{until}"
            ) from error

    @contextmanager
    def _telling_next_try(self) -> Iterator[None]:
        try:
            yield
        except KlingError as error:
            raise error.with_context(self._outlook(error)) from error.__cause__

    def _outlook(self, error: KlingError) -> str:
        """Say what another try of the Airflow task does after an error."""
        if isinstance(error, KlingTaskFailedError):
            return self.after_failure if error.retryable else ""
        if isinstance(error, KlingNotFoundError):
            return "A retry would not find it either, so this Airflow task is not retried."
        return self.next_try


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
