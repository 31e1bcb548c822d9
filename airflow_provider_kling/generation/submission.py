"""Sending a request at most once, whatever crashes, restarts, retries or is cleared."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from airflow_provider_kling.exceptions import (
    KlingBalanceError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingJournalError,
    KlingMediaError,
    KlingMinBalanceError,
    KlingNotFoundError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.generation.capacity import NO_CAPACITY
from airflow_provider_kling.generation.files import exists, file_at
from airflow_provider_kling.generation.media_arguments import MediaArguments, delete_uploads
from airflow_provider_kling.generation.policies import Upload
from airflow_provider_kling.generation.recovery import Recoverer
from airflow_provider_kling.generation.resubmission import resubmission_reason
from airflow_provider_kling.generation.result import stored_uris
from airflow_provider_kling.generation.sidecar import cut_media
from airflow_provider_kling.generation.unknown import (
    duplicate_not_found,
    to_be_resubmitted,
    unknown_submission,
)
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record, fingerprint, submission_key
from airflow_provider_kling.journal.rules import (
    Decision,
    Lookup,
    OnRerun,
    OnUnknownSubmission,
    Remote,
    ResultStatus,
    SubmissionState,
    decide,
)
from airflow_provider_kling.models import KlingRequest

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do next, and what is known about it.

    :param task: the recorded task as the service described it, where it was read.
    :param not_found: the error of a service that does not know the recorded task.
    """

    decision: Decision
    record: Record | None
    task: Task | None = None
    not_found: KlingNotFoundError | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One logical task's request, with its journal.

    :param logical_task: DAG, run, task and map index; see
        :func:`~airflow_provider_kling.journal.store.logical_task`.
    :param timeout: seconds from the submission to the deadline.
    :param clear_count: the same in all tries since the task was last cleared.
    :param was_cleared: the task was cleared at least once.
    :param min_balance: what the account has to hold before anything is sent, in the gateway's unit.
    :param upload: how media on the user's storage reach the service.
    :param keep_request: put the author's fields into the record, for the sidecar of a result that is stored.
    """

    hook: KlingHook
    journal: Journal
    logical_task: Sequence[str | int]
    model: str
    request: KlingRequest
    extra_parameters: Mapping[str, Any]
    timeout: float
    clear_count: int
    was_cleared: bool
    on_unknown: OnUnknownSubmission
    on_rerun: OnRerun
    min_balance: Decimal | None = None
    upload: Upload = Upload.AUTO
    keep_request: bool = False
    clock: Callable[[], float] = time.time

    @cached_property
    def fingerprint(self) -> str:
        """What tells this request from another one of the same logical task."""
        return fingerprint(
            conn_id=self.hook.conn_id,
            model=self.model,
            body=self.request.body(),
            extra=self.extra_parameters,
        )

    def next_step(self) -> Step:
        """Decide what to do, by the record and, where needed, by what the service says.

        :raises KlingJournalError: there may be a record, but it cannot be read. Nothing was submitted.
        :raises KlingMediaError: it is unknown whether the recorded result is still stored. Nothing was
            submitted.
        :raises KlingError: the service could not be read. Nothing was submitted.
        """
        record = self.journal.read()
        state = self._state(record)
        decision = decide(state)
        step = Step(decision=decision, record=record)
        if record is not None and decision is Decision.RECOVER:
            step = self._recover(record, state)
        elif record is not None and decision is Decision.CHECK_REMOTE:
            step = self._check_remote(record, state)
        if step.decision is Decision.SUBMIT and step.record is not None:
            reason = resubmission_reason(
                step.record, lookup=state.lookup, task=step.task, is_missing=step.not_found is not None
            )
            log.warning("%s Submitting again.", reason)
        return step

    def send(self, former: Record | None) -> Record:
        """Write the intent, send the request once, and write the outcome.

        :param former: the record so far. A rejected submission leaves it as it is.
        :raises KlingRequestError: the request cannot be expressed in the connection's API version, or a file
            that it names breaks a documented limit.
        :raises KlingMediaError: a file that it names cannot be read.
        :raises KlingMinBalanceError: the account holds too little.
        :raises KlingAPIError: it is rejected; nothing is billed.
        :raises KlingSubmissionUnknownError: it may have taken effect; the record says so.
        """
        # What cannot be expressed is found before anything is read or uploaded.
        encoded = self.hook.gateway.encode(self.request, extra_parameters=self.extra_parameters)
        self._check_balance()
        media = MediaArguments(hook=self.hook, policy=self.upload, label=f"kling-{self.fingerprint[:16]}")
        resolved = media.resolve(encoded)
        record = self._intent(former, uploads=resolved.uploads)
        call = self.hook.gateway.submit(resolved.encoded, key=record.key)
        self.hook.get_conn()  # what can fail without sending fails before the intent is written
        self.journal.write(record)
        try:
            task = self._post(call, record)
        except KlingSubmissionUnknownError:
            raise  # the intent stays: it is what is known
        except KlingDuplicateSubmissionError as duplicate:
            found = self._find_duplicate(record, cause=str(duplicate))
            if found is None or not self._is_wanted(found, former=former, record=record):
                return self.send(_with_used_key(record, found))
            task = found
        except KlingError as rejection:
            self._restore(former)
            if not isinstance(rejection, NO_CAPACITY):
                delete_uploads(self.hook, resolved.uploads)
            if isinstance(rejection, KlingBalanceError):
                raise self._with_balance(rejection) from rejection.__cause__
            raise
        record = record.submitted(task.task_id)
        log.info("Submitted %s: the service runs it as task %s and bills it", self.model, task.task_id)
        try:
            self.journal.write(record)
        except KlingJournalError:
            # The intent is still there, so a later try will not send again by itself.
            log.exception("Task %s was submitted, but its id could not be recorded", task.task_id)
        return record

    # -- deciding -----------------------------------------------------------------------------

    def _state(self, record: Record | None) -> SubmissionState:
        return SubmissionState(
            record=record,
            same_request=record is not None and record.fingerprint == self.fingerprint,
            same_clear=record is not None and record.clear_count == self.clear_count,
            lookup=self._lookup(record),
            result=_result_status(record, now=self.clock()),
            on_unknown=self.on_unknown,
            on_rerun=self.on_rerun,
        )

    def _lookup(self, record: Record | None) -> Lookup:
        """Tell whether the record's submission can be looked up. Another service would call it absent."""
        sent_here = record is not None and record.gateway_name == self.hook.gateway.name
        return Lookup.NOT_ASKED if sent_here and self._recoverer is not None else Lookup.UNSUPPORTED

    def _recover(self, record: Record, state: SubmissionState) -> Step:
        """Look an intent up; with a task, the record becomes a submitted one."""
        assert self._recoverer is not None  # noqa: S101  - only then is there a decision to recover
        task = self._recoverer.find(record, cause="the try that sent it ended before it was recorded")
        if task is None:
            return Step(decision=decide(replace(state, lookup=Lookup.ABSENT)), record=record)
        record = record.submitted(task.task_id)
        self.journal.write(record)
        decision = decide(replace(state, record=record, remote=_remote(task)))
        return Step(decision=decision, record=record, task=task)

    def _check_remote(self, record: Record, state: SubmissionState) -> Step:
        age_s = self.clock() - record.intent_at
        state = replace(state, expired=age_s > self.hook.gateway.retention.total_seconds())
        try:
            task = self.hook.get_task(str(record.task_id))
        except KlingNotFoundError as error:
            decision = decide(replace(state, remote=Remote.NOT_FOUND))
            return Step(decision=decision, record=record, not_found=error)
        except KlingError as error:
            raise error.with_context(
                f"Task {record.task_id} was submitted before, and may still run and be billed. Nothing was "
                "submitted again; the next try of this Airflow task reads the same task."
            ) from error.__cause__
        return Step(decision=decide(replace(state, remote=_remote(task))), record=record, task=task)

    # -- sending ------------------------------------------------------------------------------

    def _intent(self, former: Record | None, *, uploads: tuple[str, ...]) -> Record:
        now = self.clock()
        same = former if former is not None and former.fingerprint == self.fingerprint else None
        if same is not None and same.phase is Phase.INTENT:
            # Certainly absent, or accepted to be paid twice: the same key, should the first one still arrive.
            sequence, key = same.sequence, same.key
        else:
            sequence = 0 if same is None else same.sequence + 1
            key = submission_key(task=self.logical_task, fingerprint=self.fingerprint, sequence=sequence)
        return Record(
            phase=Phase.INTENT,
            fingerprint=self.fingerprint,
            key=key,
            sequence=sequence,
            conn_id=self.hook.conn_id,
            model=self.model,
            gateway=self.hook.gateway.label,
            clear_count=self.clear_count,
            intent_at=now,
            deadline=now + self.timeout,
            uploads=uploads,
            request=cut_media(self.request, self.extra_parameters) if self.keep_request else None,
        )

    def _post(self, call: Call[Task], record: Record) -> Task:
        """Send the request; return its task, which a look-up may have found.

        :raises KlingDuplicateSubmissionError: its key was used before.
        """
        try:
            return self.hook.call(call)
        except KlingSubmissionUnknownError as error:
            cause = str(error.__cause__ or error)
            if self._recoverer is None:
                raise self._unknown(record, cause=cause) from error
            return self._recoverer.resolve(call, record, cause=cause)

    def _find_duplicate(self, record: Record, *, cause: str) -> Task | None:
        """Return the task that has used the key of a submission: the record of it was lost, or a look-up
        missed it.

        :returns: None where the task cannot be found and the author accepts to pay twice.
        :raises KlingSubmissionUnknownError: it cannot be found.
        """  # noqa: D205  - one thought
        task = None if self._recoverer is None else self._recoverer.find(record, cause=cause)
        if task is not None or self.on_unknown is OnUnknownSubmission.RESUBMIT:
            return task
        if self._recoverer is not None:
            raise duplicate_not_found(record, cause=cause)
        raise self._unknown(record, cause=cause)

    @cached_property
    def _recoverer(self) -> Recoverer | None:
        recovery = self.hook.gateway.recovery
        return None if recovery is None else Recoverer(hook=self.hook, recovery=recovery)

    def _is_wanted(self, task: Task, *, former: Record | None, record: Record) -> bool:
        """Tell whether the task that has used the key is taken, as the decision table takes a recorded one.

        Without a record, a task that has ended may be from before the task was cleared.
        """
        of_record = former is not None and former.phase is Phase.INTENT and former.key == record.key
        may_be_older = self.was_cleared and not of_record
        match _remote(task):
            case Remote.FAILED:
                return False
            case Remote.SUCCEEDED:
                return self.on_rerun is OnRerun.REUSE or not may_be_older
            case Remote.MODERATED:
                return not may_be_older
            case _:
                return True

    def _unknown(self, record: Record, *, cause: str) -> KlingSubmissionUnknownError:
        if self.on_unknown is OnUnknownSubmission.RESUBMIT:
            return to_be_resubmitted(record, cause=cause)
        return unknown_submission(record, hook=self.hook, journal=self.journal, cause=cause)

    def _check_balance(self) -> None:
        if self.min_balance is None:
            return
        try:
            balance = self.hook.balance()
        except KlingError as error:
            context = "It was read because of min_balance; nothing was submitted or billed."
            raise error.with_context(context) from error.__cause__
        if balance < self.min_balance:
            raise KlingMinBalanceError(
                f"The balance is {self._money(balance)}, less than the min_balance of "
                f"{self._money(self.min_balance)}. Nothing was submitted or billed. Add to the balance, then "
                "clear this Airflow task.",
                balance=balance,
            )

    def _with_balance(self, rejection: KlingBalanceError) -> KlingBalanceError:
        try:
            return rejection.with_context(f"The balance is {self._money(self.hook.balance())}.")
        except KlingError:
            return rejection

    def _money(self, amount: Decimal) -> str:
        account = self.hook.gateway.account
        return f"{amount} {account.unit}" if account else str(amount)

    def _restore(self, former: Record | None) -> None:
        try:
            if former is None:
                self.journal.delete()
            else:
                self.journal.write(former)
        except KlingJournalError:
            log.exception(
                "The submission was rejected, but the record still says that its outcome is unknown"
            )


def _with_used_key(record: Record, task: Task | None) -> Record:
    """Return an intent as one whose key is used up, by a task that is not taken."""
    if task is not None:
        log.info(
            "Task %s is %s, and has used the key. Submitting with another key", task.task_id, task.raw_status
        )
        record = record.submitted(task.task_id)
    return record.failed()


def _remote(task: Task) -> Remote:
    match task.status:
        case TaskStatus.SUCCESS:
            return Remote.SUCCEEDED
        case TaskStatus.FAILED:
            moderated = task.failure is not None and task.failure.moderated
            return Remote.MODERATED if moderated else Remote.FAILED
        case TaskStatus.PENDING | TaskStatus.PROCESSING:
            return Remote.RUNNING


def _result_status(record: Record | None, *, now: float) -> ResultStatus:
    """Tell whether a finished task's stored copy, or the service's link, is still there.

    :raises KlingMediaError: the storage does not tell.
    """
    result: Any = record.result if record is not None and record.phase is Phase.FINISHED else None
    if not result:
        return ResultStatus.UNAVAILABLE
    if uris := stored_uris(result):
        try:
            available = all(exists(file_at(uri)) for uri in uris)
        except KlingMediaError as error:
            raise error.with_context(
                "So it is unknown whether the result of an earlier try is still stored. Nothing was "
                "submitted again; the next try of this Airflow task checks it again."
            ) from error.__cause__
    else:
        expires_at = result.get("expires_at")
        available = expires_at is not None and datetime.fromisoformat(expires_at).timestamp() > now
    return ResultStatus.AVAILABLE if available else ResultStatus.UNAVAILABLE
