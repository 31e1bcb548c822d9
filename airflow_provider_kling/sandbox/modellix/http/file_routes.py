"""The endpoints for input files (docs: file-api/how-to-use)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.core.clock import milliseconds
from airflow_provider_kling.sandbox.http.form import FORM, MalformedFormError, Part, parse_form
from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.signed_urls import UPLOADS, UrlSigner, base_url_of
from airflow_provider_kling.sandbox.modellix.http.query import positive_integer
from airflow_provider_kling.sandbox.modellix.http.responses import success
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection
from airflow_provider_kling.sandbox.modellix.service.upload_store import Upload, UploadStore

UPLOAD_PATH: Final = "/api/v1/media/files"
_PART: Final = "file"
_MAX_LISTED: Final = 100


class FileRoutes:
    """Uploads, lists and deletes files. All of it is free."""

    def __init__(self, *, uploads: UploadStore, signer: UrlSigner) -> None:
        self._uploads = uploads
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes. They go before those for submissions, whose paths match too."""
        return [
            Route(UPLOAD_PATH, self.upload, methods=["POST"]),
            Route(UPLOAD_PATH, self.list, methods=["GET"]),
            Route(f"{UPLOAD_PATH}/{{file_id}}", self.delete, methods=["DELETE"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Store a file and return its URL."""
        part = await _file_part(request)
        upload = self._uploads.add(part.data, filename=part.filename or "")
        return JsonResponse(success(self._describe(upload, request)))

    async def list(self, request: Request) -> Response:
        """List the stored files, newest first; at most 100."""
        limit = positive_integer(request, "limit", default=_MAX_LISTED)
        listed = self._uploads.unexpired()[: min(limit, _MAX_LISTED)]
        return JsonResponse(success({"files": [self._describe(upload, request) for upload in listed]}))

    async def delete(self, request: Request) -> Response:
        """Delete a file; the response has no body."""
        self._uploads.delete(request.path_params["file_id"])
        return Response(status_code=204)

    def _describe(self, upload: Upload, request: Request) -> dict[str, Any]:
        path = f"{UPLOADS}/{upload.path.name}"
        base_url = base_url_of(request)
        return {
            "file_id": upload.file_id,
            "type": upload.media_type.kind,
            "url": self._signer.sign(path, base_url=base_url, expires_at=upload.expires_at),
            "filename": upload.filename,
            "size": upload.size,
            "created_at": milliseconds(upload.created_at),
        }


async def _file_part(request: Request) -> Part:
    """Return the only documented part.

    :raises Rejection: 400 if the body is not a form with exactly this part.
    """
    content_type = request.headers.get("content-type", "")
    try:
        parts = await parse_form(await request.body(), content_type=content_type)
    except MalformedFormError as error:
        detail = f"parameter '{_PART}' must be sent as {FORM}: {error}"
        raise Rejection(Category.INVALID_FORMAT, detail) from error
    if all(part.name != _PART for part in parts):
        raise Rejection(Category.INVALID_PARAMETERS, f"parameter '{_PART}' is required")
    if other := next((part.name for part in parts if part.name != _PART), None):
        raise Rejection(Category.INVALID_PARAMETERS, f"parameter '{other[:40]}' is not supported")
    if len(parts) > 1:
        raise Rejection(Category.INVALID_PARAMETERS, f"parameter '{_PART}' must be given once")
    if parts[0].filename is None:
        raise Rejection(Category.INVALID_FORMAT, f"parameter '{_PART}' must be a file with a name")
    return parts[0]
