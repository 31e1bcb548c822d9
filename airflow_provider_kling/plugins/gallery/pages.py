"""The gallery's pages: HTML from templates, in which everything that is shown is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from airflow_provider_kling.links.gallery_address import PREFIX, TaskKey
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.plugins.gallery import text
from airflow_provider_kling.plugins.gallery.costs import Sums
from airflow_provider_kling.plugins.gallery.generations import Generation, Page
from airflow_provider_kling.plugins.gallery.permissions import NEEDS_SESSION
from airflow_provider_kling.plugins.gallery.query import Query, State

# Nothing comes from elsewhere, and nothing goes there; only Airflow's own pages may frame these.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
_TEMPLATES: Final = Path(__file__).parent / "templates"


class Pages:
    """Makes pages.

    :param clock: with a time zone.
    """

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            cost=text.cost, seconds=text.seconds, moment=text.moment, amounts=text.amounts
        )
        self._templates.globals.update(State=State, MediaType=MediaType)

    def index(self, request: Request, page: Page, *, query: Query, dag_ids: Sequence[str]) -> Response:
        """Return the page of many generations."""
        following = None if page.after is None else query.address(after=page.after.to_text())
        return self._page(
            request,
            "index.html",
            generations=page.generations,
            query=query,
            dag_ids=dag_ids,
            following=following,
        )

    def costs(self, request: Request, sums: Sums, *, query: Query, dag_ids: Sequence[str]) -> Response:
        """Return the page of sums."""
        return self._page(request, "costs.html", sums=sums, query=query, dag_ids=dag_ids)

    def task(self, request: Request, key: TaskKey, found: Generation | None, *, files: int) -> Response:
        """Return the page of one generation.

        :param files: how many of its files are stored.
        """
        link = found.summary.link(now=self._clock()) if found is not None else None
        shown: dict[str, Any] = {"key": key, "one": found, "files": files, "link": link}
        return self._page(request, "task.html", media_origin=_origin(link), **shown)

    def problem(self, request: Request, error: Exception) -> Response:
        """Return the page of an error."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else "It failed."
        return self._page(request, "problem.html", status=status, detail=detail)

    def _page(
        self, request: Request, name: str, *, status: int = 200, media_origin: str = "", **shown: Any
    ) -> Response:
        root = request.scope.get("root_path", "")
        content = self._templates.get_template(name).render(
            root=root,
            airflow=root.removesuffix(PREFIX),
            now=self._clock().astimezone(UTC),
            status=status,
            needs_session=NEEDS_SESSION,
            **shown,
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"{_POLICY}; media-src 'self' {media_origin}".rstrip(),
        }
        return HTMLResponse(content, status_code=status, headers=headers)


def _origin(link: str | None) -> str:
    """Return the origin of a link, as a policy names it; empty for one that is no plain name."""
    parts = urlsplit(link or "")
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _ORIGIN.fullmatch(origin) else ""
