"""What to tell a person about a submission whose outcome nobody knows."""

from __future__ import annotations

from airflow_provider_kling.exceptions import KlingError, KlingNotFoundError, KlingSubmissionUnknownError
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import LoggedRequest
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Record

# How far the service's clock may be from ours, and how late it may have logged the submission.
_BEFORE_S = 120.0
_AFTER_S = 600.0


def unknown_submission(
    record: Record, *, hook: KlingHook, journal: Journal, cause: str
) -> KlingSubmissionUnknownError:
    """Return the error that names when it was sent, which tasks could be it, and the three ways on."""
    return KlingSubmissionUnknownError(
        f"Nobody knows whether the submission of {record.model} at {record.intent_at_text} took effect: "
        f"{cause}. A task may be running at the service and be billed. Nothing was sent again, and no retry "
        f"will. {_candidates(record, hook=hook)} There are three ways on. "
        f"(1) If one of them is it, put its id into the record ({journal.adoption_hint(record)}), then clear "
        "this task: it waits for that one and pays nothing. "
        "(2) Wait and clear this task: it looks into the service's log again. When you are sure that nothing "
        f"was submitted, delete the record first ({journal.deletion_hint()}). "
        "(3) Set on_unknown_submission='resubmit' and clear this task: it submits anew, and may pay twice."
    )


def to_be_resubmitted(record: Record, *, cause: str) -> KlingSubmissionUnknownError:
    """Return the error for an author who accepts to pay twice: a retry submits anew."""
    return KlingSubmissionUnknownError(
        f"Nobody knows whether the submission of {record.model} at {record.intent_at_text} took effect: "
        f"{cause}. A task may be running at the service and be billed. As on_unknown_submission='resubmit' "
        "asks for, a retry submits anew, and may pay twice.",
        retryable=True,
    )


def missing_task(record: Record, *, journal: Journal) -> KlingNotFoundError:
    """Return the error for a recorded task that the service should still know, but does not."""
    return KlingNotFoundError(
        f"The service does not know task {record.task_id}, submitted at {record.intent_at_text}, though it "
        "keeps tasks for longer. It shows a task only to the key that submitted it: has the key of "
        f"{record.conn_id!r} changed? The task may still run and be billed, so nothing was sent. Restore "
        "the key and clear this task; or, to submit anew and pay again, delete the record "
        f"({journal.deletion_hint()}).",
        status_code=404,
        task_id=record.task_id,
    )


def _candidates(record: Record, *, hook: KlingHook) -> str:
    try:
        logged = hook.request_log()
    except KlingError as error:
        return f"The service's request log could not be read ({error})."
    could_be = [entry for entry in logged if _could_be(entry, record)]
    if not could_be:
        return f"Its request log shows no {record.model} of that time among the newest {len(logged)}."
    named = ", ".join(f"{entry.task_id} ({entry.status}, {entry.created_at})" for entry in could_be)
    return f"In its request log these could be it: {named}."


def _could_be(entry: LoggedRequest, record: Record) -> bool:
    """Tell whether a logged request may be the recorded one: the model's family, and about the time."""
    slug = record.model.rpartition("/")[2]
    if entry.model is not None and not entry.model.startswith(slug):
        return False
    if entry.created_at is None:
        return True
    return -_BEFORE_S <= entry.created_at.timestamp() - record.intent_at <= _AFTER_S
