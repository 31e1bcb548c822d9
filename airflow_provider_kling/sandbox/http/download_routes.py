"""Serves the files behind the signed URLs: results and uploads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.http.signed_urls import RESULTS, UPLOADS, UrlSigner
from airflow_provider_kling.sandbox.service.service import Service
from airflow_provider_kling.sandbox.service.upload_store import UploadStore

_MEDIA_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg", "png": "image/png"}

_FORBIDDEN = PlainTextResponse("the URL is not valid, or has expired", status_code=403)
_NOT_FOUND = PlainTextResponse("not found", status_code=404)


class DownloadRoutes:
    """Serves files without a key to any client that has the URL; range requests are supported.

    A URL that has expired or was changed gives 403, a file that no longer exists 404.
    """

    def __init__(self, *, service: Service, uploads: UploadStore, signer: UrlSigner) -> None:
        self._service = service
        self._uploads = uploads
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes; they also accept HEAD."""
        return [
            Route(f"{RESULTS}/{{name}}", self.result, methods=["GET"]),
            Route(f"{UPLOADS}/{{name}}", self.upload, methods=["GET"]),
        ]

    async def result(self, request: Request) -> Response:
        """Serve a result of a task."""
        if not self._is_valid(request):
            return _FORBIDDEN
        if (result := self._service.files.get(request.path_params["name"])) is None:
            return _NOT_FOUND
        return FileResponse(result.path, media_type=_MEDIA_TYPES[result.format])

    async def upload(self, request: Request) -> Response:
        """Serve an uploaded file."""
        if not self._is_valid(request):
            return _FORBIDDEN
        if (upload := self._uploads.find(request.path_params["name"])) is None:
            return _NOT_FOUND
        return FileResponse(upload.path, media_type=upload.media_type.name)

    def _is_valid(self, request: Request) -> bool:
        now = self._service.clock.now()
        return self._signer.is_valid(request.scope["path"], request.query_params, now=now)
