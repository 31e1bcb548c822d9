"""Sending a request at most once, whatever crashes, restarts, retries or is cleared."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_kling.exceptions import (
    NO_CAPACITY,
    KlingBalanceError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingMinBalanceError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.generation import unknown
from airflow_provider_kling.generation.answer import with_answer
from airflow_provider_kling.generation.failure import error_context
from airflow_provider_kling.generation.generation_task import GenerationTask
from airflow_provider_kling.generation.intent import Intent, SlowIntentError
from airflow_provider_kling.generation.lookup import Lookup
from airflow_provider_kling.generation.media_arguments import MediaArguments, cut_media, delete_uploads
from airflow_provider_kling.generation.result_storage import ResultStorage
from airflow_provider_kling.generation.stored_result import (
    STORED_UNKNOWN,
    is_result_available,
    result_before_clear,
)
from airflow_provider_kling.generation.summary import prompt_of
from airflow_provider_kling.generation.termination import Termination
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.journal import Journal, was_cleared
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import (
    Phase,
    Record,
    fingerprint,
    submission_key,
)
from airflow_provider_kling.journal.rules import (
    Decision,
    OnRerun,
    OnUnknownSubmission,
    Remote,
    SubmissionState,
    decide,
    resubmission_reason,
)
from airflow_provider_kling.models import find_model

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


class Submission:
    """The request of one logical task, and its journal.

    :raises KlingRequestError: the request breaks a rule. Nothing was submitted.
    """

    def __init__(
        self,
        *,
        task: GenerationTask,
        hook: KlingHook,
        journal: Journal,
        context: Context,
        termination: Termination,
    ) -> None:
        model = find_model(task.model)
        self.task = task
        self.hook = hook
        self.journal = journal
        self._termination = termination
        self.logical_task = LogicalTask.of(context)
        self.clear_count: int = context["ti"].max_tries
        self.was_cleared = was_cleared(context, retries=task.retries or 0)
        self.resubmits = task.on_unknown_submission is OnUnknownSubmission.RESUBMIT
        self._lookup = Lookup(hook=hook, journal=journal, resubmits=self.resubmits)
        self.model = str(model.name)
        self.request = model.parse(task.rendered_parameters(), rendered=True, templated=task.templated())
        self.extra_parameters = task.extra_parameters or {}
        self.fingerprint = fingerprint(
            conn_id=hook.conn_id, model=self.model, body=self.request.body(), extra=self.extra_parameters
        )

    def next_step(self) -> tuple[Decision, Record | None, Task | None]:
        """Decide what to do, by the record and, where needed, by what the service says.

        :returns: what to do, the record, and the recorded task where it was read.
        :raises KlingSubmissionUnknownError: a submission needs a manual decision.
        :raises KlingError: the record, the storage of its result or the service could not be read, or the
            service does not know a task that it should know. Nothing was submitted.
        """
        record, task = self._known_submission(), None
        if record is None:
            return Decision.SUBMIT, None, None
        state = self._state(record)
        decision = decide(state)
        if decision is Decision.RECOVER:
            task = self._lookup.find(record, cause="the try that sent it ended before it was recorded")
            if task is not None:
                record = record.submitted(task.task_id)
                self.journal.write(record)
        elif decision is Decision.CHECK_REMOTE:
            record, task = self._lookup.read(record, state=state)
        if decision in (Decision.RECOVER, Decision.CHECK_REMOTE):
            state = replace(state, record=record, remote=Remote.of(task))
            decision = decide(state)
        if decision is Decision.UNKNOWN:
            raise self._lookup.unknown(
                record, cause="the try that sent it ended before the response was recorded"
            )
        if decision is Decision.SUBMIT:
            log.warning("%s Submitting again.", resubmission_reason(record, state))
        return decision, record, task

    def send(self, former: Record | None) -> Record:
        """Send the request once, with an intent written right before it, and write the outcome.

        :param former: the record so far. A rejected submission leaves it as it is.
        :raises KlingSubmissionUnknownError: it may have taken effect; the record says so.
        :raises KlingError: it was not sent, or it is rejected; nothing is billed.
        """
        # What cannot be expressed is found before anything is read or uploaded.
        encoded = self.hook.gateway.encode(self.request, extra_parameters=self.extra_parameters)
        cost = f", {encoded.estimate}" if encoded.estimate else ""
        log.info("Requesting %s: %.300r%s", self.model, prompt_of(self.request.body()) or "", cost)
        self._check_balance()
        encoded, uploads = MediaArguments(
            hook=self.hook,
            policy=self.task.upload,
            label=f"kling-{self._key(sequence=0)[-16:]}",
            needed_s=self.task.timeout,
        ).resolve(encoded)
        record = self._intent(former, uploads=uploads)
        call = self.hook.gateway.submit(encoded, key=record.key)
        record = self._send(call, record, former=former)
        return self.send(record) if record.phase is Phase.FAILED else record

    def _known_submission(self) -> Record | None:
        """Return the record; where a clear has deleted it, that of a result that is stored at ``output``."""
        record = self.journal.read()
        if record is None:
            return self._stored_submission() if self.was_cleared else None
        lacks_request = record.request is None and self.task.output_uri is not None
        if lacks_request and record.phase is Phase.SUBMITTED and record.fingerprint == self.fingerprint:
            # It comes from where no prompt is kept; the sidecar of the result is to have it.
            record = replace(record, request=self._for_sidecar())
            self.journal.write(record)
        return record

    def _stored_submission(self) -> Record | None:
        storage = self.task.output_uri and ResultStorage(
            author=self.logical_task,
            output=self.task.output_uri,
            max_bytes=self.task.max_bytes,
            settings=self.hook.connection.client,
            conn_id=self.hook.conn_id,
            model=self.model,
            request=self._for_sidecar(),
            fingerprint=self.fingerprint,
        )
        with error_context(STORED_UNKNOWN):
            result = result_before_clear(storage or None, on_rerun=self.task.on_rerun)
        return result and self._intent(None, uploads=()).submitted(result["task_id"]).finished(result)

    def _for_sidecar(self) -> dict[str, Any] | None:
        """Return the author's fields where a sidecar is to be written."""
        return cut_media(self.request, self.extra_parameters) if self.task.output_uri is not None else None

    def is_expired(self, record: Record) -> bool:
        """Tell whether a recorded task is older, by this side's clock, than the service keeps any."""
        return time.time() - record.intent_at > self.hook.gateway.retention.total_seconds()

    def _state(self, record: Record) -> SubmissionState:
        return SubmissionState(
            record=record,
            same_request=record.fingerprint == self.fingerprint,
            same_clear=record.clear_count == self.clear_count,
            recoverable=self._lookup.recovery(record) is not None,
            result_available=is_result_available(record, is_to_be_stored=self.task.output_uri is not None),
            expired=self.is_expired(record),
            on_unknown=self.task.on_unknown_submission,
            on_rerun=self.task.on_rerun,
        )

    def _intent(self, former: Record | None, *, uploads: tuple[str, ...]) -> Record:
        now = time.time()
        same = former if former is not None and former.fingerprint == self.fingerprint else None
        if same is not None and same.phase is Phase.INTENT:
            # Certainly absent, or accepted to be paid twice: the same key, should the first one still arrive.
            sequence, key = same.sequence, same.key
        else:
            sequence = 0 if same is None else same.sequence + 1
            key = self._key(sequence=sequence)
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
            deadline=now + self.task.timeout,
            uploads=uploads,
            request=self._for_sidecar(),
        )

    def _key(self, *, sequence: int) -> str:
        return submission_key(task=self.logical_task, fingerprint=self.fingerprint, sequence=sequence)

    def _send(self, call: Call[Task], record: Record, *, former: Record | None) -> Record:
        """Send an intent, and record the outcome."""
        intent = Intent(record=record, former=former, journal=self.journal, termination=self._termination)
        with intent:
            try:
                sent = self._post(replace(call, before_sending=intent.before_sending), intent, former=former)
            except KlingSubmissionUnknownError:
                raise  # the intent stays: it is what is known
            except KlingError as error:
                if intent.may_arrive_late:
                    raise self._rejected_again(error, intent.record) from error
                intent.withdraw()
                if not isinstance(error, NO_CAPACITY):
                    self._delete_uploads(record, former=former)
                raise self._with_balance(error) from error.__cause__
            except BaseException:
                if not intent.may_be_sent:
                    intent.withdraw()
                    self._delete_uploads(record, former=former)
                raise
            if sent.phase is not Phase.FAILED:
                log.info(
                    "Submitted %s: the service runs it as task %s and bills it", self.model, sent.task_id
                )
            intent.end(sent)
            return sent

    def _post(self, call: Call[Task], intent: Intent, *, former: Record | None) -> Record:
        """Send an intent; return it with its task, or as failed where another task has used up its key.

        A submission whose outcome is unknown is looked up by its key. Where there is no task, it is sent once
        more with the same key, so the service rejects it should the first one arrive late.
        """
        try:
            return self._sent(call, intent)
        except KlingDuplicateSubmissionError as error:
            try:
                return self._by_used_key(intent.record, former=former, cause=str(error))
            except KlingSubmissionUnknownError:
                intent.withdraw()  # it has made nothing; the next try asks for the task of the key again
                raise
        except KlingSubmissionUnknownError as error:
            cause = str(error.__cause__ or error)
            task = self._lookup.find(intent.record, cause=cause)
        if task is None:
            intent.may_arrive_late = True
            log.warning(
                "The submission at %s was looked up: the service made no task of it (%s). Sending it again",
                intent.record.intent_at_text,
                cause,
            )
            try:
                return self._sent(call, intent)
            except KlingDuplicateSubmissionError as error:
                if (task := self._lookup.find(intent.record, cause=str(error), exists=True)) is None:
                    raise unknown.duplicate_not_found(intent.record, cause=str(error)) from error
            except KlingSubmissionUnknownError as error:
                raise unknown.to_be_looked_up(intent.record, cause=str(error.__cause__ or error)) from error
        return intent.record.submitted(task.task_id)

    def _sent(self, call: Call[Task], intent: Intent) -> Record:
        try:
            task = self.hook.call(call)
        except SlowIntentError:  # nothing was sent on that connection
            task = self.hook.call(call)
        return with_answer(intent.record, task)

    def _rejected_again(self, error: KlingError, record: Record) -> KlingError:
        """Return the error for a rejection after which the first submission may still arrive."""
        if isinstance(error, NO_CAPACITY):
            return error
        return unknown.to_be_looked_up(record, cause=f"sent once more, it was rejected ({error})")

    def _delete_uploads(self, record: Record, *, former: Record | None) -> None:
        """Delete what was uploaded for a submission that made no task, and what no earlier one may use."""
        used = former.uploads if former is not None else ()
        delete_uploads(self.hook, tuple(file_id for file_id in record.uploads if file_id not in used))

    def _by_used_key(self, record: Record, *, former: Record | None, cause: str) -> Record:
        """Return an intent with the task that has used its key: its record was lost, or a look-up missed it.

        The intent is failed where that task is not taken, or cannot be found and the author accepts to pay
        twice.
        """
        if self.resubmits and self._lookup.recovery(record) is None:
            return record.failed()
        task = self._lookup.find(record, cause=cause, exists=True)
        if task is None and not self.resubmits:
            raise unknown.duplicate_not_found(record, cause=cause)
        if task is None:
            return record.failed()
        record = record.submitted(task.task_id)
        if self._is_wanted(task, is_recorded=former is not None and former.key == record.key):
            return record
        log.info(
            "Task %s is %s, and has used the key. Submitting with another key", task.task_id, task.raw_status
        )
        return record.failed()

    def _is_wanted(self, task: Task, *, is_recorded: bool) -> bool:
        """Tell whether the task that has used the key is taken, as the decision table takes a recorded one.

        Without a record, a task that has ended may be from before the task was cleared.
        """
        may_be_older = self.clear_count > (self.task.retries or 0) and not is_recorded
        match Remote.of(task):
            case Remote.SUCCEEDED:
                return self.task.on_rerun is OnRerun.REUSE or not may_be_older
            case Remote.MODERATED:
                return not may_be_older
            case remote:
                return remote is not Remote.FAILED

    def _check_balance(self) -> None:
        least = self.task.min_balance
        if least is None:
            return
        with error_context("It was read because of min_balance; nothing was submitted or billed."):
            balance = self.hook.balance()
        if balance < least:
            raise KlingMinBalanceError(
                f"The balance is {self._money(balance)}, less than the min_balance of {self._money(least)}. "
                "Nothing was submitted or billed. Add to the balance, then clear this Airflow task.",
                balance=balance,
            )

    def _with_balance(self, error: KlingError) -> KlingError:
        if isinstance(error, KlingBalanceError):
            with suppress(KlingError):
                return error.with_context(f"The balance is {self._money(self.hook.balance())}.")
        return error

    def _money(self, amount: Decimal) -> str:
        account = self.hook.gateway.account
        return f"{amount} {account.unit}" if account else str(amount)
