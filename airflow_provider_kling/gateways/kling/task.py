"""Reading the platform's tasks. Its two standards describe them in different words.

Whoever answers may send anything. What does not fit is left out, and an unknown status is a task that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingProtocolError
from airflow_provider_kling.gateways.json_values import (
    amount,
    label,
    link,
    mapping,
    moment,
    service_id,
    text,
)
from airflow_provider_kling.gateways.kling.envelope import parse_data
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskFailure, TaskStatus

KEPT: Final = timedelta(days=30)
"""How long the platform keeps a result (docs: each model's page)."""

UNIT: Final = "units"
_MOST_RESOURCES: Final = 100  # nine images of a series, each with a second address
_MOST_TASKS: Final = 500  # of one response
_LONGEST_REASON: Final = 500

STATUS_OF_WORD: Final = {
    "submitted": TaskStatus.PENDING,
    "processing": TaskStatus.PROCESSING,
    "succeed": TaskStatus.SUCCESS,  # the legacy standard
    "succeeded": TaskStatus.SUCCESS,
    "failed": TaskStatus.FAILED,
}
# A failed task has no code, only a text. The first is the platform's own; the others are as good.
_MODERATION_WORDS: Final = ("risk control", "content policy", "sensitive")
# Where a result's links are, and of which form: the first one is the result, the others are copies of it.
_LINKS: Final = (
    ("url", None),
    ("mp3_url", "mp3"),
    ("url_mp3", "mp3"),
    ("wav_url", "wav"),
    ("url_wav", "wav"),
    ("watermark_url", None),
)
# Links to results of their own: the views of a thing from several sides, and what a voice sounds like.
_OTHER_LINKS: Final = ("url_1", "url_2", "url_3", "trial_url")
_IDS: Final = ("id", "voice_id", "element_id")


def parse_submission(response: HttpResponse) -> Task:
    """Read the response to a submission; one without a task id is a :class:`KlingProtocolError`."""
    return read_task(parse_data(response), response=response)


def parse_immediate(response: HttpResponse) -> Task:
    """Read the response of an endpoint that answers at once: the task has ended, and cannot be read again.

    It may have no id; then that of the request names it.
    """
    data = mapping(parse_data(response))
    result = mapping(data.get("task_result")) or data
    request_id = mapping(response.json()).get("request_id")
    task_id = service_id(data.get("task_id") or request_id, response=response)
    resources = tuple(_legacy_resources({"task_result": result}))
    if not task_id or not resources:
        raise KlingProtocolError(f"{response.request} was answered without a result")
    return Task(
        task_id=task_id,
        status=TaskStatus.SUCCESS,
        raw_status=label(data.get("task_status")) or "succeed",
        resources=resources[:_MOST_RESOURCES],
        raw=data,
        **_legacy_costs(data),
    )


def parse_task(response: HttpResponse, *, task_id: str) -> Task:
    """Read the response to a poll of one task.

    :raises KlingNotFoundError: the response is about no task.
    """
    data = parse_data(response, task_id=task_id)
    if isinstance(data, Mapping):  # the legacy standard reads one task, the other one a list
        return _about(read_task(data, response=response), task_id=task_id, response=response)
    for task in _tasks(data, response=response):
        return _about(task, task_id=task_id, response=response)
    raise KlingNotFoundError(
        f"The service does not know the task {task_id}", status_code=response.status, task_id=task_id
    )


def parse_tasks(response: HttpResponse) -> Mapping[str, Task]:
    """Read the response to a poll of several tasks, by their ids."""
    return {task.task_id: task for task in _tasks(parse_data(response), response=response)}


def parse_found(response: HttpResponse, *, key: str) -> Task | None:
    """Read the response to a look-up by the caller's id of a submission; None: there is no such task."""
    data = parse_data(response)
    listed = [data] if isinstance(data, Mapping) else data
    found = list(_tasks(listed, response=response))
    for task in found:
        told = task.raw.get("external_id", mapping(task.raw.get("task_info")).get("external_task_id"))
        if told != key:
            raise KlingProtocolError(f"{response.request} was answered about another submission")
    return found[0] if found else None


def read_task(told: object, *, response: HttpResponse) -> Task:
    """Read one task, in the words of either standard."""
    fields = mapping(told)
    is_legacy = "task_id" in fields
    task_id = service_id(fields.get("task_id" if is_legacy else "id"), response=response)
    if not task_id:
        raise KlingProtocolError(f"{response.request} was answered without a task id")
    raw_status = label(fields.get("task_status" if is_legacy else "status")) or ""
    status = STATUS_OF_WORD.get(raw_status.lower(), TaskStatus.PROCESSING)
    resources = tuple(_legacy_resources(fields) if is_legacy else _resources(fields.get("outputs")))
    ended = _time(fields, "updated_at", "update_time") if status.terminal else None
    costs: dict[str, Any] = {}
    if status.terminal:  # units are taken at the end; before it, zero means nothing
        costs = _legacy_costs(fields) if is_legacy else _costs(fields.get("billing"))
    reason = label(fields.get("task_status_msg" if is_legacy else "message"), longest=_LONGEST_REASON)
    return Task(
        task_id=task_id,
        status=status,
        raw_status=raw_status,
        resources=resources[:_MOST_RESOURCES],
        submitted_at=_time(fields, "created_at", "create_time"),
        finished_at=ended,
        expires_at=ended + KEPT if ended and status is TaskStatus.SUCCESS else None,
        failure=_failure(reason) if status is TaskStatus.FAILED else None,
        raw=fields,
        **costs,
    )


def _about(task: Task, *, task_id: str, response: HttpResponse) -> Task:
    if task.task_id != task_id:
        raise KlingProtocolError(f"{response.request} was answered about another task, {task.task_id!r}")
    return task


def _tasks(listed: object, *, response: HttpResponse) -> Iterator[Task]:
    if not isinstance(listed, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of tasks")
    return (read_task(one, response=response) for one in listed[:_MOST_TASKS])


def _failure(reason: str | None) -> TaskFailure:
    moderated = any(words in (reason or "").lower() for words in _MODERATION_WORDS)
    return TaskFailure(moderated=moderated, message=reason)


def _resources(outputs: object) -> Iterator[Resource]:
    for one in outputs if isinstance(outputs, list) else []:
        fields = mapping(one)
        type_ = label(fields.get("type"))
        if type_ == "element":
            yield from _element(fields, fields.get("references"))
        else:
            yield from _files(fields, type_="audio" if type_ == "voice" else type_)


def _legacy_resources(task: Mapping[str, Any]) -> Iterator[Resource]:
    result = mapping(task.get("task_result"))
    for name, type_ in (
        ("videos", "video"),
        ("images", "image"),
        ("series_images", "image"),
        ("audios", "audio"),
        ("voices", "audio"),
    ):
        listed = result.get(name)
        for one in listed if isinstance(listed, list) else []:
            yield from _files(mapping(one), type_=type_)
    elements = result.get("elements")
    for one in map(mapping, elements if isinstance(elements, list) else []):
        images = mapping(one.get("element_image_list"))
        videos = mapping(one.get("element_video_list")).get("refer_videos")
        shown = [{"type": "image", "url": images.get("frontal_image")}]
        shown += [
            {"type": "video", "url": mapping(video).get("video_url")}
            for video in (videos if isinstance(videos, list) else [])
        ]
        yield from _element(one, shown)


def _element(fields: Mapping[str, Any], references: object) -> Iterator[Resource]:
    """Yield what shows an element, with the element's id, by which requests name it."""
    for reference in map(mapping, references if isinstance(references, list) else []):
        if (url := link(reference.get("url"))) is not None:
            role, type_ = ResourceRole.PRIMARY, label(reference.get("type"))
            yield Resource(url=url, type=type_, role=role, work_id=_work_id(fields))


def _files(fields: Mapping[str, Any], *, type_: str | None) -> Iterator[Resource]:
    """Yield the result at an output's first link, then the same result in other forms."""
    role, work_id = ResourceRole.PRIMARY, _work_id(fields)
    for name, form in _LINKS:
        if url := link(fields.get(name)):
            yield Resource(
                url=url,
                type=type_,
                role=role,
                format=form,
                duration_s=_seconds(fields, form),
                work_id=work_id,
            )
            role = ResourceRole.COPY
    for name in _OTHER_LINKS:
        if url := link(fields.get(name)):
            yield Resource(url=url, type=type_, role=ResourceRole.PRIMARY, work_id=work_id)


def _work_id(fields: Mapping[str, Any]) -> str | None:
    given = next((fields[name] for name in _IDS if name in fields), None)
    # An element's id is a number in the legacy standard.
    work_id = str(given) if isinstance(given, int) and not isinstance(given, bool) else text(given)
    return work_id if is_id(work_id) else None


def _seconds(fields: Mapping[str, Any], form: str | None) -> float | None:
    names = ("duration",) if form is None else (f"{form}_duration", f"duration_{form}", "duration")
    found = next((value for name in names if (value := amount(fields.get(name))) is not None), None)
    return None if found is None else float(found)


def _costs(billing: object) -> dict[str, Any]:
    """Add up what was taken, each unit by itself."""
    totals: dict[str, Decimal] = {}
    for entry in map(mapping, billing if isinstance(billing, list) else []):
        unit = UNIT if entry.get("charge_type") == "unit" else label(entry.get("currency"))
        value = amount(entry.get("amount"))
        if unit is not None and value is not None:
            totals[unit] = totals.get(unit, Decimal(0)) + value
    usd = totals.pop("USD", None)
    cost_unit, cost = next(iter(totals.items()), (None, None))
    return {"cost_usd": usd, "cost": cost, "cost_unit": cost_unit}


def _legacy_costs(task: Mapping[str, Any]) -> dict[str, Any]:
    units = amount(task.get("final_unit_deduction"))
    return {} if units is None else {"cost": units, "cost_unit": UNIT}


def _time(fields: Mapping[str, Any], *names: str) -> datetime | None:
    return next((found for name in names if (found := moment(fields.get(name))) is not None), None)
