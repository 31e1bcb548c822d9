"""The bodies of the service's answers, in the documented shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_kling.sandbox.contract.catalogue import Model, Offer
from airflow_provider_kling.sandbox.contract.checker import published
from airflow_provider_kling.sandbox.link import RESULTS, Signer
from airflow_provider_kling.sandbox.result import Result, Role
from airflow_provider_kling.sandbox.settings import OptionalFields, Settings
from airflow_provider_kling.sandbox.tasks import Status, Task


def success(data: Any) -> dict[str, Any]:
    """Wrap data as every answer but an error does (docs: kling-video-o1)."""
    return {"code": 0, "message": "success", "data": data}


def submitted(task: Task, *, base: str) -> dict[str, Any]:
    """Return the answer to a submission (docs: kling-video-o1, verbatim sample)."""
    url = f"{base}/api/v1/tasks/{task.task_id}"
    return success({**_head(task, Status.PENDING), "get_result": {"method": "GET", "url": url}})


@dataclass(frozen=True, kw_only=True)
class Style:
    """How answers to a client are written: the addresses in them, and the optional members."""

    base: str
    signer: Signer
    settings: Settings

    def url(self, task: Task, result: Result) -> str:
        """Return the link to a result."""
        expires_at = task.expires_at(self.settings.result_ttl) or 0
        return self.signer.link(f"{RESULTS}/{task.file_name(result)}", base=self.base, expires_at=expires_at)


def task_state(task: Task, *, style: Style, now: float) -> dict[str, Any]:
    """Return the answer to a poll (docs: query-task-result); optional members as the style says."""
    status = task.status(now=now)
    data = _head(task, status)
    if task.decreed is not None and task.ending is not None:
        return success(data | dict(task.decreed))
    if status == Status.FAILED:
        return success(data | {"error": task.error})
    if status == Status.SUCCESS:
        full = style.settings.optional_fields is OptionalFields.ALL
        return success(data | _result(task, style=style, full=full))
    return success(data)


def _head(task: Task, status: str) -> dict[str, Any]:
    return {"status": status, "task_id": task.task_id, "model_id": task.model_id}


def _result(task: Task, *, style: Style, full: bool) -> dict[str, Any]:
    listed = [result for result in task.results if result.role is Role.PRIMARY or style.settings.cover]
    resources = [_resource(task, result, style=style, full=full) for result in listed]
    if not full:
        return {"result": {"resources": resources}}
    began = task.schedule.submitted_at
    ended = task.finished_at or began
    request_id = f"req-{task.task_id.rpartition('-')[2]}"
    images = sum(entry["type"] == "image" for entry in resources)
    return {
        "duration": round((ended - began) * 1000),
        "result_expires_at": round((task.expires_at(style.settings.result_ttl) or 0) * 1000),
        **({} if task.cost is None else {"billing": {"amount": task.cost}}),
        "result": {
            "resources": resources,
            "metadata": {
                "image_count": images,
                "request_id": request_id,
            },
            "extensions": {"submit_time": iso(began), "end_time": iso(ended), "request_id": request_id},
        },
    }


def _resource(task: Task, result: Result, *, style: Style, full: bool) -> dict[str, Any]:
    resource = {"url": style.url(task, result), "type": result.type}
    if not full:
        return resource
    length = {} if result.seconds is None else {"duration": result.seconds}
    return (
        resource
        | length
        | {
            "role": result.role,
            "width": result.width,
            "height": result.height,
            "format": result.format,
            "size": result.size,
        }
    )


def log_page(tasks: Sequence[Task], *, page: int, page_size: int, now: float) -> dict[str, Any]:
    """Return a page of the request log, newest first (blog of 2026-09-15; the wrapper is inferred).

    ``tasks`` are in the order of submission; pages count from 1.
    """
    begin = (page - 1) * page_size
    shown = list(reversed(tasks))[begin : begin + page_size]
    return success(
        {
            "requests": [
                {
                    "task_id": task.task_id,
                    "status": task.status(now=now),
                    "model": {"provider": task.model.provider, "model_name": task.model.slug},
                    "created_at": iso(task.schedule.submitted_at),
                    "cost": task.cost,
                }
                for task in shown
            ],
            "page": page,
            "page_size": page_size,
            "total": len(tasks),
        }
    )


def model_list(offers: Iterable[tuple[Model, Offer]]) -> dict[str, Any]:
    """Return the list of models, which has no wrapper (docs: list-active-models)."""
    return {"models": [_listed(model, offer) for model, offer in offers]}


def _listed(model: Model, offer: Offer) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "slug": f"{model.provider}/{model.slug}",
        "type": model.type,
        "docs_url": f"https://docs.modellix.ai/{model.provider}/{model.slug.replace('.', '-')}",
        "description": model.description,
    }
    if offer.price is not None:
        low, high = offer.price.range
        amounts = {"fixed": low} if low == high else {"min": low, "max": high}
        listed["price"] = amounts | {"unit": offer.price.unit}
    return listed


def published_schema(model: Model, offer: Offer, *, url: str) -> dict[str, Any]:
    """Return a model's schema as the public catalogue serves it; ``url`` is the submit path's address."""
    content = {"application/json": {"schema": published(offer.schema)}}
    return {
        "servers": [{"url": url}],
        "post": {
            "summary": model.title,
            "description": model.description,
            "operationId": model.slug,
            "requestBody": {"required": True, "content": content},
            "responses": {"200": {"description": "The task was accepted."}},
        },
    }


def iso(moment: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
