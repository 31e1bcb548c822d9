"""Why a request is submitted although a submission is on record. For the log."""

from __future__ import annotations

from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import Lookup


def resubmission_reason(record: Record, *, lookup: Lookup, task: Task | None, is_missing: bool) -> str:
    """Return a sentence about the recorded submission.

    :param lookup: whether the submission could be looked up by its key.
    :param task: the recorded task, where it was read.
    :param is_missing: the service does not know the recorded task.
    """
    match record.phase:
        case Phase.INTENT if lookup is Lookup.UNSUPPORTED:
            return (
                f"The outcome of the submission at {record.intent_at_text} is unknown, and "
                "on_unknown_submission='resubmit' accepts that both may be billed."
            )
        case Phase.INTENT:
            return f"The submission at {record.intent_at_text} was looked up: the service made no task of it."
        case Phase.FAILED:
            return f"The former submission (task {record.task_id}) has failed."
        case _ if is_missing:
            return f"The service does not know task {record.task_id}, or no longer."
        case _ if task is not None and task.status is TaskStatus.FAILED:
            return f"Task {record.task_id} has failed at the service."
        case Phase.SUBMITTED:
            return (
                f"Task {record.task_id} was submitted before, for a request that has changed since. If it is "
                "still running, it goes on at the service and is billed."
            )
        case Phase.FINISHED:
            return (
                f"Task {record.task_id} is finished and was paid for, but the request has changed since, or "
                "on_rerun='regenerate' asks for a new result."
            )
