"""The request log: the window of time that a client asks for, and the pages (docs: get-logs)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from airflow_provider_kling.sandbox.core.clock import DAY_S, iso_time
from airflow_provider_kling.sandbox.modellix.http.query import positive_integer
from airflow_provider_kling.sandbox.modellix.http.responses import success
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection
from airflow_provider_kling.sandbox.modellix.service.tasks import Task

_MAX_WINDOW_S: Final = 30 * DAY_S
_UNITS_OF_A_DOLLAR: Final = 10_000  # "12 is $0.0012"
_MAX_TEXT: Final = 4096  # characters of a text in a row; inline media are longer
_FIRST_MILLISECONDS: Final = 10**11  # a larger number cannot be meant in seconds


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window of time, in epoch seconds; both ends belong to it."""

    start: float
    end: float

    def holds(self, moment: float) -> bool:
        """Whether a moment, in epoch seconds, is in the window."""
        return self.start <= moment <= self.end


def read_window(request: Request, *, now: float) -> Window:
    """Return the window of ``start_time`` and ``end_time``, which are in epoch seconds (inferred).

    Whether they are required is unclear. Without them, the window is the last 30 days (inferred).

    :raises Rejection: 400 if only one is given, or they are more than 30 days apart or in the wrong order.
    """
    given = [name for name in ("start_time", "end_time") if name in request.query_params]
    if not given:
        return Window(start=now - _MAX_WINDOW_S, end=now)
    if len(given) == 1:
        (missing,) = {"start_time", "end_time"}.difference(given)
        raise Rejection(Category.INVALID_PARAMETERS, f"parameter '{missing}' is required with '{given[0]}'")
    start, end = (
        positive_integer(request, name, default=1, maximum=_FIRST_MILLISECONDS - 1) for name in given
    )
    if not 0 <= end - start <= _MAX_WINDOW_S:
        raise Rejection(
            Category.OUT_OF_RANGE, f"parameter 'end_time' must be 0 to 30 days after 'start_time', got {end}"
        )
    return Window(start=start, end=end)


@dataclass(frozen=True, kw_only=True)
class RequestLogResponses:
    """Builds a page of the log, newest first.

    :param page: counts from 1.
    :param user_id: shows only submissions with this tag; None: all.
    """

    page: int
    page_size: int
    window: Window
    user_id: str | None = None

    def body(self, tasks: Sequence[Task], *, now: float) -> dict[str, Any]:
        """Return the page in the documented shape, which has no envelope (blog of 2026-09-16).

        :param tasks: in the order of submission.
        """
        return self._page(tasks, [_row(task, now=now) for task in self._shown(tasks)])

    def older_body(self, tasks: Sequence[Task], *, now: float) -> dict[str, Any]:
        """Return the page in the older shape: in the envelope, with USD and times in ISO 8601."""
        rows = [
            _row(task, now=now) | {"created_at": iso_time(task.schedule.submitted_at), "cost": task.cost}
            for task in self._shown(tasks)
        ]
        return success(self._page(tasks, rows))

    def _page(self, tasks: Sequence[Task], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        total = len(self._matching(tasks))
        return {"requests": rows, "total": total, "page": self.page, "page_size": self.page_size}

    def _matching(self, tasks: Sequence[Task]) -> list[Task]:
        return [
            task
            for task in reversed(tasks)
            if self.window.holds(int(task.schedule.submitted_at)) and self.user_id in (None, task.user_id)
        ]

    def _shown(self, tasks: Sequence[Task]) -> list[Task]:
        begin = (self.page - 1) * self.page_size
        return self._matching(tasks)[begin : begin + self.page_size]


def _row(task: Task, *, now: float) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "status": task.status(now=now),
        "model": {"provider": task.model.provider, "model_name": task.model.slug},
        "created_at": int(task.schedule.submitted_at),
        "duration": task.elapsed_ms or 0,
        "cost": round((task.cost or 0) * _UNITS_OF_A_DOLLAR),
        "input": _shortened(task.input),
    }


def _shortened(value: Any) -> Any:
    match value:
        case str() if len(value) > _MAX_TEXT:
            return f"{value[:_MAX_TEXT]}..."
        case dict():
            return {key: _shortened(member) for key, member in value.items()}
        case list():
            return [_shortened(member) for member in value]
        case _:
            return value
