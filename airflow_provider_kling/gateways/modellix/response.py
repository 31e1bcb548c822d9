"""Reading Modellix's answers.

The documents leave much open, so reading is tolerant: unknown fields are kept, absent and
null are alike, an unknown status is a task that still runs. What cannot be guessed, such as
an answer about another task, is a :class:`KlingProtocolError`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_kling.exceptions import (
    ErrorCategory,
    KlingAPIError,
    KlingProtocolError,
    api_error_class,
)
from airflow_provider_kling.http.file import UploadedFile
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.model_info import ModelInfo, PublishedSchema
from airflow_provider_kling.http.rate_limit import retry_after
from airflow_provider_kling.http.task import (
    FailureReason,
    LoggedRequest,
    Resource,
    ResourceRole,
    Task,
    TaskFailure,
    TaskStatus,
)

_NO_CONTENT = 204
_MOST_RESOURCES = 1000
_LONGEST_DETAIL = 500

# `completed` and friends are no part of the contract; the vendor's own client takes them.
_STATUS_OF_WORD = {
    "pending": TaskStatus.PENDING,
    "processing": TaskStatus.PROCESSING,
    "success": TaskStatus.SUCCESS,
    "succeeded": TaskStatus.SUCCESS,
    "completed": TaskStatus.SUCCESS,
    "failed": TaskStatus.FAILED,
    "error": TaskStatus.FAILED,
    "canceled": TaskStatus.FAILED,
    "cancelled": TaskStatus.FAILED,
}

# The documents name no code for refused content. These are what Kling's own platform uses
# (1301: risk control) and words that gateways put in its place; inferred.
_MODERATION_CODES = frozenset({"1301", "403", "content_policy_violation", "moderation_blocked"})
_MODERATION_WORDS = ("risk control", "content policy", "moderation", "sensitive content")


def parse_submission(response: HttpResponse) -> Task:
    """Read the answer to a submission; one without a task id is a :class:`KlingProtocolError`."""
    return _task(_data(response), response=response)


def parse_task(response: HttpResponse, *, task_id: str) -> Task:
    """Read the answer to a look at ``task_id``."""
    task = _task(_data(response, task_id=task_id), response=response)
    if task.task_id != task_id:
        raise KlingProtocolError(f"{response.request} was answered about another task, {task.task_id!r}")
    return task


def parse_balance(response: HttpResponse) -> Decimal:
    """Read the balance in USD."""
    balance = _decimal(_data(response).get("balance"))
    if balance is None:
        raise KlingProtocolError(f"{response.request} was answered without a balance")
    return balance


def parse_key_validation(response: HttpResponse) -> bool:
    """Read whether the key is valid."""
    return _data(response).get("is_valid") is True


def parse_models(response: HttpResponse) -> list[ModelInfo]:
    """Read the list of models, which has no ``data`` around it."""
    models = _object(response).get("models")
    if not isinstance(models, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of models")
    return [
        ModelInfo(
            slug=slug,
            type=_text(model.get("type")),
            description=_text(model.get("description")),
            docs_url=_text(model.get("docs_url")),
            price=_mapping(model.get("price")) or None,
        )
        for model in map(_mapping, models)
        if (slug := _text(model.get("slug")))
    ]


def parse_schema(response: HttpResponse) -> PublishedSchema:
    """Read what is published of a model's request: an OpenAPI operation, as the vendor's client reads it."""
    published = _object(response)
    content = _mapping(_mapping(_mapping(published.get("post")).get("requestBody")).get("content"))
    body = _mapping(content.get("application/json")).get("schema")
    if not isinstance(body, Mapping):
        raise KlingProtocolError(f"{response.request} was answered without a schema")
    servers = published.get("servers")
    server = _mapping(servers[0]) if isinstance(servers, list) and servers else {}
    return PublishedSchema(submit_url=_text(server.get("url")), body=body)


def parse_uploaded_file(response: HttpResponse) -> UploadedFile:
    """Read the answer to an upload; one without an id and a link is a :class:`KlingProtocolError`."""
    file = _uploaded_file(_data(response))
    if file is None:
        raise KlingProtocolError(f"{response.request} was answered without a file's id and link")
    return file


def parse_files(response: HttpResponse) -> list[UploadedFile]:
    """Read the list of files; the documents do not say in which member of the answer it stands."""
    data = _object(response).get("data")
    listed = _mapping(data).get("files", data)
    if not isinstance(listed, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of files")
    return [file for entry in listed if (file := _uploaded_file(_mapping(entry)))]


def parse_deletion(response: HttpResponse) -> None:
    """Read the answer to a deletion, which has no body."""
    if response.status != _NO_CONTENT:
        _object(response)


def _uploaded_file(fields: Mapping[str, Any]) -> UploadedFile | None:
    file_id, url = _text(fields.get("file_id")), _text(fields.get("url"))
    if file_id is None or url is None:
        return None
    created_at = fields.get("created_at")
    return UploadedFile(
        file_id=file_id,
        url=url,
        type=_text(fields.get("type")),
        filename=_text(fields.get("filename")),
        size=_whole(fields.get("size")),
        created_at=_iso_time(created_at) or _epoch_ms(created_at),
    )


def parse_request_log(response: HttpResponse) -> list[LoggedRequest]:
    """Read the request log; the documents do not say whether its list stands in ``data``."""
    envelope = _object(response)
    requests = _mapping(envelope.get("data")).get("requests", envelope.get("requests"))
    if not isinstance(requests, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of requests")
    return [
        LoggedRequest(
            task_id=task_id,
            status=_text(entry.get("status")),
            model=_text(_mapping(entry.get("model")).get("model_name")),
            created_at=_iso_time(entry.get("created_at")) or _epoch_ms(entry.get("created_at")),
        )
        for entry in map(_mapping, requests)
        if (task_id := _text(entry.get("task_id")))
    ]


def _data(response: HttpResponse, *, task_id: str | None = None) -> Mapping[str, Any]:
    """Return the envelope's ``data``, or raise the error that the answer stands for."""
    envelope = _object(response, task_id=task_id)
    code = envelope.get("code")
    if isinstance(code, int) and code != 0:
        raise _api_error(response, status=code, envelope=envelope, task_id=task_id)
    data = envelope.get("data")
    if not isinstance(data, Mapping):
        raise KlingProtocolError(f"{response.request} was answered without data")
    return data


def _object(response: HttpResponse, *, task_id: str | None = None) -> Mapping[str, Any]:
    if not 200 <= response.status < 300:
        try:
            envelope = _mapping(response.json())
        except KlingProtocolError:  # a proxy's own error page: the status says enough
            envelope = {}
        raise _api_error(response, status=response.status, envelope=envelope, task_id=task_id)
    envelope = response.json()
    if not isinstance(envelope, Mapping):
        raise KlingProtocolError(f"{response.request} was answered with JSON that is not an object")
    return envelope


def _api_error(
    response: HttpResponse, *, status: int, envelope: Mapping[str, Any], task_id: str | None
) -> KlingAPIError:
    message = _text(envelope.get("message")) or "no message"
    category = _category(message)
    return api_error_class(status, category)(
        f"{response.request} was answered {status}: {message[:_LONGEST_DETAIL]}",
        status_code=status,
        category=category,
        task_id=task_id,
        retry_after=retry_after(response.headers, status=response.status, now=response.received_at),
    )


def _category(message: str) -> ErrorCategory:
    """Read the part before the colon (docs: error-handling, ``<Category>: <detail>``)."""
    word = message.partition(":")[0].strip().lower()
    try:
        return ErrorCategory(word)
    except ValueError:
        return ErrorCategory.OTHER


def _task(data: Mapping[str, Any], *, response: HttpResponse) -> Task:
    task_id = _text(data.get("task_id"))
    if not task_id:
        raise KlingProtocolError(f"{response.request} was answered without a task id")
    raw_status = _text(data.get("status")) or ""
    status = _STATUS_OF_WORD.get(raw_status.lower(), TaskStatus.PROCESSING)
    result = _mapping(data.get("result"))
    times = _mapping(result.get("extensions"))
    return Task(
        task_id=task_id,
        status=status,
        raw_status=raw_status,
        model_id=_text(data.get("model_id")),
        resources=_resources(result.get("resources") or data.get("resources")),
        cost_usd=_decimal(_mapping(data.get("billing")).get("amount")),
        submitted_at=_iso_time(times.get("submit_time")),
        finished_at=_iso_time(times.get("end_time")),
        expires_at=_epoch_ms(data.get("result_expires_at")),
        failure=_failure(data.get("error")) if status is TaskStatus.FAILED else None,
        raw=data,
    )


def _resources(listed: object) -> tuple[Resource, ...]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    return tuple(found for one in listed[:_MOST_RESOURCES] if (found := _resource(one)))


def _resource(listed: object) -> Resource | None:
    """Read one file of a result: an object, or just its URL."""
    if isinstance(listed, str):
        return Resource(url=listed) if listed else None
    fields = _mapping(listed)
    url = _text(fields.get("url"))
    if not url:
        return None
    return Resource(
        url=url,
        type=_text(fields.get("type")),
        role=_role(fields.get("role")),
        width=_whole(fields.get("width")),
        height=_whole(fields.get("height")),
        format=_text(fields.get("format")),
        duration_s=_float(fields.get("duration")),
        size=_whole(fields.get("size")),
    )


def _role(value: object) -> ResourceRole | None:
    try:
        return ResourceRole(value)  # type: ignore[arg-type]  # anything may stand there
    except ValueError:
        return None


def _failure(error: object) -> TaskFailure:
    """Read ``data.error``, which may be absent, a text or an object (its shape is not documented)."""
    fields = _mapping(error)
    code = fields.get("code")
    code = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    message = _text(fields.get("message")) if fields else _text(error)
    refused = code in _MODERATION_CODES or any(word in (message or "").lower() for word in _MODERATION_WORDS)
    return TaskFailure(
        reason=FailureReason.MODERATION if refused else FailureReason.OTHER,
        code=code,
        message=message[:_LONGEST_DETAIL] if message else None,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    number = _float(value)
    return int(number) if number is not None and number.is_integer() and number > 0 else None


def _decimal(value: object) -> Decimal | None:
    """Read an amount of money; through ``str``, so that 0.4345 stays 0.4345."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _iso_time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    # A time without a zone is read as UTC, as the documents' samples end in Z.
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _epoch_ms(value: object) -> datetime | None:
    milliseconds = _float(value)
    try:
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None
