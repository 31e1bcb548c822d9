"""What to do about a request, by its record. Pure: nothing here reads, sends or uses the time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_kling.journal.record import Phase, Record


class OnUnknownSubmission(StrEnum):
    """What to do when the outcome of a submission is unknown.

    ``resubmit`` may pay twice; ``fail`` needs a manual decision. Where the service can look a submission up
    by its key, the outcome is looked up first, whatever the policy.
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
    MODERATED = "moderated"
    NOT_FOUND = "not_found"


class Lookup(StrEnum):
    """What the service says of the recorded submission's key.

    A look-up that finds a task makes the record a submitted one, so there is no value for it; nor is there
    one for a look-up that fails, which is an error and never "absent".
    """

    UNSUPPORTED = "unsupported"
    NOT_ASKED = "not_asked"
    ABSENT = "absent"


class ResultStatus(StrEnum):
    """Whether a finished task's result can still be used without a request to the service."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class Decision(StrEnum):
    """What to do next."""

    SUBMIT = "submit"
    RECOVER = "recover"
    CHECK_REMOTE = "check_remote"
    REATTACH = "reattach"
    COMPLETE = "complete"
    REUSE = "reuse"
    UNKNOWN = "unknown"
    REMOTE_MISSING = "remote_missing"


@dataclass(frozen=True, kw_only=True)
class SubmissionState:
    """Everything a decision depends on.

    :param same_request: the fingerprint is the recorded one.
    :param same_clear: the record was written since the task was last cleared; so a retry or a crash, and no
        clear, led here.
    :param lookup: whether the gateway can look a submission up by its key, and what it found.
    :param remote: what the service says of the recorded task, once it was asked.
    :param result: for a finished record.
    :param expired: the task is older than the service keeps any, so it is normal that it is not found.
    """

    record: Record | None
    same_request: bool = True
    same_clear: bool = True
    lookup: Lookup = Lookup.UNSUPPORTED
    remote: Remote = Remote.NOT_ASKED
    result: ResultStatus = ResultStatus.UNAVAILABLE
    expired: bool = False
    on_unknown: OnUnknownSubmission = OnUnknownSubmission.FAIL
    on_rerun: OnRerun = OnRerun.REUSE


def decide(state: SubmissionState) -> Decision:
    """Return what to do next.

    ``recover`` means: look the submission up by its key; with what was found, record it as submitted, and
    decide again. ``check_remote`` means: read the recorded task, fill in ``remote``, and decide again.
    """
    record = state.record
    if record is None or record.phase is Phase.FAILED:
        return Decision.SUBMIT
    if record.phase is Phase.INTENT:
        return _by_lookup(state)
    if not state.same_request:
        return Decision.SUBMIT
    if record.phase is Phase.FINISHED:
        if state.on_rerun is OnRerun.REGENERATE and not state.same_clear:
            return Decision.SUBMIT
        if state.result is ResultStatus.AVAILABLE:
            return Decision.REUSE
    return _by_remote(state, record)


def _by_lookup(state: SubmissionState) -> Decision:
    """Decide about an intent, also when the request has changed since: the first may be running, and a
    template that renders differently at each try would otherwise pay at each try.
    """  # noqa: D205  - one thought
    match state.lookup:
        case Lookup.UNSUPPORTED:
            return _unless_resubmitting(state, Decision.UNKNOWN)
        case Lookup.NOT_ASKED:
            return Decision.RECOVER
        case Lookup.ABSENT:
            return Decision.SUBMIT


def _by_remote(state: SubmissionState, record: Record) -> Decision:
    match state.remote:
        case Remote.NOT_ASKED:
            return Decision.CHECK_REMOTE
        case Remote.RUNNING:
            return Decision.REATTACH
        case Remote.SUCCEEDED:
            return Decision.COMPLETE
        case Remote.FAILED:
            return Decision.SUBMIT
        case Remote.MODERATED:
            # The same content would be rejected again; the try that submitted it died before it said so.
            return Decision.COMPLETE
        case Remote.NOT_FOUND:
            if state.expired or record.phase is Phase.FINISHED:
                return Decision.SUBMIT
            return _unless_resubmitting(state, Decision.REMOTE_MISSING)


def _unless_resubmitting(state: SubmissionState, otherwise: Decision) -> Decision:
    return Decision.SUBMIT if state.on_unknown is OnUnknownSubmission.RESUBMIT else otherwise
