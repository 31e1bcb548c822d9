"""The endpoints of the API, without those for files."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.request_body import MalformedJsonError, parse_json
from airflow_provider_kling.sandbox.http.signed_urls import UrlSigner, base_url_of
from airflow_provider_kling.sandbox.modellix.http import responses
from airflow_provider_kling.sandbox.modellix.http.query import positive_integer
from airflow_provider_kling.sandbox.modellix.http.request_log import RequestLogResponses, read_window
from airflow_provider_kling.sandbox.modellix.service.catalogue import PathForm
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection
from airflow_provider_kling.sandbox.modellix.service.service import Service

_MAX_PAGE_SIZE = 100


class ApiRoutes:
    """Submissions, tasks, models, and the account."""

    def __init__(self, *, service: Service, signer: UrlSigner) -> None:
        self._service = service
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes."""
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
        """Accept a submission on the path with the suffix."""
        return await self._submit(request, PathForm.ASYNC)

    async def submit_plain(self, request: Request) -> Response:
        """Accept a submission on the path without the suffix."""
        return await self._submit(request, PathForm.PLAIN)

    async def _submit(self, request: Request, form: PathForm) -> Response:
        provider, slug = request.path_params["provider"], request.path_params["slug"]
        model, offer = self._service.find_model(provider, slug, form)
        task = self._service.submit(
            model,
            offer,
            _parse(await request.body()),
            webhook_url=request.headers.get("x-webhook-url"),
            user_id=request.headers.get("x-mdlx-user-id"),
            forced_outcome=getattr(request.state, "task_fault", None),
        )
        return JsonResponse(responses.submitted(task, base_url=base_url_of(request)))

    async def poll(self, request: Request) -> Response:
        """Return the state of a task; a fault may replace members of it."""
        task = self._service.find_task(request.path_params["task_id"])
        settings = self._service.settings
        builder = responses.TaskResponses(
            base_url=base_url_of(request), signer=self._signer, settings=settings, older=_older(request)
        )
        body = builder.task_state(task, now=self._service.clock.now())
        body["data"] |= getattr(request.state, "task_fault", {})
        return JsonResponse(body)

    async def models(self, request: Request) -> Response:
        """List the models."""
        offers = self._service.catalogue.listed()
        if request.query_params.get("featured") == "true":
            offers = [(model, offer) for model, offer in offers if model.featured]
        return JsonResponse(responses.model_list(offers))

    async def validate_key(self, request: Request) -> Response:
        """Tell whether the key is valid; the status is always 200 (docs: validate-api-key)."""
        return JsonResponse(responses.success({"is_valid": request.state.key_is_valid}))

    async def balance(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Return the balance in USD, rounded to four decimals."""
        return JsonResponse(responses.success({"balance": round(self._service.balance, 4)}))

    async def logs(self, request: Request) -> Response:
        """Return a page of the request log, which has a window of time and a filter by end user."""
        now = self._service.clock.now()
        log = RequestLogResponses(
            page=positive_integer(request, "page", default=1),
            page_size=positive_integer(request, "page_size", default=10, maximum=_MAX_PAGE_SIZE),
            window=read_window(request, now=now),
            user_id=request.query_params.get("user_id"),
        )
        tasks = list(self._service.tasks.values())
        return JsonResponse(log.older_body(tasks, now=now) if _older(request) else log.body(tasks, now=now))

    async def schema(self, request: Request) -> Response:
        """Return the published schema of a model; no key is needed."""
        provider, slug = request.path_params["provider"], request.path_params["slug"]
        found = self._service.catalogue.current(provider, slug)
        if found is None:
            return JsonResponse({"message": "Model Not Found"}, status_code=404)
        model, offer, form = found
        url = f"{base_url_of(request)}/api/v1/{provider}/{slug}{form}"
        return JsonResponse(responses.published_schema(model, offer, url=url))


def _older(request: Request) -> bool:
    """Whether a fault wants the shapes of the older documents."""
    return getattr(request.state, "older_shapes", False)


def _parse(body: bytes) -> Any:
    try:
        return parse_json(body)
    except MalformedJsonError as error:
        raise Rejection(Category.INVALID_FORMAT, str(error)) from None  # docs: error-handling, verbatim
