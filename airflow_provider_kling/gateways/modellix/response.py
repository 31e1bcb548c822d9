"""Modellix's responses: the envelope's ``data``, or the error that a response means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingBadRequestError,
    KlingCapacityError,
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
    KlingSubmissionUnknownError,
    api_error_class,
)
from airflow_provider_kling.gateways.certainty import WITHOUT_TASK
from airflow_provider_kling.gateways.json_values import label, mapping, service_id
from airflow_provider_kling.gateways.modellix.translation import API_VERSIONS, DISTINCTIVE_FIELDS
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.rate_limit import retry_after

LONGEST_DETAIL = 500

# The code of a 429 when the account runs as many tasks as it may (docs: error-handling).
_CONCURRENT_LIMIT = "concurrent limit exceeded"
# Statuses beside 429 and 5xx after which the same read may succeed a moment later (RFC 9110, RFC 8470).
_TRANSIENT = frozenset({408, 425})


def parse_data(response: HttpResponse, *, task_id: str | None = None) -> Mapping[str, Any]:
    """Return the envelope's ``data``.

    :param task_id: the task that the request was about, for the error.
    :raises KlingAPIError: the envelope or the HTTP status is an error's.
    :raises KlingProtocolError: there is no ``data``.
    """
    envelope = parse_object(response, task_id=task_id)
    data = envelope.get("data")
    if not isinstance(data, Mapping):
        raise KlingProtocolError(f"{response.request} was answered without data")
    return data


def parse_object(response: HttpResponse, *, task_id: str | None = None) -> Mapping[str, Any]:
    """Return the JSON object of a response that is no error; see :func:`parse_data`."""
    if not 200 <= response.status < 300:
        try:
            envelope = mapping(response.json())
        except KlingProtocolError:  # a proxy's own error page: the status says enough
            envelope = {}
        raise _api_error(response, status=response.status, envelope=envelope, task_id=task_id)
    envelope = response.json()
    if not isinstance(envelope, Mapping):
        raise KlingProtocolError(f"{response.request} was answered with JSON that is not an object")
    code = envelope.get("code")
    if isinstance(code, int) and code != 0 and not 200 <= code < 300:
        # The service's codes are the statuses of errors; another one says nothing for certain.
        status = code if 400 <= code < 600 else response.status
        raise _api_error(response, status=status, envelope=envelope, task_id=task_id)
    return envelope


def _api_error(
    response: HttpResponse, *, status: int, envelope: Mapping[str, Any], task_id: str | None
) -> KlingAPIError:
    message = label(envelope.get("message"), longest=LONGEST_DETAIL) or ""
    # The part before the colon is the service's word for the error (docs: error-handling).
    code = message.partition(":")[0].strip().lower() or None
    if 300 <= status < 400 and (target := label(response.headers.get("location"), longest=LONGEST_DETAIL)):
        message = f"{message or 'a redirect'}, to {target.partition('?')[0]!r}; it is not followed"
    crowded = status == 429 and code == _CONCURRENT_LIMIT
    error_class = KlingCapacityError if crowded else api_error_class(status)
    return error_class(
        f"{response.request} was answered {status}: {message or 'no message'}",
        status_code=status,
        code=code,
        task_id=task_id or _named_task(envelope, response=response),
        retry_after=retry_after(response.headers, status=response.status, now=response.received_at),
        transient=True if status in _TRANSIENT else None,
    )


def _named_task(envelope: Mapping[str, Any], *, response: HttpResponse) -> str | None:
    try:
        return service_id(mapping(envelope.get("data")).get("task_id"), response=response)
    except KlingProtocolError:
        return None


def explain_submission(error: KlingError, *, api_version: str) -> KlingError:
    """Return the error to raise for a submission that ended in ``error``: a rejection, or unknown.

    :param api_version: the one that the request was written in.
    """
    if isinstance(error, KlingConnectionError) and not error.request_sent:
        return error
    named = error.task_id if isinstance(error, KlingAPIError) else None
    if isinstance(error, KlingAPIError) and error.status_code in WITHOUT_TASK and named is None:
        return error.with_context(
            "The service rejected the submission: no task exists, and nothing is billed."
            f"{_version_hint(error, api_version=api_version)}"
        )
    return KlingSubmissionUnknownError(
        f"The outcome of the submission is unknown: {str(error).rstrip('.')}"
        f"{f', although it names task {named}' if named else ''}. A task may be running at the "
        "service and be billed, so nothing was sent again. Search the service's request log for it before "
        "you submit again."
    )


def _version_hint(error: KlingAPIError, *, api_version: str) -> str:
    """Name the other API version when the service rejects a field in which the versions differ."""
    named = sorted(DISTINCTIVE_FIELDS.intersection(re.findall(r"[a-z_]+", str(error).lower())))
    if not named or not isinstance(error, KlingBadRequestError):
        return ""
    [other] = {*API_VERSIONS} - {api_version}
    return (
        f" The versions of the service's API differ in {', '.join(named)}; this request was written for "
        f"{api_version!r}. If the service now wants the other, set the connection's extra `api_version` to "
        f"{other!r}."
    )
