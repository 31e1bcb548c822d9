"""The files behind the links: what was generated, and what was uploaded."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.link import RESULTS, UPLOADS, Signer
from airflow_provider_kling.sandbox.service import Service
from airflow_provider_kling.sandbox.shelf import Shelf

_MEDIA_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg", "png": "image/png"}

_CLOSED = PlainTextResponse("the link is not valid, or has expired", status_code=403)
_GONE = PlainTextResponse("not found", status_code=404)


class Storage:
    """Serves files to whoever has a link; no key is needed.

    In ranges too. Answers 403 past a link's time or where it was changed, and 404 for a file that is no more.
    """

    def __init__(self, *, service: Service, shelf: Shelf, signer: Signer) -> None:
        self._service = service
        self._shelf = shelf
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes; they answer to HEAD as well."""
        return [
            Route(f"{RESULTS}/{{name}}", self.result, methods=["GET"]),
            Route(f"{UPLOADS}/{{name}}", self.upload, methods=["GET"]),
        ]

    async def result(self, request: Request) -> Response:
        """Serve a result of a task."""
        if not self._is_valid(request):
            return _CLOSED
        if (result := self._service.files.get(request.path_params["name"])) is None:
            return _GONE
        return FileResponse(result.path, media_type=_MEDIA_TYPES[result.format])

    async def upload(self, request: Request) -> Response:
        """Serve an uploaded file."""
        if not self._is_valid(request):
            return _CLOSED
        if (upload := self._shelf.find(request.path_params["name"])) is None:
            return _GONE
        return FileResponse(upload.path, media_type=upload.media_type.name)

    def _is_valid(self, request: Request) -> bool:
        return self._signer.opens(request.url.path, request.query_params, now=self._service.clock.now())
