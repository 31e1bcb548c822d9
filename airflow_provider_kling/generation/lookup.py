"""Asking the service what became of a recorded submission."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from airflow_provider_kling.exceptions import KlingError, KlingNotFoundError, KlingSubmissionUnknownError
from airflow_provider_kling.gateways.base import Recovery
from airflow_provider_kling.generation import unknown
from airflow_provider_kling.generation.answer import answered_task
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Record
from airflow_provider_kling.journal.rules import Decision, Remote, SubmissionState, decide

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Reads tasks and finds submissions. Free.

    :param resubmits: the author accepts to pay twice for a submission whose outcome is unknown.
    """

    hook: KlingHook
    journal: Journal
    resubmits: bool

    def recovery(self, record: Record) -> Recovery | None:
        """Return how a recorded submission is found by its key; None where it cannot be."""
        gateway = self.hook.gateway
        if record.gateway_name != gateway.name:
            return None  # another service than the one that it was sent to would call it absent
        return gateway.recovery_of(record.model, gateway=record.gateway)

    def find(self, record: Record, *, cause: str, exists: bool = False) -> Task | None:
        """Return the task of a submission, or None where there is certainly none.

        :param cause: why the outcome is unknown.
        :param exists: the service has said that it has it. None means then that the look-up does not find it.
        :raises KlingSubmissionUnknownError: there is no look-up, or it failed, which never means "absent".
        """
        recovery = self.recovery(record)
        if recovery is None:
            raise self.unknown(record, cause=cause)
        try:
            task = self.hook.call(recovery.find(record.key, exists=exists))
        except KlingError as error:
            if exists and isinstance(error, KlingNotFoundError):
                return None
            cause = f"{cause}, and the look-up failed: {error}"
            raise unknown.to_be_looked_up(record, cause=cause) from error
        if task is not None:
            log.info("The submission at %s was found as task %s", record.intent_at_text, task.task_id)
        return task

    def read(self, record: Record, *, state: SubmissionState) -> tuple[Record, Task | None]:
        """Read a recorded task; None where the service does not know it, and that is no error.

        :param state: the facts of the decision to read it.
        :returns: the record, with the id by which the connection of today reads the task, and the task.
        """
        if (answered := answered_task(record)) is not None:
            return record, answered
        try:
            record = self._readable(record)
            return record, self.hook.get_task(str(record.task_id))
        except KlingNotFoundError as error:
            if decide(replace(state, remote=Remote.NOT_FOUND)) is Decision.REMOTE_MISSING:
                raise unknown.missing_task(error, record=record, journal=self.journal) from error.__cause__
            return record, None
        except KlingError as error:
            raise error.with_context(
                f"Task {record.task_id} was submitted before, and may still run and be billed. Nothing was "
                "submitted again; the next try of this Airflow task reads the same task."
            ) from error.__cause__

    def unknown(self, record: Record, *, cause: str) -> KlingSubmissionUnknownError:
        """Return the error for a submission whose outcome cannot be looked up."""
        if self.resubmits:
            return unknown.to_be_resubmitted(record, cause=cause)
        return unknown.unknown_submission(record, hook=self.hook, journal=self.journal, cause=cause)

    def _readable(self, record: Record) -> Record:
        gateway, task_id = self.hook.gateway, str(record.task_id)
        if record.gateway_name == gateway.name:
            readable = gateway.readable_id(task_id, model=record.model, gateway=record.gateway)
            if readable != task_id:
                record = replace(record, task_id=readable)
                self.journal.write(record)
        return record
