"""What every generating operator does: check, submit once, wait in the triggerer, keep the result."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_kling.exceptions import (
    KlingCapacityError,
    KlingMediaError,
    KlingRateLimitError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.capacity import Queue, capacity_wait_exhausted
from airflow_provider_kling.generation.completion import XCOM_TASK_ID, Completion
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.files import file_at
from airflow_provider_kling.generation.media_arguments import Upload, delete_uploads
from airflow_provider_kling.generation.policies import check_policies
from airflow_provider_kling.generation.submission import Submission
from airflow_provider_kling.generation.templates import is_rendered_later, rendered_later
from airflow_provider_kling.generation.unknown import missing_task, unknown_submission
from airflow_provider_kling.hooks.kling import DEFAULT_TIMEOUT_S, KlingHook
from airflow_provider_kling.hooks.waiter import Watch, still_running_message
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import Decision, OnRerun, OnUnknownSubmission
from airflow_provider_kling.journal.store import open_store
from airflow_provider_kling.media.download import DEFAULT_MAX_BYTES
from airflow_provider_kling.models import find_model
from airflow_provider_kling.polling import queue_delay
from airflow_provider_kling.triggers.kling import KlingCapacityTrigger, KlingTaskTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

# The trigger ends at the deadline by itself. This much later Airflow ends it, should it not.
DEFER_NET_S = 600.0

# What a new try waits for a task whose deadline is over already.
EXTRA_WAIT_S = 600.0


class GenerationOperator(BaseOperator):
    """The base of the generating operators. Subclasses say which request to make.

    :param model: the model's name, such as ``kling-video-o1``, or ``provider/model`` for any other of the
        service's (templated). ``docs/models.md`` has the list.
    :param conn_id: an Airflow connection of type ``kling`` (templated).
    :param deferrable: wait in the triggerer, which holds no worker slot. False waits on the worker.
        The job at the service and its price are the same.
    :param timeout: seconds from the submission after which the task fails. It ends the waiting only:
        the job goes on at the service and may be billed.
    :param output: where to copy the result, as a URI on any storage Airflow knows (templated). A URI that
        ends in a media file's extension names the file, any other a folder. None returns links only, which
        the service lets expire. Beside each file lies a ``.json`` with what was asked and what it cost.
    :param max_bytes: a result that is larger is not stored, and the task fails. It stays at the service until
        it expires, and was billed.
    :param extra_parameters: fields to send as they are, unchecked, for those newer than this release
        (templated).
    :param queue_timeout: longest wait, in seconds, for room at the service when it refuses a submission
        for its limits. Nothing is billed meanwhile, and no worker is held. Then the task fails retryably.
    :param min_balance: USD. With less in the account, the task fails before anything is sent.
    :param on_unknown_submission: what to do when nobody knows whether a submission took effect: ``fail``
        leaves it to a person; ``resubmit`` sends it again and may pay twice.
    :param on_rerun: what to do when this task is cleared after a success and its request is unchanged:
        ``reuse`` returns the recorded result for nothing; ``regenerate`` pays for a new one.
    :param upload: how media given as storage URIs (``s3://``, ``file://`` and so on) reach the service.
        ``auto`` sends pictures and sounds up to 5 MiB along as Base64 and uploads the rest; ``always``
        uploads all; ``never`` sends all along. Uploading is free; at most 16 MiB a file, 10 files a team.
    :param keep_uploads: leave uploaded files at the service, which drops them after a week. Otherwise they
        are deleted when the task has ended.
    :param multiple_outputs: push each part of the result as an XCom of its own too, so that the next step
        can take one: ``step.output["url"]``.
    """

    template_fields: Sequence[str] = ("model", "conn_id", "output_uri", "extra_parameters")

    def __init__(
        self,
        *,
        model: str,
        conn_id: str = KlingHook.default_conn_name,
        deferrable: bool = True,
        timeout: float = DEFAULT_TIMEOUT_S,
        output: str | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        extra_parameters: Mapping[str, Any] | None = None,
        queue_timeout: float = 86400.0,
        min_balance: float | str | Decimal | None = None,
        on_unknown_submission: str = OnUnknownSubmission.FAIL.value,
        on_rerun: str = OnRerun.REUSE.value,
        upload: str = Upload.AUTO.value,
        keep_uploads: bool = False,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.model = model
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.timeout = timeout
        # `output` itself is what other tasks take this one's result from.
        self.output_uri = output
        self.max_bytes = max_bytes
        self.extra_parameters = extra_parameters
        self.queue_timeout = queue_timeout
        self.min_balance = min_balance
        self.on_unknown_submission = on_unknown_submission
        self.on_rerun = on_rerun
        self.upload = upload
        self.keep_uploads = keep_uploads
        self._task_at_service: str | None = None
        with failing_fast():
            check_policies(on_unknown_submission=on_unknown_submission, on_rerun=on_rerun, upload=upload)

    def request_parameters(self) -> Mapping[str, Any]:
        """Return the fields of the request; None counts as not given."""
        raise NotImplementedError

    def check_literals(self) -> None:
        """Check what is known while the DAG is parsed; templates wait until they are rendered.

        :raises KlingRequestError: a rule is broken, so the DAG would fail when it runs. Nothing is sent.
        """
        if is_rendered_later(self.model):
            return
        parameters = self.request_parameters()
        with failing_fast():
            model = find_model(self.model)
            if isinstance(parameters, Mapping):
                model.check_known(parameters, unknown=self.undecided(parameters))
            else:
                model.warn()

    def undecided(self, parameters: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields that only have a value once the task runs."""
        return rendered_later(parameters)

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit once, then wait; return the result dict (``docs/operators.md``).

        What was submitted before a crash, a retry or a clear is found by its record and not sent again.
        """
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            return self._advance(hook, context, queue=None)

    def execute_queued(self, context: Context, event: object) -> dict[str, Any]:
        """Try again to submit, after waiting for room."""
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            return self._advance(hook, context, queue=Queue.from_event(event))

    def execute_complete(self, context: Context, event: object) -> dict[str, Any]:
        """Take over from the trigger. Needs only ``event``, and the record."""
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            journal = self._journal(context)
            record = journal.read()
            self._task_at_service = record.task_id if record else None
            conclusion = self._conclusion(hook, context, record=record)
            return self._conclude(
                journal, record, lambda: conclusion.of_event(event, task_id=self._task_at_service), hook=hook
            )

    def on_kill(self) -> None:
        """Say what is true when the task is killed on a worker. Nothing can be cancelled at the service."""
        if self._task_at_service:
            log.warning(still_running_message(self._task_at_service))

    def _journal(self, context: Context) -> Journal:
        journal = Journal(store=open_store(context))
        if not journal.retains_finished:
            # Not before Airflow knows of the success: a worker that died in between would pay again.
            self.on_success_callback = [*self.on_success_callback, lambda _: journal.forget()]
        return journal

    def _advance(self, hook: KlingHook, context: Context, *, queue: Queue | None) -> dict[str, Any]:
        journal = self._journal(context)
        submission = self._submission(hook, context, journal=journal)
        step = submission.next_step()
        record = step.record
        if record is None or step.decision is Decision.SUBMIT:
            record = self._send(submission, queue=queue)
        elif step.decision is Decision.ATTACH:
            record = self._extend(record, journal=journal)
        elif step.decision is Decision.REUSE and record.result is not None:
            return self._conclusion(hook, context, record=record, reused=True).of_result(record.result)
        elif step.decision is Decision.CONCLUDE and (task := step.task) is not None:
            reused = record.phase is Phase.FINISHED
            conclusion = self._conclusion(hook, context, record=record, reused=reused)
            return self._conclude(journal, record, lambda: conclusion.of_task(task), hook=hook)
        elif step.decision is Decision.MISSING:
            raise missing_task(record, journal=journal)
        else:
            cause = "the try that sent it ended before the answer was recorded"
            raise unknown_submission(record, hook=hook, journal=journal, cause=cause)
        return self._wait(hook, context, journal=journal, record=record)

    def _submission(self, hook: KlingHook, context: Context, *, journal: Journal) -> Submission:
        model = find_model(self.model)
        return Submission(
            hook=hook,
            journal=journal,
            model=str(model.name),
            request=model.parse_rendered(self.request_parameters()),
            extra_parameters=self.extra_parameters or {},
            timeout=self.timeout,
            run=context["ti"].max_tries,
            on_unknown=OnUnknownSubmission(self.on_unknown_submission),
            on_rerun=OnRerun(self.on_rerun),
            min_balance=None if self.min_balance is None else Decimal(str(self.min_balance)),
            upload=Upload(self.upload),
            keep_request=self.output_uri is not None,
        )

    def _send(self, submission: Submission, *, queue: Queue | None) -> Record:
        """Submit; when the service has no room, wait for some without holding a worker."""
        self._check_output()
        while True:
            try:
                return submission.send()
            except (KlingRateLimitError, KlingCapacityError) as refusal:
                now = time.time()
                queue = (queue or Queue(since=now)).refused()
                delay = queue_delay(
                    refusals=queue.refusals,
                    asked_s=refusal.retry_after,
                    jitter=random.random(),  # noqa: S311  - spreads a fan-out, guards nothing
                )
                if now + delay > queue.since + self.queue_timeout:
                    raise capacity_wait_exhausted(refusal, waited_s=now - queue.since) from refusal
                log.info("The service has no room (%s); trying again in %.0f s", refusal, delay)
                if self.deferrable:
                    self.defer(
                        trigger=KlingCapacityTrigger(
                            until=now + delay, since=queue.since, refusals=queue.refusals
                        ),
                        method_name=self.execute_queued.__name__,
                        timeout=timedelta(seconds=delay + DEFER_NET_S),
                    )
                time.sleep(delay)

    def _check_output(self) -> None:
        """Find out before anything is paid for that the storage of ``output`` is not installed."""
        if self.output_uri is None:
            return
        try:
            file_at(self.output_uri)
        except KlingMediaError as error:
            raise KlingMediaError(f"output: {error}. Nothing was sent or billed.") from error

    def _extend(self, record: Record, *, journal: Journal) -> Record:
        """Give a task whose deadline is over the extra wait of a new try; others keep theirs."""
        log.info(
            "Task %s, submitted at %s, still runs: waiting for it. Nothing is submitted.",
            record.task_id,
            record.intent_at_text,
        )
        now = time.time()
        if record.deadline > now:
            return record
        record = replace(record, deadline=now + EXTRA_WAIT_S)
        journal.write(record)
        return record

    def _wait(self, hook: KlingHook, context: Context, *, journal: Journal, record: Record) -> dict[str, Any]:
        task_id = self._task_at_service = str(record.task_id)
        context["ti"].xcom_push(key=XCOM_TASK_ID, value=task_id)
        usual_s = find_model(self.model).expected_s[1]
        if self.deferrable:
            self.defer(
                trigger=KlingTaskTrigger(
                    conn_id=self.conn_id,
                    kling_task_id=task_id,
                    submitted_at=record.intent_at,
                    deadline=record.deadline,
                    usual_s=usual_s,
                ),
                method_name=self.execute_complete.__name__,
                timeout=timedelta(seconds=record.deadline - time.time() + DEFER_NET_S),
            )
        watch = Watch(
            task_id=task_id, submitted_at=record.intent_at, deadline=record.deadline, usual_s=usual_s
        )
        conclusion = self._conclusion(hook, context, record=record)
        return self._conclude(journal, record, lambda: conclusion.of_ending(hook.watch(watch)), hook=hook)

    def _conclude(
        self,
        journal: Journal,
        record: Record | None,
        action: Callable[[], dict[str, Any]],
        *,
        hook: KlingHook,
    ) -> dict[str, Any]:
        """Conclude by the journal, and delete what was uploaded for the task once it has ended."""
        uploads = () if self.keep_uploads or record is None else record.uploads
        try:
            result = journal.conclude(record, action)
        except KlingTaskFailedError:
            delete_uploads(hook, uploads)
            raise
        delete_uploads(hook, uploads)
        return result

    def _conclusion(
        self,
        hook: KlingHook,
        context: Context,
        *,
        record: Record | None,
        reused: bool = False,
    ) -> Completion:
        model = find_model(self.model)
        return Completion(
            hook=hook,
            context=context,
            model=str(model.name),
            wanted_type=model.output,
            output=self.output_uri,
            max_bytes=self.max_bytes,
            request=record.request if record else None,
            submitted_at=record.intent_at if record else None,
            reused=reused,
            again=(
                "The record is kept: a retry, or clearing this task, finds the same task, waits for it up to "
                f"{EXTRA_WAIT_S:.0f} s more if it has to, and submits nothing."
            ),
        )
