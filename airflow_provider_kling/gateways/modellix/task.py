"""Reading Modellix's tasks.

The documents leave much open, so reading is tolerant: unknown fields are kept, absent and null are alike, an
unknown status is a task that still runs. What cannot be guessed, such as a response about another task, is a
:class:`KlingProtocolError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.json_values import (
    amount,
    count,
    label,
    link,
    mapping,
    moment,
    number,
    service_id,
)
from airflow_provider_kling.gateways.modellix.response import LONGEST_DETAIL, parse_data
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskFailure, TaskStatus

_MOST_RESOURCES = 50  # a request makes at most nine results, each with a cover and a thumbnail

# The documents have only the first four words; the vendor's own client takes the others as well.
STATUS_OF_WORD = {
    **{status.value: status for status in TaskStatus},
    "succeed": TaskStatus.SUCCESS,  # Kling's own platform
    "succeeded": TaskStatus.SUCCESS,
    **dict.fromkeys(("complete", "completed", "done", "finished"), TaskStatus.SUCCESS),
    **dict.fromkeys(("fail", "failure", "error", "rejected"), TaskStatus.FAILED),
    **dict.fromkeys(("canceled", "cancelled"), TaskStatus.FAILED),
}

# The documents name no code for rejected content. These are what Kling's own platform uses
# (1301: risk control) and words that gateways put in its place; inferred.
_MODERATION_CODES = frozenset({"1301", "403", "content_policy_violation", "moderation_blocked"})
_MODERATION_WORDS = ("risk control", "content policy", "moderation", "sensitive content")


def parse_submission(response: HttpResponse) -> Task:
    """Read the response to a submission; one without a task id is a :class:`KlingProtocolError`."""
    return _task(parse_data(response), response=response)


def parse_task(response: HttpResponse, *, task_id: str) -> Task:
    """Read the response to a poll of ``task_id``."""
    task = _task(parse_data(response, task_id=task_id), response=response)
    if task.task_id != task_id:
        raise KlingProtocolError(f"{response.request} was answered about another task, {task.task_id!r}")
    return task


def _task(data: Mapping[str, Any], *, response: HttpResponse) -> Task:
    task_id = service_id(data.get("task_id"), response=response)
    if not task_id:
        raise KlingProtocolError(f"{response.request} was answered without a task id")
    raw_status = label(data.get("status")) or ""
    result = mapping(data.get("result"))
    times = mapping(result.get("extensions"))
    resources = _resources(result.get("resources") or data.get("resources"))
    cost_usd = amount(mapping(data.get("billing")).get("amount"))
    # A result and a bill are an end, whatever word the service has for it.
    unknown = TaskStatus.SUCCESS if resources and cost_usd is not None else TaskStatus.PROCESSING
    status = STATUS_OF_WORD.get(raw_status.lower(), unknown)
    return Task(
        task_id=task_id,
        status=status,
        raw_status=raw_status,
        model_id=label(data.get("model_id")),
        resources=resources,
        cost_usd=cost_usd,
        submitted_at=moment(times.get("submit_time")),
        finished_at=moment(times.get("end_time")),
        expires_at=moment(data.get("result_expires_at")),
        failure=_failure(data.get("error")) if status is TaskStatus.FAILED else None,
        raw=data,
    )


def _resources(listed: object) -> tuple[Resource, ...]:
    listed = listed[:_MOST_RESOURCES] if isinstance(listed, list) else []
    return tuple(found for one in listed if (found := _resource(one)))


def _resource(listed: object) -> Resource | None:
    """Read one file of a result: an object, or just its URL."""
    if isinstance(listed, str):
        listed = {"url": listed}
    fields = mapping(listed)
    url = link(fields.get("url"))
    if not url:
        return None
    return Resource(
        url=url,
        type=_lower(fields.get("type")).partition("/")[0] or None,  # also `video/mp4`
        role=next((role for role in ResourceRole if role == _lower(fields.get("role"))), None),
        width=count(fields.get("width")),
        height=count(fields.get("height")),
        format=label(fields.get("format")),
        duration_s=number(fields.get("duration")),
        size=count(fields.get("size")),
    )


def _lower(value: object) -> str:
    return (label(value) or "").lower()


def _failure(error: object) -> TaskFailure:
    """Read ``data.error``, which may be absent, a text or an object (its shape is not documented)."""
    fields = mapping(error)
    code = fields.get("code")
    code = label(str(code)) if isinstance(code, int | str) and not isinstance(code, bool) else None
    message = label(fields.get("message") if fields else error, longest=LONGEST_DETAIL)
    moderated = code in _MODERATION_CODES or any(
        word in (message or "").lower() for word in _MODERATION_WORDS
    )
    return TaskFailure(moderated=moderated, code=code, message=message)
