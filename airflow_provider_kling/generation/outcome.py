"""What became of a try of an Airflow task, as metrics and traces name it. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from airflow_provider_kling.exceptions import (
    NO_CAPACITY,
    KlingError,
    KlingMediaError,
    KlingModerationError,
    KlingRequestError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
    KlingUnsupportedError,
)


class Outcome(StrEnum):
    """How a try ended."""

    SUCCEEDED = "succeeded"
    INVALID = "invalid"
    """An argument or the connection breaks a rule. Nothing was submitted."""
    NO_CAPACITY = "no_capacity"
    """The service had none until ``queue_timeout``. Nothing was submitted."""
    UNKNOWN = "unknown"
    """What became of the submission is unknown, and it may be billed."""
    FAILED = "failed"
    """The service ended the task as failed."""
    MODERATED = "moderated"
    """The service ended the task because it rejects the content."""
    TIMED_OUT = "timed_out"
    """The task was still running at the deadline."""
    MEDIA = "media"
    """An input could not be read, or a result could not be stored."""
    ERROR = "error"
    """Anything else."""


_OUTCOMES: Final = (
    # The first one counts, so a class stands before those that it derives from.
    ((KlingRequestError, KlingUnsupportedError), Outcome.INVALID),
    (NO_CAPACITY, Outcome.NO_CAPACITY),
    (KlingSubmissionUnknownError, Outcome.UNKNOWN),
    (KlingModerationError, Outcome.MODERATED),
    (KlingTaskFailedError, Outcome.FAILED),
    (KlingTimeoutError, Outcome.TIMED_OUT),
    (KlingMediaError, Outcome.MEDIA),
    (KlingError, Outcome.ERROR),
)


def outcome_of(error: KlingError) -> Outcome:
    """Return how a try ended that an error ended."""
    return next(outcome for kind, outcome in _OUTCOMES if isinstance(error, kind))
