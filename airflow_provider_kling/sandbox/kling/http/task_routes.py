"""The endpoints of the new standard: create, ``GET /tasks`` and ``POST /tasks``."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.http.signed_urls import base_url_of
from airflow_provider_kling.sandbox.kling.http.body import json_body
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope
from airflow_provider_kling.sandbox.kling.http.paths import TASKS
from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Generation
from airflow_provider_kling.sandbox.kling.service.listing import ListRules, read_list_query
from airflow_provider_kling.sandbox.kling.service.new_view import new_created
from airflow_provider_kling.sandbox.kling.service.rejection import invalid
from airflow_provider_kling.sandbox.kling.service.service import Service
from airflow_provider_kling.sandbox.kling.service.task import Status, Task

_MAX_IDS: Final = 20
_KEYS: Final = ("task_ids", "external_task_ids")
_LIST: Final = ListRules(
    filters={"status": tuple(Status), "product_type": ("video", "image", "try_on")},
    default_limit=100,
    requires_time=False,
)


class TaskRoutes:
    """Creates tasks of the new standard, and reads those of both."""

    def __init__(self, *, service: Service, envelope: Envelope) -> None:
        self._service = service
        self._envelope = envelope

    def routes(self) -> list[Route]:
        """Return the routes."""
        created = [
            Route(path, self.create, methods=["POST"])
            for path, endpoint in self._service.endpoints.items()
            if endpoint.generation is Generation.NEW
        ]
        return [
            *created,
            Route(TASKS, self.read, methods=["GET"]),
            Route(TASKS, self.list, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Accept a submission."""
        task = self._service.submit(
            self._endpoint(request),
            await json_body(request),
            base_url=base_url_of(request),
            forced_outcome=getattr(request.state, "task_fault", None),
        )
        view = new_created(task, now=self._service.clock.now())
        return self._envelope.success(view)

    async def read(self, request: Request) -> Response:
        """Return tasks by their ids, in the order of the query. Unknown ones are absent."""
        given = [key for key in _KEYS if request.query_params.get(key)]
        if len(given) != 1:
            raise invalid("exactly one of the parameters 'task_ids' or 'external_task_ids' is required")
        (key,) = given
        ids = list(dict.fromkeys(filter(None, request.query_params[key].split(","))))
        if len(ids) > _MAX_IDS:
            raise invalid("task_ids and external_task_ids cannot exceed 20 in total")
        find = self._service.tasks.by_id if key == "task_ids" else self._service.tasks.by_external_id
        found = (find(each) for each in ids)
        return self._envelope.success([self._view(task, request) for task in found if task is not None])

    async def list(self, request: Request) -> Response:
        """Return the tasks of a time, newest first, page by page."""
        now = self._service.clock.now()
        # Every field is optional, and so is the body.
        body = await json_body(request) if await request.body() else {}
        query = read_list_query(body, _LIST, now=now)

        def matches(task: Task) -> bool:
            return (
                query.holds(task.schedule.submitted_at)
                and query.allows("status", task.status(now=now))
                and query.allows("product_type", task.request.endpoint.product_type)
            )

        tasks, cursor = query.page(
            self._service.tasks.newest_first(), number=lambda task: task.number, matches=matches
        )
        return self._envelope.success(
            {
                "result": [self._view(task, request) for task in tasks],
                "count": len(tasks),
                "next_cursor": cursor,
                "has_more": bool(cursor),
            }
        )

    def _endpoint(self, request: Request) -> Endpoint:
        return self._service.endpoints[request.scope["path"]]

    def _view(self, task: Task, request: Request) -> dict[str, Any]:
        view = self._service.views.new(task, now=self._service.clock.now(), base_url=base_url_of(request))
        return view | getattr(request.state, "task_fault", {})
