"""The endpoints for files that serve as inputs (docs: file-api/how-to-use)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.answers import success
from airflow_provider_kling.sandbox.form import FORM, MalformedFormError, Part, read_form
from airflow_provider_kling.sandbox.link import UPLOADS, Signer, base_of
from airflow_provider_kling.sandbox.query import whole
from airflow_provider_kling.sandbox.refusal import Category, Refusal
from airflow_provider_kling.sandbox.replies import Json
from airflow_provider_kling.sandbox.shelf import Shelf, Upload

_PATH: Final = "/api/v1/media/files"
_PART: Final = "file"
_MOST_LISTED: Final = 100


class FileApi:
    """Uploads, lists and deletes. Nothing of it is billed."""

    def __init__(self, *, shelf: Shelf, signer: Signer) -> None:
        self._shelf = shelf
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes; they go before those of the models, whose paths look alike."""
        return [
            Route(_PATH, self.upload, methods=["POST"]),
            Route(_PATH, self.list, methods=["GET"]),
            Route(f"{_PATH}/{{file_id}}", self.delete, methods=["DELETE"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Keep a file, and answer with its address."""
        part = await _only_part(request)
        upload = self._shelf.put(part.data, filename=part.filename or "")
        return Json(success(self._told(upload, request)))

    async def list(self, request: Request) -> Response:
        """List the files that are kept, newest first; more than 100 are never listed."""
        limit = whole(request, "limit", default=_MOST_LISTED)
        listed = self._shelf.live()[: min(limit, _MOST_LISTED)]
        return Json(success({"files": [self._told(upload, request) for upload in listed]}))

    async def delete(self, request: Request) -> Response:
        """Delete a file; answers with nothing."""
        self._shelf.remove(request.path_params["file_id"])
        return Response(status_code=204)

    def _told(self, upload: Upload, request: Request) -> dict[str, Any]:
        path = f"{UPLOADS}/{upload.path.name}"
        return {
            "file_id": upload.file_id,
            "type": upload.media_type.kind,
            "url": self._signer.link(path, base=base_of(request), expires_at=upload.expires_at),
            "filename": upload.filename,
            "size": upload.size,
            "created_at": round(upload.created_at * 1000),
        }


async def _only_part(request: Request) -> Part:
    """Return the one part that the documents know. Raises Refusal (400)."""
    try:
        parts = await read_form(await request.body(), content_type=request.headers.get("content-type", ""))
    except MalformedFormError as error:
        raise Refusal(Category.INVALID_FORMAT, f"parameter '{_PART}' must come in {FORM}: {error}") from error
    if all(part.name != _PART for part in parts):
        raise Refusal(Category.INVALID_PARAMETERS, f"parameter '{_PART}' is required")
    if other := next((part.name for part in parts if part.name != _PART), None):
        raise Refusal(Category.INVALID_PARAMETERS, f"parameter '{other[:40]}' is not supported")
    if len(parts) > 1:
        raise Refusal(Category.INVALID_PARAMETERS, f"parameter '{_PART}' must be given once")
    if parts[0].filename is None:
        raise Refusal(Category.INVALID_FORMAT, f"parameter '{_PART}' must be a file with a name")
    return parts[0]
