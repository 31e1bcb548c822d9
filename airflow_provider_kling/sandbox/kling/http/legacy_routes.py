"""The endpoints of the legacy standard: one path for each product, to create, query one and query a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.http.signed_urls import base_url_of
from airflow_provider_kling.sandbox.kling.http.body import json_body
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope
from airflow_provider_kling.sandbox.kling.http.paths import PRESET_ELEMENTS, PRESET_VOICES
from airflow_provider_kling.sandbox.kling.service.calls import Calls
from airflow_provider_kling.sandbox.kling.service.endpoint import Form, Generation
from airflow_provider_kling.sandbox.kling.service.legacy_view import legacy_created, legacy_status
from airflow_provider_kling.sandbox.kling.service.library_calls import preset_elements, preset_voices
from airflow_provider_kling.sandbox.kling.service.numbers import whole_number
from airflow_provider_kling.sandbox.kling.service.service import Service
from airflow_provider_kling.sandbox.kling.service.task import Task
from airflow_provider_kling.sandbox.kling.service.task_store import not_found

_MAX_PAGE: Final = 1000
_PAGE_SIZE: Final = 30
_PRESETS_PAGE: Final = 1000


class LegacyRoutes:
    """Creates and reads tasks of the legacy standard, and responds to synchronous calls."""

    def __init__(self, *, service: Service, calls: Calls, envelope: Envelope) -> None:
        self._service = service
        self._calls = calls
        self._envelope = envelope
        self._endpoints = {
            path: endpoint
            for path, endpoint in service.endpoints.items()
            if endpoint.generation is Generation.LEGACY
        }

    def routes(self) -> list[Route]:
        """Return the routes; a longer path goes before one that it begins with."""
        routes = []
        for path in sorted(self._endpoints, key=len, reverse=True):
            if self._endpoints[path].form is Form.CALL:
                routes.append(Route(path, self.call, methods=["POST"]))
            else:
                routes += [
                    Route(path, self.create, methods=["POST"]),
                    Route(path, self.list, methods=["GET"]),
                ]
        queries = [
            Route(f"{path}/{{task_id:path}}", self.read, methods=["GET"], name=path)
            for path in sorted(self._endpoints, key=len, reverse=True)
            if self._endpoints[path].form is Form.TASK
        ]
        return [
            Route(PRESET_VOICES, self.preset_voices, methods=["GET"]),
            Route(PRESET_ELEMENTS, self.preset_elements, methods=["GET"]),
            *routes,
            *queries,
        ]

    async def create(self, request: Request) -> Response:
        """Accept a submission."""
        task = self._service.submit(
            self._endpoints[request.scope["path"]],
            await json_body(request),
            base_url=base_url_of(request),
            forced_outcome=getattr(request.state, "task_fault", None),
        )
        view = legacy_created(task, now=self._service.clock.now())
        return self._envelope.success(view)

    async def call(self, request: Request) -> Response:
        """Respond with the result."""
        endpoint = self._endpoints[request.scope["path"]]
        body = await json_body(request)
        data = await self._calls.respond(endpoint, body, base_url=base_url_of(request))
        return self._envelope.success(data)

    async def read(self, request: Request) -> Response:
        """Return a task by the service's id or by the caller's own; a product finds only its own tasks."""
        task_id = request.path_params["task_id"]
        endpoint = self._endpoints[request.scope["path"].removesuffix(f"/{task_id}")]
        tasks = self._service.tasks
        task = tasks.by_id(task_id)
        if task is None and endpoint.by_external_id:
            task = tasks.by_external_id(task_id)
        if task is None or task.request.endpoint is not endpoint:
            raise not_found(task_id)
        return self._envelope.success(self._view(task, request))

    async def list(self, request: Request) -> Response:
        """Return a page of the tasks of a product."""
        endpoint = self._endpoints[request.scope["path"]]
        tasks = _page(request, self._service.tasks.of_path(endpoint.path), endpoint.max_page)
        return self._envelope.success([self._view(task, request) for task in tasks])

    async def preset_voices(self, request: Request) -> Response:
        """List the voices that the service offers."""
        voices = preset_voices(self._service.holdings.library)
        return self._envelope.success(_page(request, voices, _PRESETS_PAGE))

    async def preset_elements(self, request: Request) -> Response:
        """List the elements that the service offers."""
        elements = preset_elements(self._service.holdings.library)
        return self._envelope.success(_page(request, elements, _PRESETS_PAGE))

    def _view(self, task: Task, request: Request) -> dict[str, Any]:
        now = self._service.clock.now()
        view = self._service.views.legacy(task, now=now, base_url=base_url_of(request))
        return view | _spelled(getattr(request.state, "task_fault", {}))


def _spelled(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a fault replaces, under the names of the legacy standard."""
    names = {"status": "task_status", "message": "task_status_msg"}
    spelled = {names.get(name, name): value for name, value in fault.items()}
    if "task_status" in spelled:
        spelled["task_status"] = legacy_status(spelled["task_status"])
    return spelled


def _page(request: Request, entries: Sequence[Any], max_size: int) -> list[Any]:
    number = whole_number(request.query_params.get("pageNum", "1"), "pageNum", low=1, high=_MAX_PAGE)
    size = whole_number(
        request.query_params.get("pageSize", str(_PAGE_SIZE)), "pageSize", low=1, high=max_size
    )
    begin = (number - 1) * size
    return list(entries[begin : begin + size])
