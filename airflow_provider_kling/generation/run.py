"""One try of a generating operator, on a worker: submit once, wait, complete.

The operators import it when they run, so that parsing a DAG does not load what only a run needs.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow_provider_kling.exceptions import KlingMediaError, KlingTaskFailedError
from airflow_provider_kling.generation.capacity import (
    NO_CAPACITY,
    CapacityWait,
    capacity_wait_exhausted,
    retry_after_s,
)
from airflow_provider_kling.generation.completion import Completion
from airflow_provider_kling.generation.files import file_at
from airflow_provider_kling.generation.media_arguments import delete_uploads
from airflow_provider_kling.generation.policies import OnRerun, OnUnknownSubmission, Upload
from airflow_provider_kling.generation.report import report_task
from airflow_provider_kling.generation.result import GenerationResult
from airflow_provider_kling.generation.submission import Step, Submission
from airflow_provider_kling.generation.unknown import missing_task, unknown_submission
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import TaskWaiter
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import Decision
from airflow_provider_kling.journal.store import logical_task, open_store
from airflow_provider_kling.models import find_model
from airflow_provider_kling.polling import PollingPlan, capacity_delay
from airflow_provider_kling.triggers.kling import DEFER_NET_S, KlingCapacityTrigger, KlingTaskTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

# How many seconds a new try waits for a task whose deadline has passed.
EXTRA_WAIT_S = 600.0


class GenerationTask(Protocol):
    """The rendered arguments of a generating operator, and what a run needs of it."""

    model: str
    conn_id: str
    deferrable: bool
    timeout: float
    output_uri: str | None
    max_bytes: int
    extra_parameters: Mapping[str, Any] | None
    queue_timeout: float
    min_balance: float | str | Decimal | None
    on_unknown_submission: str
    on_rerun: str
    upload: str
    keep_uploads: bool
    retries: int | None
    on_success_callback: Any

    def request_parameters(self) -> Mapping[str, Any]:
        """Return the fields of the request."""

    def defer(self, *, trigger: Any, method_name: str, timeout: timedelta) -> Any:
        """Wait in the triggerer; does not return."""


@dataclass(kw_only=True)
class GenerationRun:
    """One try.

    :param task: the operator.
    :ivar task_id: the task at the service, as soon as it is known.
    """

    task: GenerationTask
    hook: KlingHook
    context: Context
    task_id: str | None = field(default=None, init=False)

    def advance(self, *, wait: CapacityWait | None = None) -> GenerationResult:
        """Submit or find the submission of an earlier try, wait for it, and return the result.

        :param wait: how long the task has waited for capacity.
        """
        journal = self._journal()
        submission = self._submission(journal)
        step = submission.next_step()
        record = step.record
        match step.decision:
            case Decision.SUBMIT:
                record = self._send(submission, former=record, wait=wait)
            case Decision.REATTACH if record is not None:
                record = self._extend(record, journal=journal)
            case Decision.REUSE if record is not None and record.result is not None:
                completion = self._completion(record, reused=True)
                return completion.complete_from_record(cast("GenerationResult", record.result))
            case Decision.COMPLETE if step.task is not None and record is not None:
                completion = self._completion(record, reused=record.phase is Phase.FINISHED)
                return self._complete(completion, step.task, journal=journal, record=record)
            case _:
                raise _stuck(step, hook=self.hook, journal=journal)
        return self._wait(record, journal=journal)

    def complete(self, event: object) -> GenerationResult:
        """Return the result after the trigger's event."""
        journal = self._journal()
        record = journal.read()
        self.task_id = record.task_id if record else None
        completion = self._completion(record)
        task = completion.task_from_event(event, task_id=self.task_id)
        return self._complete(completion, task, journal=journal, record=record)

    def _journal(self) -> Journal:
        journal = Journal(store=open_store(self.context))
        if not journal.retains_finished:
            # Not before Airflow knows of the success: after a crash in between, the next try would pay again.
            self.task.on_success_callback = [*self.task.on_success_callback, lambda _: journal.delete()]
        return journal

    def _submission(self, journal: Journal) -> Submission:
        task, max_tries = self.task, self.context["ti"].max_tries
        model = find_model(task.model)
        return Submission(
            hook=self.hook,
            journal=journal,
            logical_task=logical_task(self.context),
            model=str(model.name),
            request=model.parse(task.request_parameters(), rendered=True),
            extra_parameters=task.extra_parameters or {},
            timeout=task.timeout,
            clear_count=max_tries,
            was_cleared=max_tries > (task.retries or 0),
            on_unknown=OnUnknownSubmission(task.on_unknown_submission),
            on_rerun=OnRerun(task.on_rerun),
            min_balance=None if task.min_balance is None else Decimal(str(task.min_balance)),
            upload=Upload(task.upload),
            keep_request=task.output_uri is not None,
        )

    def _send(self, submission: Submission, *, former: Record | None, wait: CapacityWait | None) -> Record:
        """Submit; when the service has no capacity, wait for it without holding a worker."""
        self._check_output()
        while True:
            try:
                return submission.send(former)
            except NO_CAPACITY as rejection:
                now = time.time()
                wait = (wait or CapacityWait(since=now)).rejected()
                delay = capacity_delay(
                    rejections=wait.rejections,
                    retry_after_s=retry_after_s(rejection),
                    jitter=random.random(),  # noqa: S311  - spreads a fan-out, guards nothing
                )
                if now + delay > wait.since + self.task.queue_timeout:
                    raise capacity_wait_exhausted(rejection, waited_s=now - wait.since) from rejection
                log.info("The service has no capacity (%s). Submitting again in %.0f s", rejection, delay)
                if self.task.deferrable:
                    self.task.defer(
                        trigger=KlingCapacityTrigger(
                            until=now + delay, since=wait.since, rejections=wait.rejections
                        ),
                        method_name="execute_queued",
                        timeout=timedelta(seconds=delay + DEFER_NET_S),
                    )
                time.sleep(delay)

    def _check_output(self) -> None:
        """Check before anything is paid for that the storage of ``output`` is installed."""
        if self.task.output_uri is None:
            return
        try:
            file_at(self.task.output_uri)
        except KlingMediaError as error:
            raise KlingMediaError(f"output: {error}. Nothing was submitted or billed.") from error

    def _extend(self, record: Record, *, journal: Journal) -> Record:
        """Return the record, with a later deadline if the deadline has passed."""
        log.info(
            "Task %s, which was submitted at %s, is still running. Waiting for it; nothing is submitted.",
            record.task_id,
            record.intent_at_text,
        )
        now = time.time()
        if record.deadline > now:
            return record
        record = replace(record, deadline=now + EXTRA_WAIT_S)
        journal.write(record)
        return record

    def _wait(self, record: Record, *, journal: Journal) -> GenerationResult:
        task_id = self.task_id = str(record.task_id)
        report_task(self.context, task_id=task_id)
        plan = PollingPlan(
            submitted_at=record.intent_at,
            deadline=record.deadline,
            expected_s=find_model(self.task.model).expected_s[1],
        )
        if self.task.deferrable:
            self.task.defer(
                trigger=KlingTaskTrigger(
                    conn_id=self.task.conn_id, kling_task_id=task_id, plan=plan.to_json()
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=plan.deadline - time.time() + DEFER_NET_S),
            )
        waiter = TaskWaiter(task_id=task_id, plan=plan, observer=self.hook.observer)
        completion = self._completion(record)
        task = completion.task_from_outcome(self.hook.poll_task(waiter))
        return self._complete(completion, task, journal=journal, record=record)

    def _complete(
        self, completion: Completion, task: Task, *, journal: Journal, record: Record | None
    ) -> GenerationResult:
        """Complete a task that has ended, record how it ended, and delete what was uploaded for it.

        An error while the result is stored leaves the record as it is, so that the next try finds the task.

        :param record: None when it was deleted meanwhile. Then nothing is recorded.
        """
        try:
            result = completion.complete_from_task(task)
        except KlingTaskFailedError:
            self._close(journal, record.failed() if record else None)
            raise
        ended = record.submitted(task.task_id).finished(result) if record else None
        self._close(journal, ended)
        return result

    def _close(self, journal: Journal, record: Record | None) -> None:
        if record is None:
            return
        journal.close(record)
        if not self.task.keep_uploads:
            delete_uploads(self.hook, record.uploads)

    def _completion(self, record: Record | None, *, reused: bool = False) -> Completion:
        model = find_model(self.task.model)
        return Completion(
            hook=self.hook,
            context=self.context,
            model=str(model.name),
            media_type=model.output,
            output=self.task.output_uri,
            max_bytes=self.task.max_bytes,
            request=record.request if record else None,
            submitted_at=record.intent_at if record else None,
            waiting_since=record.intent_at if record else None,
            reused=reused,
            next_try=(
                "The record is kept: the next try of this Airflow task finds the same task, waits for it if "
                f"it is still running (up to {EXTRA_WAIT_S:.0f} s after the deadline), and submits nothing."
            ),
            after_failure="A retry of this Airflow task submits the request again.",
        )


def _stuck(step: Step, *, hook: KlingHook, journal: Journal) -> Exception:
    """Return the error for a state that needs a manual decision."""
    if step.record is None:
        raise TypeError(f"{step.decision} needs a record")
    if step.not_found is not None:
        return missing_task(step.not_found, record=step.record, journal=journal)
    cause = "the try that sent it ended before the response was recorded"
    return unknown_submission(step.record, hook=hook, journal=journal, cause=cause)
