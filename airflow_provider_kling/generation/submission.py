"""Sending a request at most once, whatever crashes, restarts, retries or is cleared."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from airflow_provider_kling.exceptions import (
    ErrorCategory,
    KlingBalanceError,
    KlingCapacityError,
    KlingError,
    KlingJournalError,
    KlingNotFoundError,
    KlingRateLimitError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.generation.files import file_at, is_there
from airflow_provider_kling.generation.media_arguments import MediaArguments, Upload, delete_uploads
from airflow_provider_kling.generation.result import stored_uris
from airflow_provider_kling.generation.sidecar import cut_media
from airflow_provider_kling.generation.unknown import to_be_resubmitted, unknown_submission
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record, fingerprint
from airflow_provider_kling.journal.rules import (
    Decision,
    Kept,
    OnRerun,
    OnUnknownSubmission,
    Remote,
    SubmissionState,
    decide,
)
from airflow_provider_kling.models import KlingRequest

log = logging.getLogger(__name__)

# The shortest time for which the service has ever promised to keep a task (docs until July 2026).
_RETENTION_S = 24 * 3600.0

_REMOTE = {
    TaskStatus.PENDING: Remote.RUNNING,
    TaskStatus.PROCESSING: Remote.RUNNING,
    TaskStatus.SUCCESS: Remote.SUCCEEDED,
    TaskStatus.FAILED: Remote.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do next, and what is known about it.

    :param task: the service's word on the recorded task, where it was asked.
    """

    decision: Decision
    record: Record | None
    task: Task | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One logical task's request, with its journal.

    :param timeout: seconds from the submission to the deadline.
    :param run: the same in all tries of one run; another after a clear.
    :param min_balance: USD that the account has to hold before anything is sent.
    :param upload: how media on the user's storage reach the service.
    :param keep_request: put what was asked for into the record, for the sidecar of a result that is stored.
    """

    hook: KlingHook
    journal: Journal
    model: str
    request: KlingRequest
    extra_parameters: Mapping[str, Any]
    timeout: float
    run: int
    on_unknown: OnUnknownSubmission
    on_rerun: OnRerun
    min_balance: Decimal | None = None
    upload: Upload = Upload.AUTO
    keep_request: bool = False
    clock: Callable[[], float] = time.time

    @property
    def fingerprint(self) -> str:
        """What tells this request from another one of the same task."""
        return fingerprint(
            conn_id=self.hook.conn_id,
            model=self.model,
            body=self.request.body(),
            extra=self.extra_parameters,
        )

    def next_step(self) -> Step:
        """Decide what to do, from the record and, where it takes that, from the service.

        :raises KlingJournalError: there may be a record, but it cannot be read.
        :raises KlingError: the service could not be asked. Nothing was submitted in either case.
        """
        record = self.journal.read()
        situation = SubmissionState(
            record=record,
            same_request=record is not None and record.fingerprint == self.fingerprint,
            same_run=record is not None and record.run == self.run,
            kept=_kept(record, now=self.clock()),
            on_unknown=self.on_unknown,
            on_rerun=self.on_rerun,
        )
        decision, task = decide(situation), None
        if record is not None and decision is Decision.LOOK:
            remote, task = self._look(str(record.task_id))
            expired = self.clock() - record.intent_at > _RETENTION_S
            decision = decide(replace(situation, remote=remote, expired=expired))
        if decision is Decision.SUBMIT and record is not None:
            _tell_of_former(record)
        return Step(decision=decision, record=record, task=task)

    def send(self) -> Record:
        """Write the intent, send the request once, and write what came of it.

        :raises KlingRequestError: the request cannot be said in the connection's contract, or a file that it
            names breaks a documented limit.
        :raises KlingMediaError: a file that it names cannot be read.
        :raises KlingBalanceError: the account holds too little.
        :raises KlingAPIError: refused; nothing is billed, and the record is dropped.
        :raises KlingSubmissionUnknownError: it may have taken effect; the record says so.
        """
        # What the contract cannot say is found out before anything is read or uploaded.
        self.hook.submission(self.request, extra_parameters=self.extra_parameters)
        self._check_balance()
        media = MediaArguments(hook=self.hook, policy=self.upload, label=f"kling-{self.fingerprint[:16]}")
        resolved = media.resolve(self.request)
        call = self.hook.submission(resolved.request, extra_parameters=self.extra_parameters)
        now = self.clock()
        record = Record(
            phase=Phase.INTENT,
            fingerprint=self.fingerprint,
            conn_id=self.hook.conn_id,
            model=self.model,
            contract=self.hook.connection.gateway.dialect,
            run=self.run,
            intent_at=now,
            deadline=now + self.timeout,
            uploads=resolved.uploads,
            request=self._asked(),
        )
        self.journal.write(record)
        try:
            task = self.hook.call(call)
        except KlingSubmissionUnknownError as error:
            raise self._unknown(record, cause=str(error.__cause__ or error)) from error
        except KlingError as refusal:
            self._drop_intent()
            if not isinstance(refusal, KlingCapacityError | KlingRateLimitError):
                delete_uploads(self.hook, resolved.uploads)
            if isinstance(refusal, KlingBalanceError):
                raise self._with_balance(refusal) from refusal
            raise
        record = record.submitted(task.task_id)
        log.info("Submitted %s as task %s; the service bills it from now on", self.model, task.task_id)
        try:
            self.journal.write(record)
        except KlingJournalError:
            # The intent is still there, so a later try will not send again by itself.
            log.exception("Task %s runs, but its id could not be recorded", task.task_id)
        return record

    def _asked(self) -> dict[str, Any] | None:
        return cut_media({**self.request.body(), **self.extra_parameters}) if self.keep_request else None

    def _unknown(self, record: Record, *, cause: str) -> KlingSubmissionUnknownError:
        if self.on_unknown is OnUnknownSubmission.RESUBMIT:
            return to_be_resubmitted(record, cause=cause)
        return unknown_submission(record, hook=self.hook, journal=self.journal, cause=cause)

    def _look(self, task_id: str) -> tuple[Remote, Task | None]:
        try:
            task = self.hook.get_task(task_id)
        except KlingNotFoundError:
            return Remote.GONE, None
        return _REMOTE[task.status], task

    def _check_balance(self) -> None:
        if self.min_balance is None:
            return
        balance = self.hook.balance()
        if balance < self.min_balance:
            raise KlingBalanceError(
                f"The balance is ${balance}, less than the min_balance of ${self.min_balance}. "
                "Nothing was sent or billed.",
                status_code=402,
                category=ErrorCategory.PAYMENT_REQUIRED,
            )

    def _with_balance(self, refusal: KlingBalanceError) -> KlingBalanceError:
        try:
            known = f" The balance is ${self.hook.balance()}."
        except KlingError:
            known = ""
        refusal.args = (f"{refusal}{known}",)
        return refusal

    def _drop_intent(self) -> None:
        try:
            self.journal.forget()
        except KlingJournalError:
            log.exception("The refused submission stays on record as one whose outcome is unknown")


def _kept(record: Record | None, *, now: float) -> Kept:
    """Tell what of a finished task's result is still there: the stored copy, or the service's link.

    :raises KlingMediaError: the storage does not say.
    """
    result = record.result if record is not None and record.phase is Phase.FINISHED else None
    if not result:
        return Kept.LOST
    if uris := stored_uris(result):
        return Kept.USABLE if all(is_there(file_at(uri)) for uri in uris) else Kept.LOST
    expires_at = result.get("expires_at")
    alive = expires_at is not None and datetime.fromisoformat(expires_at).timestamp() > now
    return Kept.USABLE if alive else Kept.LOST


def _tell_of_former(record: Record) -> None:
    match record.phase:
        case Phase.SUBMITTED:
            log.warning(
                "Task %s was submitted before, for a request that has changed or that the service no longer "
                "knows. If it still runs, it goes on at the service and is billed. Submitting anew.",
                record.task_id,
            )
        case Phase.INTENT:
            log.warning(
                "A submission at %s may have taken effect, and be billed. Submitting anew, as "
                "on_unknown_submission='resubmit' asks for.",
                record.intent_at_text,
            )
        case Phase.FINISHED:
            log.warning("Task %s is done and was paid for. Submitting a new one.", record.task_id)
        case Phase.FAILED:
            log.info("Task %s failed before. Submitting a new one.", record.task_id)
