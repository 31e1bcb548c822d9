"""The bodies of the service's responses, in the documented shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.core.clock import iso_time, milliseconds
from airflow_provider_kling.sandbox.core.schema_checker import published
from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS, UrlSigner
from airflow_provider_kling.sandbox.modellix.service.catalogue import Model, Offer
from airflow_provider_kling.sandbox.modellix.service.rejection import Rejection
from airflow_provider_kling.sandbox.modellix.service.tasks import Status, Task
from airflow_provider_kling.sandbox.modellix.settings import ModellixSettings, OptionalFields
from airflow_provider_kling.sandbox.render.result import Result, Role


def rejection_response(rejection: Rejection) -> JsonResponse:
    """Return the response to a rejected request."""
    return JsonResponse(rejection.body, status_code=rejection.status)


def success(data: Any) -> dict[str, Any]:
    """Return data in the envelope of every response except errors (docs: kling-video-o1)."""
    return {"code": 0, "message": "success", "data": data}


def submitted(task: Task, *, base_url: str) -> dict[str, Any]:
    """Return the response to a submission (docs: kling-video-o1, verbatim sample)."""
    url = f"{base_url}/api/v1/tasks/{task.task_id}"
    return success({**_head(task, Status.PENDING), "get_result": {"method": "GET", "url": url}})


def _head(task: Task, status: str) -> dict[str, Any]:
    return {"status": status, "task_id": task.task_id, "model_id": task.model_id}


@dataclass(frozen=True, kw_only=True)
class TaskResponses:
    """Builds the responses to polls.

    :param base_url: the address of the sandbox, as the client sees it.
    :param older: answer in the shapes of the older documents: times in ISO 8601, the amount as a number.
    """

    base_url: str
    signer: UrlSigner
    settings: ModellixSettings
    older: bool = False

    def task_state(self, task: Task, *, now: float) -> dict[str, Any]:
        """Return the response to a poll (docs: query-task-result)."""
        status = task.status(now=now)
        data = _head(task, status)
        if task.forced_outcome is not None and task.final_status is not None:
            return success(data | dict(task.forced_outcome))
        if status == Status.FAILED:
            return success(data | {"error": task.error})
        if status == Status.SUCCESS:
            return success(data | self._result(task))
        return success(data)

    @property
    def _with_optional_fields(self) -> bool:
        return self.settings.optional_fields is OptionalFields.ALL

    def _result(self, task: Task) -> dict[str, Any]:
        listed = [result for result in task.results if result.role is Role.PRIMARY or self.settings.cover]
        resources = [self._resource(task, result) for result in listed]
        if not self._with_optional_fields:
            return {"result": {"resources": resources}}
        submitted_at = task.schedule.submitted_at
        finished_at = task.finished_at or submitted_at
        expires_at = task.expires_at(self.settings.result_ttl) or 0
        request_id = f"req-{task.task_id.rpartition('-')[2]}"
        images = sum(entry["type"] == "image" for entry in resources)
        return {
            "duration": task.elapsed_ms,
            "result_expires_at": milliseconds(expires_at),
            **({} if task.cost is None else {"billing": self._billing(task.cost)}),
            "result": {
                "resources": resources,
                "metadata": {"image_count": images, "request_id": request_id},
                "extensions": {
                    "submit_time": self._time(submitted_at),
                    "end_time": self._time(finished_at),
                    "request_id": request_id,
                },
            },
        }

    def _billing(self, cost: float) -> dict[str, Any]:
        return {"amount": cost} if self.older else {"status": "succeeded", "amount": f"{cost:.4f}"}

    def _time(self, moment: float) -> str | int:
        return iso_time(moment) if self.older else milliseconds(moment)

    def _resource(self, task: Task, result: Result) -> dict[str, Any]:
        resource = {"url": self._url(task, result), "type": result.type}
        if not self._with_optional_fields:
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

    def _url(self, task: Task, result: Result) -> str:
        path = f"{RESULTS}/{task.file_name(result)}"
        expires_at = task.expires_at(self.settings.result_ttl) or 0
        return self.signer.sign(path, base_url=self.base_url, expires_at=expires_at)


def model_list(offers: Iterable[tuple[Model, Offer]]) -> dict[str, Any]:
    """Return the list of models, which has no envelope (docs: list-active-models)."""
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
    """Return the schema of a model as the public catalogue serves it.

    :param url: where the model takes submissions.
    """
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
