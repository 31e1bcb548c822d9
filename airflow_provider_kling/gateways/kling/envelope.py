"""The platform's responses: what they hold, or the error that they are.

The business code decides, and not the HTTP status: four of the six codes that come with a 429 do not pass by
themselves, and an error may come with a 200 (docs: error-codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
    KlingSignatureExpiredError,
    KlingSubmissionUnknownError,
    api_error_class,
)
from airflow_provider_kling.gateways.certainty import WITHOUT_TASK
from airflow_provider_kling.gateways.json_values import label, mapping, service_id
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.rate_limit import retry_after

_LONGEST_DETAIL: Final = 500
_SUCCESS: Final = 0
_BAD_VALUE: Final = 1201
_SAME_TIME_S: Final = 2  # an HTTP date has whole seconds


class _Meaning(NamedTuple):
    """What a code means.

    :ivar transient: it passes by itself.
    :ivar without_task: after a submission, it is certain that no task was made.
    :ivar advice: what to do, for people.
    """

    error: type[KlingAPIError]
    transient: bool = False
    without_task: bool = True
    advice: str = ""


_CLOCK = "The token is made with this machine's clock"
_MEANINGS: Final[Mapping[int, _Meaning]] = {
    1000: _Meaning(KlingAuthenticationError),
    1001: _Meaning(KlingAuthenticationError),
    1002: _Meaning(KlingAuthenticationError),
    1003: _Meaning(KlingSignatureExpiredError, transient=True, advice=_CLOCK),
    1004: _Meaning(KlingSignatureExpiredError, transient=True, advice=_CLOCK),
    1100: _Meaning(KlingPermissionError, advice="The account is blocked; the platform's console says why"),
    1101: _Meaning(KlingBalanceError, advice="The account is in arrears"),
    1102: _Meaning(
        KlingBalanceError, advice="The resource pack for this kind of product is used up or expired"
    ),
    1103: _Meaning(KlingPermissionError),
    1200: _Meaning(KlingBadRequestError),
    1201: _Meaning(KlingBadRequestError),
    1202: _Meaning(KlingBadRequestError),
    1203: _Meaning(KlingNotFoundError),
    1300: _Meaning(KlingBadRequestError, advice="The content is refused; another try would be, too"),
    1301: _Meaning(KlingBadRequestError, advice="The content is refused; another try would be, too"),
    1302: _Meaning(KlingRateLimitError, transient=True),
    1303: _Meaning(KlingCapacityError, transient=True),
    1304: _Meaning(
        KlingPermissionError, advice="The account's list of allowed addresses does not have this machine's"
    ),
    5000: _Meaning(KlingServerError, transient=True, without_task=False),
    5001: _Meaning(KlingServerError, transient=True, without_task=False),
    5002: _Meaning(KlingServerError, transient=True, without_task=False),
}
"""By the business code (docs: error-codes)."""


def parse_data(response: HttpResponse, *, task_id: str | None = None) -> Any:
    """Return the envelope's ``data``.

    :param task_id: the task that the request was about, for the error.
    :raises KlingDuplicateSubmissionError: the caller's id of a submission was used before.
    :raises KlingAPIError: the code, or without one the HTTP status, is an error's.
    :raises KlingProtocolError: there is no envelope.
    """
    is_success = 200 <= response.status < 300
    try:
        envelope = mapping(response.json())
    except KlingProtocolError:
        if is_success:
            raise
        envelope = {}  # a proxy's own error page: the status says enough
    code = envelope.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        if is_success:
            raise KlingProtocolError(f"{response.request} was answered without a code")
        raise _error_by_status(response, task_id=task_id)
    if code == _SUCCESS and is_success:
        return envelope.get("data")
    raise _error_by_code(response, code, envelope, task_id=task_id)


def explain_submission(error: KlingError) -> KlingError:
    """Return the error to raise for a submission that ended in ``error``: a rejection, or unknown."""
    unsent = isinstance(error, KlingConnectionError) and not error.request_sent
    if unsent or isinstance(error, KlingDuplicateSubmissionError):
        return error
    if isinstance(error, KlingAPIError) and error.task_id is None and _is_without_task(error):
        return error.with_context(
            "The service rejected the submission: no task exists, and nothing is billed."
        )
    return KlingSubmissionUnknownError(f"The outcome of the submission is unknown: {error}")


def _is_without_task(error: KlingAPIError) -> bool:
    if error.code is None:
        return error.status_code in WITHOUT_TASK
    meaning = _MEANINGS.get(int(error.code))
    # An unknown code may come after the service has begun.
    return meaning.without_task if meaning else error.status_code in WITHOUT_TASK


def _error_by_code(
    response: HttpResponse, code: int, envelope: Mapping[str, Any], *, task_id: str | None
) -> KlingError:
    message = label(envelope.get("message"), longest=_LONGEST_DETAIL) or "no message"
    text = f"{response.request} was answered {response.status}, code {code}: {message}"
    # 1201 has several meanings, which only the path and the message tell apart.
    if code == _BAD_VALUE and response.request.method == "POST" and _is_duplicate(message):
        return KlingDuplicateSubmissionError(f"{text}. The id of this submission was used before.")
    # A 429 with a code that is not known is no reason to send the same again.
    error_class = KlingAPIError if response.status == 429 else api_error_class(response.status)
    meaning = _MEANINGS.get(code) or _Meaning(error_class, transient=response.status >= 500)
    if code == _BAD_VALUE and response.request.method == "GET" and "not found" in message.lower():
        meaning = _Meaning(KlingNotFoundError)
    advice = f"{meaning.advice}{_clock_difference(response) if meaning.advice is _CLOCK else ''}"
    return meaning.error(
        f"{text}{f'. {advice}.' if advice else ''}",
        status_code=response.status,
        code=str(code),
        task_id=task_id or _named_task(envelope, response=response),
        retry_after=retry_after(response.headers, status=response.status, now=response.received_at),
        transient=meaning.transient,
    )


def _error_by_status(response: HttpResponse, *, task_id: str | None) -> KlingAPIError:
    return api_error_class(response.status)(
        f"{response.request} was answered {response.status}, without a code",
        status_code=response.status,
        task_id=task_id,
        retry_after=retry_after(response.headers, status=response.status, now=response.received_at),
        transient=True if response.status in (408, 425) else None,
    )


def _is_duplicate(message: str) -> bool:
    words = message.lower()
    return "external_task_id" in words and "already exist" in words


def _named_task(envelope: Mapping[str, Any], *, response: HttpResponse) -> str | None:
    data = mapping(envelope.get("data"))
    try:
        return service_id(data.get("id") or data.get("task_id"), response=response)
    except KlingProtocolError:
        return None


def _clock_difference(response: HttpResponse) -> str:
    """Say by how much the two clocks differ, as the response's own date tells."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return ", which may be wrong"
    behind = date - response.received_at
    if abs(behind) < _SAME_TIME_S:
        return ", which agrees with the service's"
    return f", which is {abs(behind):.0f} s {'behind' if behind > 0 else 'ahead of'} the service's"
