"""The points at which a task's process kills itself: on the spot, as a machine that fails does.

Each is a seam of the provider, wrapped inside the worker's process. The provider knows nothing of it.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase
from airflow_provider_kling.media.download import Downloader


class Point(StrEnum):
    """When the process dies."""

    BEFORE_INTENT = "before the intent is written"
    BEFORE_POST = "after the intent, before the POST"
    BEFORE_RESPONSE = "after the POST took effect, before its response"
    BEFORE_RECORD = "after the response, before the record"
    BEFORE_WAITING = "after the record, before the waiting"
    WHILE_WAITING = "while it waits on the worker"
    BEFORE_RESULT = "at the end, before the result is stored"
    BEFORE_FINISHED = "after the result is stored, before the record"
    BEFORE_RETURN = "after the record is finished, before the return"


def _always(*_: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Seam:
    """A method around which the process dies.

    :param after: let the method do its work first.
    :param when: of the call's arguments, whether this call is the one.
    """

    owner: type
    method: str
    after: bool = False
    when: Callable[..., bool] = _always


SEAMS: Mapping[Point, Seam] = {
    Point.BEFORE_INTENT: Seam(owner=Journal, method="write"),
    Point.BEFORE_POST: Seam(
        owner=Journal, method="write", after=True, when=lambda _, record: record.phase is Phase.INTENT
    ),
    # The response's first byte is here, so the service has acted; the POST is a try's first exchange.
    Point.BEFORE_RESPONSE: Seam(owner=ResponseReader, method="begin"),
    Point.BEFORE_RECORD: Seam(
        owner=Journal, method="write", when=lambda _, record: record.phase is Phase.SUBMITTED
    ),
    Point.BEFORE_WAITING: Seam(
        owner=Journal, method="write", after=True, when=lambda _, record: record.phase is Phase.SUBMITTED
    ),
    Point.WHILE_WAITING: Seam(
        owner=KlingClient, method="call", after=True, when=lambda _, call: call.request.method == "GET"
    ),
    Point.BEFORE_RESULT: Seam(owner=Downloader, method="fetch"),
    Point.BEFORE_FINISHED: Seam(owner=Journal, method="close"),
    Point.BEFORE_RETURN: Seam(owner=Journal, method="close", after=True),
}


def die_in_first_try(context: Any) -> None:
    """Have this process die at the point that the run names; a ``pre_execute`` of the task."""
    if context["ti"].try_number == 1:
        _arm(SEAMS[Point(context["params"]["point"])])


def take_timeout_of_run(context: Any) -> None:
    """Give the task the timeout that the run names, which fits the pace of the machine."""
    context["task"].timeout = float(context["params"]["timeout"])


def _arm(seam: Seam) -> None:
    original = getattr(seam.owner, seam.method)

    @functools.wraps(original)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        hit = seam.when(*args)
        if not hit or seam.after:
            response = original(*args, **kwargs)
        if hit:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    setattr(seam.owner, seam.method, deadly)
