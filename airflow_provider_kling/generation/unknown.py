"""The errors for a submission whose outcome is unknown, or whose task cannot be found."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_provider_kling.exceptions import (
    KlingError,
    KlingSubmissionLookupError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways.base import LoggedRequest
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Record

# How much the service's clock may differ from the worker's, and how late it may have logged the submission.
_BEFORE_S = 120.0
_AFTER_S = 600.0
_MOST_NAMED = 10


def unknown_submission(
    record: Record, *, hook: KlingHook, journal: Journal, cause: str
) -> KlingSubmissionUnknownError:
    """Return the error for an outcome that needs a manual decision.

    The message says when the request was sent, which tasks may be its own, and what to do.

    :param cause: why the outcome is unknown.
    """
    return KlingSubmissionUnknownError(
        f"{_outcome(record, cause)} Nothing was sent again, and no retry sends it again. "
        f"{_candidates(record, hook)} There are three ways to continue. "
        f"(1) If you find its task, put the task's id into the record ({journal.adoption_hint(record)}), and "
        "clear this Airflow task: it waits for that task and submits nothing. "
        "(2) If you are sure that there is no task, delete the record "
        f"({journal.deletion_hint}), and clear this Airflow task: it submits. "
        "(3) Set on_unknown_submission='resubmit', and clear this Airflow task: it submits again, and may "
        "pay twice."
    )


def to_be_resubmitted(record: Record, *, cause: str) -> KlingSubmissionUnknownError:
    """Return the error for an author who accepts to pay twice: a retry submits again."""
    again = "Because of on_unknown_submission='resubmit', a retry submits again, and may pay twice."
    return KlingSubmissionUnknownError(f"{_outcome(record, cause)} {again}", retryable=True)


def to_be_looked_up(record: Record, *, cause: str) -> KlingSubmissionLookupError:
    """Return the error for a gateway that can look a submission up: a retry does so."""
    return KlingSubmissionLookupError(
        f"{_outcome(record, cause)} A retry looks the submission up by its key ({record.key}): it waits for "
        "the task if there is one, and submits again with the same key if there is none."
    )


def duplicate_not_found(record: Record, *, cause: str) -> KlingSubmissionLookupError:
    """Return the error for a key that the service calls used, although the look-up finds no task."""
    return KlingSubmissionLookupError(
        f"{_outcome(record, f'{cause}, yet the look-up finds no task')} A retry looks the submission up by "
        f"its key ({record.key}) again. If the service has deleted the task meanwhile, no look-up will find "
        "it. Then set on_unknown_submission='resubmit': the next try submits with another key, and may pay "
        "twice."
    )


def missing_task(error: KlingError, *, record: Record, journal: Journal) -> KlingError:
    """Return the service's "not found" for a task that it should still know, with what to do."""
    return error.with_context(
        f"Task {record.task_id} was submitted to {record.gateway} at {record.intent_at_text}, and the "
        "service keeps tasks for longer than that. It shows a task only to the credentials that submitted "
        f"it: has the key of {record.conn_id!r} changed? The task may still run and be billed, so nothing "
        "was submitted again. Restore the key, and clear this Airflow task: it waits for the same task. To "
        f"submit again and pay again, delete the record ({journal.deletion_hint}), and clear this Airflow "
        "task."
    )


def _outcome(record: Record, cause: str) -> str:
    return (
        f"The outcome of the submission of {record.model} at {record.intent_at_text} is unknown: "
        f"{cause.rstrip('.')}. A task may be running at the service and be billed."
    )


def _candidates(record: Record, hook: KlingHook) -> str:
    if record.gateway_name != hook.gateway.name:
        return (
            f"It was sent to {record.gateway}. The connection now belongs to {hook.gateway.label}, which "
            "does not know it."
        )
    if hook.gateway.request_log is None:
        return "The service has no request log to search for it."
    try:
        logged = hook.request_log(until=datetime.fromtimestamp(record.intent_at + _AFTER_S, tz=UTC))
    except KlingError as error:
        return f"The service's request log could not be read ({error})."
    could_be = [f"{one.task_id} ({one.status}, {one.created_at})" for one in logged if _could_be(one, record)]
    if could_be:
        more = f" and {len(could_be) - _MOST_NAMED} more" if len(could_be) > _MOST_NAMED else ""
        named = ", ".join(could_be[:_MOST_NAMED])
        return f"These tasks in the service's request log may be the one: {named}{more}."
    newest = f"its newest {len(logged)} entries up to ten minutes after it"
    return f"The service's request log has no {record.model} of that time among {newest}."


def _could_be(entry: LoggedRequest, record: Record) -> bool:
    # Of the model's family, and about the time. What the log does not say rules nothing out. A service may
    # have another name for what the same family makes of text, of images or of videos.
    if entry.model is not None and _family(entry.model) != _family(record.model):
        return False
    if entry.created_at is None:
        return True
    return -_BEFORE_S <= entry.created_at.timestamp() - record.intent_at <= _AFTER_S


def _family(model: str) -> list[str]:
    return model.rpartition("/")[2].split("-")[:2]
