"""What to do about a request, given its record. Pure: nothing here reads, sends or knows the time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_kling.journal.record import Phase, Record


class OnUnknownSubmission(StrEnum):
    """What to do when nobody knows whether a submission took effect.

    ``resubmit`` may pay twice; ``fail`` leaves it to a person.
    """

    FAIL = "fail"
    RESUBMIT = "resubmit"


class OnRerun(StrEnum):
    """What to do when a successful task is cleared and its request is unchanged.

    ``reuse`` returns the recorded result and costs nothing; ``regenerate`` pays for a new one.
    """

    REUSE = "reuse"
    REGENERATE = "regenerate"


class Remote(StrEnum):
    """What the service says of the recorded task."""

    NOT_ASKED = "not_asked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    GONE = "gone"


class Kept(StrEnum):
    """What of a finished task's result can still be used without asking the service."""

    USABLE = "usable"
    LOST = "lost"


class Decision(StrEnum):
    """What to do next."""

    SUBMIT = "submit"
    LOOK = "look"
    ATTACH = "attach"
    CONCLUDE = "conclude"
    REUSE = "reuse"
    UNKNOWN = "unknown"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class SubmissionState:
    """Everything a decision depends on.

    :param same_request: the fingerprint is the recorded one.
    :param same_run: the record was written in this run of the task, before a retry or a crash; after a
        clear it is another run.
    :param remote: what the service says, once it was asked.
    :param kept: for a finished record.
    :param expired: the task is older than the service keeps any, so not to know it is normal.
    """

    record: Record | None
    same_request: bool = True
    same_run: bool = True
    remote: Remote = Remote.NOT_ASKED
    kept: Kept = Kept.LOST
    expired: bool = False
    on_unknown: OnUnknownSubmission = OnUnknownSubmission.FAIL
    on_rerun: OnRerun = OnRerun.REUSE


def decide(situation: SubmissionState) -> Decision:
    """Return what to do next. ``look`` means: ask the service, fill in ``remote``, and decide again."""
    record = situation.record
    if record is None or record.phase is Phase.FAILED:
        return Decision.SUBMIT
    if record.phase is Phase.INTENT:
        # Also for another request: the first may be running, and a template that renders anew at each
        # try would otherwise pay at each try.
        return _unless_resubmitting(situation, Decision.UNKNOWN)
    if not situation.same_request:
        return Decision.SUBMIT
    if record.phase is Phase.FINISHED:
        if situation.on_rerun is OnRerun.REGENERATE and not situation.same_run:
            return Decision.SUBMIT
        if situation.kept is Kept.USABLE:
            return Decision.REUSE
    return _by_remote(situation, record)


def _by_remote(situation: SubmissionState, record: Record) -> Decision:
    match situation.remote:
        case Remote.NOT_ASKED:
            return Decision.LOOK
        case Remote.RUNNING:
            return Decision.ATTACH
        case Remote.SUCCEEDED:
            return Decision.CONCLUDE
        case Remote.FAILED:
            return Decision.SUBMIT
        case Remote.GONE:
            if situation.expired or record.phase is Phase.FINISHED:
                return Decision.SUBMIT
            return _unless_resubmitting(situation, Decision.MISSING)


def _unless_resubmitting(situation: SubmissionState, otherwise: Decision) -> Decision:
    return Decision.SUBMIT if situation.on_unknown is OnUnknownSubmission.RESUBMIT else otherwise
