"""The gallery's addresses. Every page and every file asks Airflow whether the visitor may see it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from airflow.utils.session import create_session
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.plugins.gallery import generations, permissions
from airflow_provider_kling.plugins.gallery.costs import sums
from airflow_provider_kling.plugins.gallery.generations import Generation
from airflow_provider_kling.plugins.gallery.media import (
    NoMediaError,
    StoredMedia,
    response_of,
    stored_media,
    stored_poster,
)
from airflow_provider_kling.plugins.gallery.pages import Pages
from airflow_provider_kling.plugins.gallery.permissions import (
    NEEDS_SESSION,
    SESSION_COOKIE,
    SESSION_S,
    User,
)
from airflow_provider_kling.plugins.gallery.query import Query, is_storable

_FOLDER: Final = Path(__file__).parent
_UNMAPPED: Final = -1

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(tz=UTC)


def make_app(*, clock: Clock = _now) -> FastAPI:
    """Return the application of the gallery.

    :param clock: with a time zone.
    """
    app = FastAPI(title="Kling gallery", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=_FOLDER / "static"), name="static")
    pages = Pages(clock=clock)
    routes = _Routes(pages=pages, clock=clock)
    task = "/task/{dag_id}/{run_id}/{task_id}/{map_index}"
    answers: dict[str, Callable[..., Response]] = {
        "/": routes.index,
        "/costs": routes.costs,
        task: routes.task,
        f"{task}/video": routes.video,
        f"{task}/poster": routes.poster,
        f"{task}/media/poster": routes.poster_file,
        f"{task}/media/{{number}}": routes.file,
    }
    for path, answer in answers.items():
        app.add_api_route(path, answer, methods=["GET", "HEAD"], response_class=Response)
    if NEEDS_SESSION:
        app.add_api_route("/session", _begin_session, methods=["POST"])
    app.add_exception_handler(HTTPException, pages.problem)
    app.middleware("http")(_with_safe_headers)
    return app


def _database() -> AbstractContextManager[Session]:
    """Open a session of Airflow's database. It is closed before a response begins, which may last long."""
    return create_session(scoped=False)


def _key(dag_id: str, run_id: str, task_id: str, map_index: str) -> TaskKey:
    """Return the task that an address names.

    Airflow's tabs leave the words ``{MAP_INDEX}`` in the address of a task that is not mapped.
    """
    if not all(map(is_storable, (dag_id, run_id, task_id))):
        raise HTTPException(404, "There is no such task.")
    is_number = map_index.isascii() and map_index.isdigit() and len(map_index) < 10
    return TaskKey(dag_id, run_id, task_id, int(map_index) if is_number else _UNMAPPED)


_Key = Annotated[TaskKey, Depends(_key)]


class _Routes:
    """What answers at each address."""

    def __init__(self, *, pages: Pages, clock: Clock) -> None:
        self._pages = pages
        self._clock = clock

    def index(self, request: Request, user: User) -> Response:
        query = Query.read(dict(request.query_params))
        readable = _readable(user)
        with _database() as session:
            shown = generations.page(session, query, readable=readable)
        return self._pages.index(request, shown, query=query, dag_ids=sorted(readable))

    def costs(self, request: Request, user: User) -> Response:
        query = Query.read(dict(request.query_params))
        readable = _readable(user)
        with _database() as session:
            totals = sums(generations.costs(session, query, readable=readable))
        return self._pages.costs(request, totals, query=query, dag_ids=sorted(readable))

    def task(self, request: Request, user: User, key: _Key) -> Response:
        """Return the page of a task; of one with several indexes that is named without one, the list."""
        found = _generation(user, key)
        if found is None and key.map_index == _UNMAPPED:
            every = Query.read({"dag": key.dag_id, "run": key.run_id, "task": key.task_id})
            with _database() as session:
                has_others = generations.page(session, every, readable=[key.dag_id], size=1).generations
            if has_others:
                root = request.scope.get("root_path", "")
                return RedirectResponse(f"{root}/?{every.address()}", status_code=302)
        return self._pages.task(request, key, found, files=len(_uris(found)))

    def video(self, request: Request, user: User, key: _Key) -> Response:
        """Lead to the stored copy, else to the service's link, else to the page that says how far it is."""
        found = _generation(user, key)
        if found is None or found.summary.uri is not None:
            return _redirect(request, key, "media/0" if found else "")
        link = found.summary.link(now=self._clock())
        return RedirectResponse(link, status_code=302) if link else _redirect(request, key, "")

    def poster(self, request: Request, user: User, key: _Key) -> Response:
        """Lead to the poster, else to the page."""
        found = _generation(user, key)
        has_poster = found is not None and found.summary.has_poster
        return _redirect(request, key, "media/poster" if has_poster else "")

    def poster_file(self, request: Request, user: User, key: _Key) -> Response:
        found = _generation(user, key)
        return _media(request, user, found.summary.uri if found is not None else None, stored_poster)

    def file(self, request: Request, user: User, key: _Key, number: int) -> Response:
        uris = _uris(_generation(user, key))
        return _media(request, user, uris[number] if 0 <= number < len(uris) else None, stored_media)


async def _begin_session(request: Request, user: User) -> Response:
    """Keep the token of Airflow's pages in a cookie that the browser sends for pictures and clips, too.

    The answer is 205 where the page was made for another token, or for none.
    """
    del user
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise HTTPException(401, "Not authenticated")
    is_same = request.cookies.get(SESSION_COOKIE) == token
    response = Response(status_code=204 if is_same else 205)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=SESSION_S,
        path=request.scope.get("root_path", "") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


def _readable(user: Any) -> set[str]:
    """Return the DAGs with generations that the visitor may read."""
    with _database() as session:
        every = generations.dag_ids(session)
    # Outside of the session: a permission may need another one.
    return permissions.readable(user, every)


def _generation(user: Any, key: TaskKey) -> Generation | None:
    """Return the generation of a task.

    :raises HTTPException: 403, the visitor may not read the DAG; whether it has any is not told.
    """
    if not permissions.may_read(user, key.dag_id):
        raise HTTPException(403, "You may not read this DAG.")
    with _database() as session:
        return generations.generation(session, key)


def _uris(found: Generation | None) -> list[str]:
    """Return where the files of a generation are stored, the first result first."""
    if found is None:
        return []
    first = [found.summary.uri] if found.summary.uri is not None else []
    with _database() as session:
        return list(dict.fromkeys([*first, *generations.other_files(session, found.key)]))


def _media(request: Request, user: Any, uri: str | None, stored: Callable[..., StoredMedia]) -> Response:
    if uri is None:
        raise HTTPException(404, "There is no such result.")
    try:
        media = stored(uri, may_read=partial(permissions.may_read, user))
    except NoMediaError as error:
        raise HTTPException(404, f"{error}.") from error
    return response_of(media, request)


def _redirect(request: Request, key: TaskKey, page: str) -> Response:
    root = request.scope.get("root_path", "")
    return RedirectResponse(f"{root}/{key.path(page)}", status_code=302)


async def _with_safe_headers(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
