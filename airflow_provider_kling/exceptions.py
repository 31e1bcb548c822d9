"""Every error this provider raises, as one tree under :class:`KlingError`.

Code decides by the class, ``status_code`` and ``code``. The messages are for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar, Self

_LONGEST_VALUE = 80


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """One rule that a request or a connection breaks.

    :param field: the field to change.
    :param rule: what the field has to be, as a phrase that follows the field's name.
    :param value: the value that was given; None when there was none.
    :param involves: all fields that the rule is about, ``field`` included.
    """

    field: str
    rule: str
    value: object = None
    involves: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Read as ``field: rule; got value``, with long values cut."""
        got = "" if self.value is None else f"; got {_shorten(self.value)}"
        return f"{self.field}: {self.rule}{got}"


class KlingRequestWarning(UserWarning):
    """A request that is sent although the service may reject it, or whose model is retired or will be.

    A broken documented rule is a :class:`KlingRequestError`; this is for rules that are only inferred.
    """


class KlingError(Exception):
    """The base of all errors of this provider.

    :cvar retryable: whether another try of the Airflow task can end differently. Where it is false, the
        operators fail the task at once and use up no retries.
    :cvar transient: whether the same read can succeed a moment later. The client then repeats calls that are
        safe to repeat, and waiting for a task continues.
    :cvar retry_delay: how long :data:`~airflow_provider_kling.retry_policy.kling_retry_policy` waits before
        the next try. None leaves it to the task.
    :cvar retry_reason: why that policy retries or does not.
    """

    retryable: bool = True
    transient: bool = False
    retry_delay: ClassVar[timedelta | None] = None
    retry_reason: ClassVar[str] = "another try can end differently"

    def with_context(self, context: str) -> Self:
        """Return this error with a longer message. The class and every attribute are the same.

        :param context: sentences that follow the message, such as what became of the task. Empty for none.
        """
        if not context:
            return self
        # A message that ends in a list continues on a line of its own.
        message = f"{self}\n{context}" if "\n" in str(self) else f"{str(self).rstrip('.')}. {context}"
        longer = type(self).__new__(type(self), message)
        longer.__dict__.update(self.__dict__)
        # It replaces this one, so that a traceback shows one error and not two.
        longer.__cause__, longer.__suppress_context__ = self.__cause__, True
        return longer.with_traceback(self.__traceback__)

    def __reduce__(self) -> tuple[object, ...]:
        """Make copying and pickling work although the constructors take keywords."""
        return type(self).__new__, (type(self), *self.args), self.__dict__


class KlingRequestError(KlingError):
    """A request or its connection breaks a documented rule. The request was not sent and costs nothing.

    :param subject: what was checked, such as ``kling-video-o1``.
    :param broken: every broken rule, not only the first.
    """

    retryable = False
    retry_reason = "the same request breaks the same rule"

    def __init__(self, *, subject: str, broken: Sequence[BrokenRule]) -> None:
        self.subject = subject
        self.broken = tuple(broken)
        rules = "1 rule is" if len(self.broken) == 1 else f"{len(self.broken)} rules are"
        lines = "".join(f"\n  - {rule}" for rule in self.broken)
        super().__init__(f"{subject}: {rules} broken; nothing was sent.{lines}")


class KlingUnsupportedError(KlingError):
    """The connection's gateway does not offer this, such as a store for files. Nothing was sent."""

    retryable = False
    retry_reason = "the gateway does not offer it"


class KlingAPIError(KlingError):
    """The service responded with an error.

    :param message: for people.
    :param status_code: the HTTP status of the response.
    :param code: the service's own code or word for the error, if it gave one.
    :param task_id: the task that the call was about, if there was one.
    :param retry_after: seconds that the service says to wait, if it says so.
    :param transient: replaces the value of the class where the service's code says more than the HTTP status.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        task_id: str | None = None,
        retry_after: float | None = None,
        transient: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.task_id = task_id
        self.retry_after = retry_after
        if transient is not None:
            self.transient = transient


class KlingBadRequestError(KlingAPIError):
    """400, 413, 415, 422 and other statuses by which the service rejects the request as it is."""

    retryable = False
    retry_reason = "the service would reject the same request again"


class KlingAuthenticationError(KlingAPIError):
    """401: the service does not accept the credentials."""

    retryable = False
    retry_reason = "the credentials have to be changed first"


class KlingSignatureExpiredError(KlingAuthenticationError):
    """The request's signature has expired, or is not valid yet. The next request is signed again."""

    retryable = True
    transient = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the next try signs its requests again"


class KlingBalanceError(KlingAPIError):
    """402: the account's balance does not cover the generation."""

    retryable = False
    retry_reason = "the account has to be topped up first"


class KlingPermissionError(KlingAPIError):
    """403: the credentials do not allow this, or the service rejects the content at submission."""

    retryable = False
    retry_reason = "the service would reject the same request again"


class KlingNotFoundError(KlingAPIError):
    """404: these credentials do not know the task or the model, or the task has expired."""

    retryable = False
    retry_reason = "the service does not know the task or the model"


class KlingRateLimitError(KlingAPIError):
    """429: the account has used up its requests for now."""

    transient = True
    retry_delay = timedelta(minutes=5)
    retry_reason = "the service has no capacity"


class KlingCapacityError(KlingAPIError):
    """429: the account runs as many tasks at once as it may."""

    transient = True
    retry_delay = timedelta(minutes=5)
    retry_reason = "the service has no capacity"


class KlingServerError(KlingAPIError):
    """5xx: the service has a problem."""

    transient = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the problem passes by itself"


class KlingConnectionError(KlingError):
    """The service was not reached, or the connection broke before the whole response was read.

    :param message: for people.
    :param request_sent: False when it is certain that no byte of the request was sent.
    """

    transient = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the problem passes by itself"

    def __init__(self, message: str, *, request_sent: bool) -> None:
        super().__init__(message)
        self.request_sent = request_sent


class KlingProtocolError(KlingError):
    """The service sent what it does not document: no JSON, a part of a response, too much, another task."""

    transient = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the problem passes by itself"


class KlingJournalError(KlingError):
    """The record of a task's submission cannot be read or written. Without it, nothing is submitted.

    :param message: for people.
    :param retryable: False where the record has to be repaired by hand first.
    """

    retry_delay = timedelta(minutes=1)
    retry_reason = "the next try may be able to read the record"

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class KlingFileStoreFullError(KlingError):
    """The account has as many files at the service as it may. Nothing was submitted."""

    retry_delay = timedelta(minutes=5)
    retry_reason = "files are deleted when the tasks that use them end"


class KlingMinBalanceError(KlingError):
    """The balance of the account is below the task's ``min_balance``. Nothing was submitted.

    :param message: for people.
    :param balance: the balance, in the gateway's unit.
    """

    retryable = False
    retry_reason = "the account has to be topped up first"

    def __init__(self, message: str, *, balance: Decimal) -> None:
        super().__init__(message)
        self.balance = balance


class KlingSubmissionUnknownError(KlingError):
    """A submission was sent, and its outcome is unknown: a task may be running and may be billed.

    :param message: for people.
    :param retryable: True where a retry can look it up, or where the DAG's author accepts to pay twice.
    """

    retryable = False
    retry_reason = "another submission may be paid twice"

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable


class KlingSubmissionLookupError(KlingSubmissionUnknownError):
    """A submission was sent, and its look-up did not tell the outcome. A retry looks it up again.

    :param message: for people.
    """

    retryable = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the next try looks the submission up, and sends nothing before that"


class KlingDuplicateSubmissionError(KlingError):
    """The service already has a submission with this key, so it made no second task."""

    retry_delay = timedelta(minutes=1)
    retry_reason = "the next try looks up the first submission"


class KlingTaskFailedError(KlingError):
    """The service ended the task as failed.

    :param message: for people.
    :param task_id: the task.
    :param code: the service's error code, if it gave one.
    """

    retry_delay = timedelta(minutes=1)
    retry_reason = "the task failed at the service; the next try submits a new one"

    def __init__(self, message: str, *, task_id: str, code: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.code = code


class KlingModerationError(KlingTaskFailedError):
    """The service ended the task as failed because it rejects the content."""

    retryable = False
    retry_reason = "the service would reject the same content again"


class KlingTimeoutError(KlingError):
    """The deadline passed before the task ended. The task continues at the service and may be billed.

    :param message: for people.
    :param task_id: the task.
    """

    retry_delay = timedelta(seconds=30)
    retry_reason = "the task may still finish; the next try waits for it and submits nothing"

    def __init__(self, message: str, *, task_id: str) -> None:
        super().__init__(message)
        self.task_id = task_id


class KlingMediaError(KlingError):
    """A media file is not what it should be, or cannot be read, downloaded or stored.

    :param message: for people.
    :param retryable: False where the same file would be rejected again.
    """

    retry_reason = "the next try may be able to read or store the file"

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class KlingResultHostError(KlingMediaError):
    """The host of a result's file responded with 408, 429 or 5xx. This is no limit of the service's API.

    :param message: for people.
    :param status_code: the HTTP status of its response.
    """

    transient = True
    retry_delay = timedelta(minutes=1)
    retry_reason = "the problem passes by itself"

    def __init__(self, message: str, *, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


def api_error_class(status_code: int) -> type[KlingAPIError]:
    """Return the class for an HTTP status. A gateway can choose another by the service's own code."""
    if status_code >= 500:
        return KlingServerError
    return _CLASS_OF_STATUS.get(status_code, KlingAPIError)


_CLASS_OF_STATUS: dict[int, type[KlingAPIError]] = {
    400: KlingBadRequestError,
    401: KlingAuthenticationError,
    402: KlingBalanceError,
    403: KlingPermissionError,
    404: KlingNotFoundError,
    **dict.fromkeys((405, 406, 410, 411, 413, 414, 415, 417, 422, 426, 428, 431, 451), KlingBadRequestError),
    429: KlingRateLimitError,
}


def _shorten(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  - such as of a number with thousands of digits
        return f"a value of type {type(value).__name__} that cannot be shown"
    if len(text) <= _LONGEST_VALUE:
        return text
    size = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return f"{text[:_LONGEST_VALUE]}…{size}"


NO_CAPACITY = (KlingRateLimitError, KlingCapacityError, KlingFileStoreFullError)
"""The errors of a submission that passes when other tasks have ended, or after a minute."""
