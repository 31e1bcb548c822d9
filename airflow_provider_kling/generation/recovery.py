"""Resolving an unknown outcome at services that can look a submission up by its key."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_kling.exceptions import (
    KlingDuplicateSubmissionError,
    KlingError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways.base import Recovery
from airflow_provider_kling.generation.unknown import duplicate_not_found, to_be_looked_up
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.record import Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Recoverer:
    """Looks submissions up. A look-up that fails leaves the outcome unknown, and never means "absent"."""

    hook: KlingHook
    recovery: Recovery

    def find(self, record: Record, *, cause: str) -> Task | None:
        """Return the task of a submission, or None where there is certainly none.

        :param cause: why the outcome is unknown.
        :raises KlingSubmissionLookupError: the look-up failed. A retry looks it up again.
        """
        try:
            task = self.hook.call(self.recovery.find(record.key))
        except KlingError as error:
            raise to_be_looked_up(record, cause=f"{cause}, and the look-up failed: {error}") from error
        if task is not None:
            log.info("The submission at %s was found as task %s", record.intent_at_text, task.task_id)
        return task

    def resolve(self, call: Call[Task], record: Record, *, cause: str) -> Task:
        """Return the task of a submission whose response was lost; where there is none, send it once more.

        The key is the same, so the service rejects it should the first one arrive late.

        :raises KlingSubmissionLookupError: the outcome is still unknown.
        :raises KlingError: the second one was rejected for certain.
        """
        if (task := self.find(record, cause=cause)) is not None:
            return task
        log.warning(
            "The submission at %s was looked up: the service made no task of it (%s). Sending it again",
            record.intent_at_text,
            cause,
        )
        try:
            return self.hook.call(call)
        except KlingDuplicateSubmissionError as error:
            cause = str(error)
        except KlingSubmissionUnknownError as error:
            raise to_be_looked_up(record, cause=str(error.__cause__ or error)) from error
        if (task := self.find(record, cause=cause)) is None:
            raise duplicate_not_found(record, cause=cause)
        return task
