"""One try of a generating operator, on a worker: submit once, wait, complete.

The operators import it when they run, so that parsing a DAG does not load what only a run needs.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_kling.configuration import configured
from airflow_provider_kling.exceptions import (
    NO_CAPACITY,
    KlingAPIError,
    KlingMediaError,
    KlingProtocolError,
    KlingRequestError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.answer import answered_task
from airflow_provider_kling.generation.completion import EXTRA_WAIT_S, Completion
from airflow_provider_kling.generation.generation_task import GenerationTask
from airflow_provider_kling.generation.kind import kind_of
from airflow_provider_kling.generation.media_arguments import delete_uploads
from airflow_provider_kling.generation.output_location import check_output
from airflow_provider_kling.generation.output_rules import check_extension, check_mapped
from airflow_provider_kling.generation.report import Report
from airflow_provider_kling.generation.result import GenerationResult
from airflow_provider_kling.generation.spans import SpanName
from airflow_provider_kling.generation.submission import Submission
from airflow_provider_kling.generation.termination import Termination
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.metrics import CAPACITY_WAITS
from airflow_provider_kling.hooks.waiter import TaskWaiter
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.journal import Journal, open_journal
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import Decision
from airflow_provider_kling.media.download import DeadLinkError
from airflow_provider_kling.models import find_model
from airflow_provider_kling.polling import PollingPlan, capacity_delay
from airflow_provider_kling.triggers.kling import DEFER_NET_S, KlingCapacityTrigger, KlingTaskTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

# What is known of a former submission is not of the next one.
_OF_ONE_SUBMISSION = ("task_id", "submitted_at", "cost_usd", "cost", "cost_unit", "outcome", "error")


@dataclass(kw_only=True)
class GenerationRun:
    """One try.

    :param task: the operator.
    :ivar task_id: the task at the service, as soon as it is known.
    :ivar termination: ends the try when Airflow kills it.
    """

    task: GenerationTask
    hook: KlingHook
    context: Context
    task_id: str | None = field(default=None, init=False)
    termination: Termination = field(default_factory=Termination, init=False)

    @cached_property
    def report(self) -> Report:
        """What Airflow is told of the generation."""
        model = find_model(self.task.model)
        report = Report(context=self.context, hook=self.hook, submits=True)
        report.know({"model": str(model.name), "expected_s": model.expected_s})
        with suppress(KlingRequestError):  # a paid result is not lost for a text
            parameters = self.task.rendered_parameters()
            report.know_request(parameters, model=model, templated=self.task.templated())
        return report

    @cached_property
    def journal(self) -> Journal:
        """The journal of the logical task."""
        journal = open_journal(self.context)
        if not journal.retains_finished:
            # Not before Airflow knows of the success: after a crash in between, the next try would pay again.
            self.task.on_success_callback = [*self.task.on_success_callback, lambda _: journal.delete()]
        return journal

    def advance(self, *, since: float | None = None, rejections: int = 0) -> GenerationResult:
        """Submit or find the submission of an earlier try, wait for it, and return the result.

        :param since: when the task began to wait for capacity, in Unix seconds.
        :param rejections: how often its submission was rejected since then.
        """
        with self.report.failures():
            return self._advance(since=since, rejections=rejections)

    def _advance(self, *, since: float | None, rejections: int) -> GenerationResult:
        submission = Submission(
            task=self.task,
            hook=self.hook,
            journal=self.journal,
            context=self.context,
            termination=self.termination,
        )
        match submission.next_step():
            case Decision.SUBMIT, former, _:
                return self._wait(self._send(submission, former=former, since=since, rejections=rejections))
            case Decision.REATTACH, Record() as record, _:
                return self._wait(self._extend(record))
            case Decision.COMPLETE, Record() as record, Task() as task:
                completion = self._completion(record, reused=record.phase is Phase.FINISHED)
                try:
                    return self._complete(completion, task)
                except DeadLinkError as error:
                    if not submission.is_expired(record):
                        raise
                    log.warning("%s It is older than the service keeps any result. Submitting again.", error)
                former = record.failed()
                return self._wait(self._send(submission, former=former, since=since, rejections=rejections))
            case Decision.REUSE, Record(result=Mapping() as result) as record, _:
                self.journal.close(record)  # a try that died may have left half of it, and a clear nothing
                return self._completion(record).complete_from_record(result)
            case step:
                raise TypeError(f"no such step: {step}")

    def advance_queued(self, event: object) -> GenerationResult:
        """Submit after a wait for capacity.

        :raises KlingProtocolError: the event is none of the trigger's. Nothing was submitted.
        """
        with self.report.failures():
            match event:
                case {"since": int() | float() as since, "rejections": int() as rejections}:
                    return self._advance(since=since, rejections=rejections)
            raise KlingProtocolError(
                f"The wait for capacity ended with {event!r}, which is no event of this provider. Nothing "
                "was submitted; a retry of this Airflow task submits."
            )

    def complete(self, event: object) -> GenerationResult:
        """Return the result after the trigger's event."""
        with self.report.failures():
            record = self.journal.read()
            self.task_id = record.task_id if record else None
            completion = self._completion(record)
            task = completion.task_from_event(event, task_id=self.task_id)
            self._end_wait(record)
            return self._complete(completion, task)

    def _send(
        self, submission: Submission, *, former: Record | None, since: float | None, rejections: int
    ) -> Record:
        """Submit; when the service has no capacity, wait for it without holding a worker."""
        self._check_output()
        self.report.know(dict.fromkeys(_OF_ONE_SUBMISSION))
        while True:
            try:
                with self.report.span(SpanName.SUBMIT):
                    sent = submission.send(former)
                    self.report.know({"task_id": sent.task_id})
                    return sent
            except NO_CAPACITY as rejection:
                now, rejections = time.time(), rejections + 1
                since = now if since is None else since
                delay = capacity_delay(
                    rejections=rejections,
                    retry_after_s=rejection.retry_after if isinstance(rejection, KlingAPIError) else None,
                    jitter=random.random(),  # noqa: S311  - spreads a fan-out, guards nothing
                )
                if now + delay >= since + self.task.queue_timeout:
                    raise rejection.with_context(
                        f"The task has waited {now - since:.0f} s for capacity, and its queue_timeout "
                        "allows no further attempt. Nothing was submitted; a retry of this Airflow task "
                        "waits again."
                    ) from rejection
                log.info("The service has no capacity (%s). Submitting again in %.0f s", rejection, delay)
                CAPACITY_WAITS.time(delay, tags=self.report.tags)
                self.report.update({})
                if self.task.deferrable:
                    self.task.defer(
                        trigger=KlingCapacityTrigger(until=now + delay, since=since, rejections=rejections),
                        method_name="execute_queued",
                        timeout=timedelta(seconds=delay + DEFER_NET_S),
                    )
                time.sleep(delay)
                decision, record, _ = submission.next_step()
                if decision is not Decision.SUBMIT and record is not None:
                    return record  # it has arrived meanwhile
                former = record

    def _check_output(self) -> None:
        """Check before anything is paid for that the results can be written to ``output``."""
        output = self.task.output_uri
        if output is None:
            return
        model, author = find_model(self.task.model), LogicalTask.of(self.context)
        check_extension(output, makes=model.output, subject=str(model.name))
        if author.map_index >= 0 and self.task.output_is_shared:
            check_mapped(self.task.output_template, subject=str(model.name))
        try:
            check_output(output, author=author)
        except KlingMediaError as error:
            text = str(error).rstrip(".")
            raise KlingMediaError(
                f"output: {text}. Nothing was submitted or billed.", retryable=error.retryable
            ) from error.__cause__

    def _extend(self, record: Record) -> Record:
        """Return the record, with a later deadline if the deadline has passed."""
        log.info(
            "Task %s, which was submitted at %s, is still running. Waiting for it; nothing is submitted.",
            record.task_id,
            record.intent_at_text,
        )
        now = time.time()
        if record.deadline <= now:
            record = replace(record, deadline=now + EXTRA_WAIT_S)
            self.journal.write(record)
        return record

    def _wait(self, record: Record) -> GenerationResult:
        task_id = self.task_id = str(record.task_id)
        self.report.update({"task_id": task_id, "submitted_at": record.intent_at})
        self._log_wait(record)
        if (answered := answered_task(record)) is not None:
            return self._complete(self._completion(record), answered)
        plan = self._plan(record)
        if self.task.deferrable:
            self.task.defer(
                trigger=KlingTaskTrigger(
                    conn_id=self.hook.conn_id, kling_task_id=task_id, plan=plan.to_json()
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=plan.deadline - time.time() + DEFER_NET_S),
            )
        waiter = TaskWaiter(task_id=task_id, plan=plan)
        completion = self._completion(record)
        task = completion.task_from_outcome(self.hook.poll_task(waiter))
        self._end_wait(record)
        return self._complete(completion, task)

    def _plan(self, record: Record) -> PollingPlan:
        model = find_model(self.task.model)
        expected_from_s, expected_s = model.expected_s
        return PollingPlan(
            submitted_at=record.intent_at,
            deadline=record.deadline,
            kind=kind_of(
                self.task.rendered_parameters(), model=str(model.name), gateway=self.hook.gateway.label
            ),
            expected_from_s=expected_from_s,
            expected_s=expected_s,
            **self.hook.connection.poll_bounds(configured().polling),
        )

    def _end_wait(self, record: Record | None) -> None:
        if record is not None:
            self.report.add_span(SpanName.WAIT, since=record.intent_at)

    def _log_wait(self, record: Record) -> None:
        shortest, longest = find_model(self.task.model).expected_s
        log.info(
            "Waiting %s for task %s, %.0f s after its submission. Such a generation usually takes %.0f to "
            "%.0f s; it is waited for until %s",
            "in the triggerer" if self.task.deferrable else "on this worker",
            record.task_id,
            max(0.0, time.time() - record.intent_at),
            shortest,
            longest,
            datetime.fromtimestamp(record.deadline, tz=UTC).isoformat(timespec="seconds"),
        )

    def _complete(self, completion: Completion, task: Task) -> GenerationResult:
        """Complete a task that has ended, record how it ended, and delete what was uploaded for it.

        An error while the result is stored leaves the record as it is, so that the next try finds the task.
        """
        record = completion.record
        try:
            result = completion.complete_from_task(task)
        except KlingTaskFailedError:
            self._close(record.failed() if record else None)
            raise
        self._close(record.submitted(task.task_id).finished(result) if record else None)
        return result

    def _close(self, record: Record | None) -> None:
        if record is None:  # it was deleted meanwhile
            return
        with self.termination.held():
            self.journal.close(record)
        if not self.task.keep_uploads:
            delete_uploads(self.hook, record.uploads)

    def _completion(self, record: Record | None, *, reused: bool = False) -> Completion:
        model = find_model(self.task.model)
        if record is not None:
            self.report.know({"task_id": record.task_id, "submitted_at": record.intent_at})
        return Completion(
            hook=self.hook,
            context=self.context,
            report=self.report,
            model=str(model.name),
            media_type=model.output,
            output=self.task.output_uri,
            max_bytes=self.task.max_bytes,
            record=record,
            submits=True,
            reused=reused,
        )
