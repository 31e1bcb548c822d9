"""What to do about a request, by its record. Pure: nothing here reads, sends or uses the time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.journal.record import Phase, Record


class OnUnknownSubmission(StrEnum):
    """What to do when the outcome of a submission is unknown: see the operators' argument."""

    FAIL = "fail"
    RESUBMIT = "resubmit"


class OnRerun(StrEnum):
    """What to do when a successful task is cleared unchanged: see the operators' argument."""

    REUSE = "reuse"
    REGENERATE = "regenerate"


class Remote(StrEnum):
    """What the service says of the recorded task, or of a submission that is looked up by its key.

    ``not_found`` means for a submission that it is certainly absent. A look-up that fails is an error.
    """

    NOT_ASKED = "not_asked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MODERATED = "moderated"
    NOT_FOUND = "not_found"

    @classmethod
    def of(cls, task: Task | None) -> Remote:
        """Return what the state of a task says; None is one that the service does not know."""
        if task is None:
            return cls.NOT_FOUND
        match task.status:
            case TaskStatus.SUCCESS:
                return cls.SUCCEEDED
            case TaskStatus.FAILED:
                moderated = task.failure is not None and task.failure.moderated
                return cls.MODERATED if moderated else cls.FAILED
            case TaskStatus.PENDING | TaskStatus.PROCESSING:
                return cls.RUNNING


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
    :param recoverable: the gateway can look the submission up by its key.
    :param result_available: a finished task's result can still be used without a request to the service.
    :param expired: the task is older than the service keeps any, so it is normal that it is not found.
    """

    record: Record | None
    same_request: bool = True
    same_clear: bool = True
    recoverable: bool = False
    remote: Remote = Remote.NOT_ASKED
    result_available: bool = False
    expired: bool = False
    on_unknown: OnUnknownSubmission = OnUnknownSubmission.FAIL
    on_rerun: OnRerun = OnRerun.REUSE

    @property
    def accepts_two_bills(self) -> bool:
        """Whether a submission whose outcome is unknown may be repeated."""
        return self.on_unknown is OnUnknownSubmission.RESUBMIT


def decide(state: SubmissionState) -> Decision:
    """Return what to do next.

    ``recover`` means: look the submission up by its key, and record its task if there is one.
    ``check_remote`` means: read the recorded task. After either, fill in ``remote``, and decide again.
    """
    record = state.record
    if record is None or record.phase is Phase.FAILED:
        return Decision.SUBMIT
    if record.phase is Phase.INTENT:
        # Also when the request has changed since: the first may be running, and a template that renders
        # differently at each try would otherwise pay at each try.
        if not state.recoverable:
            return Decision.SUBMIT if state.accepts_two_bills else Decision.UNKNOWN
        return Decision.SUBMIT if state.remote is Remote.NOT_FOUND else Decision.RECOVER
    if not state.same_request:
        return Decision.SUBMIT
    if record.phase is Phase.FINISHED:
        if state.on_rerun is OnRerun.REGENERATE and not state.same_clear:
            return Decision.SUBMIT
        if state.result_available:
            return Decision.REUSE
    return _by_remote(state, record)


def _by_remote(state: SubmissionState, record: Record) -> Decision:
    match state.remote:
        case Remote.NOT_ASKED:
            return Decision.CHECK_REMOTE
        case Remote.RUNNING:
            return Decision.REATTACH
        case Remote.SUCCEEDED | Remote.MODERATED:
            # The same content would be rejected again; the try that submitted it died before it said so.
            return Decision.COMPLETE
        case Remote.FAILED:
            return Decision.SUBMIT
        case Remote.NOT_FOUND:
            accepted = state.expired or record.phase is Phase.FINISHED or state.accepts_two_bills
            return Decision.SUBMIT if accepted else Decision.REMOTE_MISSING


def resubmission_reason(record: Record, state: SubmissionState) -> str:
    """Say why a request is submitted although a submission is on record. For the log."""
    match record.phase:
        case Phase.INTENT if not state.recoverable:
            return (
                f"The outcome of the submission at {record.intent_at_text} is unknown, and "
                "on_unknown_submission='resubmit' accepts that both may be billed."
            )
        case Phase.INTENT:
            return f"The submission at {record.intent_at_text} was looked up: the service made no task of it."
        case Phase.FAILED:
            return f"The former submission (task {record.task_id}) has failed."
        case _ if state.remote is Remote.NOT_FOUND:
            return f"The service does not know task {record.task_id}, or no longer."
        case _ if state.remote is Remote.FAILED:
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
