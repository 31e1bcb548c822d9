"""The endpoints of the service."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox import answers
from airflow_provider_kling.sandbox.contract.catalogue import PathForm
from airflow_provider_kling.sandbox.link import Signer, base_of
from airflow_provider_kling.sandbox.query import whole
from airflow_provider_kling.sandbox.refusal import Category, Refusal
from airflow_provider_kling.sandbox.replies import Json
from airflow_provider_kling.sandbox.service import Service

_MAX_PAGE_SIZE = 100


class Api:
    """The documented surface over the service."""

    def __init__(self, *, service: Service, signer: Signer) -> None:
        self._service = service
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes; a model's two path forms lead to the same place."""
        return [
            Route("/api/v1/tasks/{task_id:path}", self.poll, methods=["GET"]),
            Route("/api/v1/models", self.models, methods=["GET"]),
            Route("/api/v1/apikey/validate", self.validate_key, methods=["GET"]),
            Route("/api/v1/team/balance", self.balance, methods=["GET"]),
            Route("/api/v1/logs", self.logs, methods=["GET"]),
            Route("/api/v1/{provider}/{slug}/async", self.submit_async, methods=["POST"]),
            Route("/api/v1/{provider}/{slug}", self.submit_plain, methods=["POST"]),
            Route("/models/{provider}/{slug}/api_schema", self.schema, methods=["GET"]),
        ]

    async def submit_async(self, request: Request) -> Response:
        """Take a submission under the path with the suffix."""
        return await self._submit(request, PathForm.ASYNC)

    async def submit_plain(self, request: Request) -> Response:
        """Take a submission under the path without the suffix."""
        return await self._submit(request, PathForm.PLAIN)

    async def _submit(self, request: Request, form: PathForm) -> Response:
        model, offer = self._service.find(request.path_params["provider"], request.path_params["slug"], form)
        task = self._service.submit(
            model,
            offer,
            _parsed(await request.body()),
            webhook_url=request.headers.get("x-webhook-url"),
            decreed=getattr(request.state, "task_fault", None),
        )
        return Json(answers.submitted(task, base=base_of(request)))

    async def poll(self, request: Request) -> Response:
        """Answer with a task's state; a fault may put other members in its place."""
        task = self._service.task(request.path_params["task_id"])
        answer = answers.task_state(task, style=self._style(request), now=self._service.clock.now())
        answer["data"] |= getattr(request.state, "task_fault", {})
        return Json(answer)

    async def models(self, request: Request) -> Response:
        """List the models."""
        offers = self._service.catalogue.listed()
        if request.query_params.get("featured") == "true":
            offers = [(model, offer) for model, offer in offers if model.featured]
        return Json(answers.model_list(offers))

    async def validate_key(self, request: Request) -> Response:
        """Say whether the key is valid; always a 200 (docs: validate-api-key)."""
        return Json(answers.success({"is_valid": request.state.key_is_valid}))

    async def balance(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's shape
        """Answer with the balance in USD, to four places."""
        return Json(answers.success({"balance": round(self._service.balance, 4)}))

    async def logs(self, request: Request) -> Response:
        """Answer with a page of the request log."""
        page = whole(request, "page", default=1)
        page_size = whole(request, "page_size", default=10, high=_MAX_PAGE_SIZE)
        return Json(
            answers.log_page(
                list(self._service.tasks.values()),
                page=page,
                page_size=page_size,
                now=self._service.clock.now(),
            )
        )

    async def schema(self, request: Request) -> Response:
        """Answer with a model's published schema; no key is needed."""
        provider, slug = request.path_params["provider"], request.path_params["slug"]
        found = self._service.catalogue.current(provider, slug)
        if found is None:
            return Json({"message": "Model Not Found"}, status_code=404)
        model, offer, form = found
        url = f"{base_of(request)}/api/v1/{provider}/{slug}{form}"
        return Json(answers.published_schema(model, offer, url=url))

    def _style(self, request: Request) -> answers.Style:
        return answers.Style(base=base_of(request), signer=self._signer, settings=self._service.settings)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # docs: error-handling, verbatim
        raise Refusal(Category.INVALID_FORMAT, "invalid JSON format") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
