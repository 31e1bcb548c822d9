"""Every error this provider raises, as one tree under :class:`KlingError`.

Branch on classes, ``category`` and ``status_code``; the texts are for people.
``retryable`` says whether the same attempt, made again later, can end differently. The
operators fail a task at once, without using up its retries, when it is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_LONGEST_VALUE = 80


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """One rule that a request or a connection breaks.

    :param field: the field to change.
    :param rule: what the field has to be, as a phrase that follows the field's name.
    :param value: what was given; None when nothing was.
    :param involves: the fields the rule looks at, ``field`` included.
    """

    field: str
    rule: str
    value: object = None
    involves: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Read as ``field: rule; got value``, with long values cut."""
        got = "" if self.value is None else f"; got {_shorten(self.value)}"
        return f"{self.field}: {self.rule}{got}"


class ErrorCategory(StrEnum):
    """What the service says was wrong: the part of its message before the colon (docs: error-handling)."""

    INVALID_PARAMETERS = "invalid parameters"
    MISSING_PARAMETER = "missing required parameter"
    INVALID_FORMAT = "invalid format"
    OUT_OF_RANGE = "value out of range"
    AUTHENTICATION_FAILED = "authentication failed"
    PAYMENT_REQUIRED = "payment required"
    NOT_FOUND = "resource not found"
    RATE_LIMIT = "rate limit exceeded"
    CONCURRENT_LIMIT = "concurrent limit exceeded"
    OTHER = "other"


class KlingRequestWarning(UserWarning):
    """A request that is sent although the service may refuse it, or whose model will go or is gone.

    What a document states is refused with :class:`KlingRequestError`; this is for what is only inferred.
    """


class KlingError(Exception):
    """Anything that goes wrong between a DAG and Kling."""

    retryable: bool = True


class KlingRequestError(KlingError):
    """A request, or the connection it would use, breaks a documented rule. Nothing was sent or billed.

    :param subject: what was checked, such as ``kling-video-o1``.
    :param broken: every rule that is broken, not just the first.
    """

    retryable = False

    def __init__(self, *, subject: str, broken: Sequence[BrokenRule]) -> None:
        self.subject = subject
        self.broken = tuple(broken)
        rules = "1 rule is" if len(self.broken) == 1 else f"{len(self.broken)} rules are"
        lines = "".join(f"\n  - {rule}" for rule in self.broken)
        super().__init__(f"{subject}: {rules} broken; nothing was sent or billed.{lines}")


class KlingAPIError(KlingError):
    """The service answered with an HTTP error.

    :param status_code: the HTTP status.
    :param category: the service's own word for it.
    :param task_id: the task the call was about, where there was one.
    :param retry_after: seconds the service asks to wait, where it says so.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        category: ErrorCategory = ErrorCategory.OTHER,
        task_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.category = category
        self.task_id = task_id
        self.retry_after = retry_after


class KlingBadRequestError(KlingAPIError):
    """400, 413, 415 or 422: the service refuses the request as it is. Nothing was billed."""

    retryable = False


class KlingAuthenticationError(KlingAPIError):
    """401: the API key is missing, wrong or expired."""

    retryable = False


class KlingBalanceError(KlingAPIError):
    """402: the team's balance does not cover the generation."""

    retryable = False


class KlingPermissionError(KlingAPIError):
    """403: the key may not do this, or the content is refused at submission."""

    retryable = False


class KlingNotFoundError(KlingAPIError):
    """404: no such task or model for this key, or the task has expired."""

    retryable = False


class KlingRateLimitError(KlingAPIError):
    """429: more requests in this minute than the team may make. Nothing was billed."""


class KlingCapacityError(KlingAPIError):
    """429: the team already runs as many tasks at once as it may. Nothing was billed."""


class KlingServerError(KlingAPIError):
    """5xx: trouble at the service."""


class KlingConnectionError(KlingError):
    """The service was never reached, or the connection broke before the whole answer was read.

    :param request_sent: False when it is certain that no byte of the request left.
    """

    def __init__(self, message: str, *, request_sent: bool) -> None:
        super().__init__(message)
        self.request_sent = request_sent


class KlingProtocolError(KlingError):
    """An answer that is not the contract: not JSON, cut short, over 16 MiB, or about another task."""


class KlingJournalError(KlingError):
    """The record of a task's submission cannot be read or written. Nothing was submitted on its account.

    :param retryable: false where a person has to mend the record first.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class KlingSubmissionUnknownError(KlingError):
    """A submission was sent and nobody knows whether it took effect. It may be running and billed.

    :param retryable: true where the DAG's author accepts that a retry may pay twice.
    """

    retryable = False

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class KlingTaskFailedError(KlingError):
    """The service ended the task as failed.

    :param task_id: the task.
    :param code: the service's error code, where it gave one.
    """

    def __init__(self, message: str, *, task_id: str, code: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.code = code


class KlingModerationError(KlingTaskFailedError):
    """The task failed because of its content; the same request will fail again."""

    retryable = False


class KlingTimeoutError(KlingError):
    """The deadline passed while the task was still running. It may still finish, and be billed.

    :param task_id: the task, which the service goes on with.
    """

    def __init__(self, message: str, *, task_id: str) -> None:
        super().__init__(message)
        self.task_id = task_id


class KlingMediaError(KlingError):
    """A file is not what it claims to be, or may not be fetched from where it lies.

    :param retryable: false where the same bytes will be refused again.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


def api_error_class(status_code: int, category: ErrorCategory) -> type[KlingAPIError]:
    """Pick the class for an HTTP status (docs: error-handling; 403, 413, 415, 422: known clients)."""
    if status_code == 429 and category is ErrorCategory.CONCURRENT_LIMIT:
        return KlingCapacityError
    if status_code >= 500:
        return KlingServerError
    return _CLASS_OF_STATUS.get(status_code, KlingAPIError)


_CLASS_OF_STATUS: dict[int, type[KlingAPIError]] = {
    400: KlingBadRequestError,
    401: KlingAuthenticationError,
    402: KlingBalanceError,
    403: KlingPermissionError,
    404: KlingNotFoundError,
    413: KlingBadRequestError,
    415: KlingBadRequestError,
    422: KlingBadRequestError,
    429: KlingRateLimitError,
}


def _shorten(value: object) -> str:
    text = repr(value)
    if len(text) <= _LONGEST_VALUE:
        return text
    size = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return f"{text[:_LONGEST_VALUE]}…{size}"
