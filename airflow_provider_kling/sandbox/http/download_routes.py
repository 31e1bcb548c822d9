"""Serves the files behind signed URLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.http.signed_urls import UrlSigner
from airflow_provider_kling.sandbox.render.result import Result

_MEDIA_TYPES: Final = {
    "mp4": "video/mp4",
    "jpg": "image/jpeg",
    "png": "image/png",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}

_FORBIDDEN = PlainTextResponse("the URL is not valid, or has expired", status_code=403)
_NOT_FOUND = PlainTextResponse("not found", status_code=404)


@dataclass(frozen=True, kw_only=True)
class ServedFile:
    """A file, and its ``Content-Type``."""

    path: Path
    media_type: str

    @classmethod
    def of_result(cls, result: Result | None) -> ServedFile | None:
        """Return a rendered file as it is served; None for None."""
        if result is None:
            return None
        return cls(path=result.path, media_type=_MEDIA_TYPES[result.format])


class DownloadRoutes:
    """Serves files without a key to any client that has the URL; range requests are supported.

    A URL that has expired or was changed gives 403, a file that no longer exists 404.

    :param folders: by the folder of the URL's path, what returns the file with a name.
    :param rejects: which requests get 403 although the URL is valid.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        signer: UrlSigner,
        folders: Mapping[str, Callable[[str], ServedFile | None]],
        rejects: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._rejects = rejects
        self._clock = clock
        self._signer = signer
        self._folders = folders

    def routes(self) -> list[Route]:
        """Return the routes; they also accept HEAD."""
        return [Route(f"{folder}/{{name}}", self.serve, methods=["GET"]) for folder in self._folders]

    async def serve(self, request: Request) -> Response:
        """Serve a file."""
        path = request.scope["path"]
        is_valid = self._signer.is_valid(path, request.query_params, now=self._clock.now())
        if not is_valid or self._rejects(request):
            return _FORBIDDEN
        name = request.path_params["name"]
        if (found := self._folders[path.removesuffix(f"/{name}")](name)) is None:
            return _NOT_FOUND
        return FileResponse(found.path, media_type=found.media_type)
