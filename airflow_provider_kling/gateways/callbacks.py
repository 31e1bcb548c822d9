"""What a service reports of a task by itself: a request to an address that the submission named. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from airflow_provider_kling.gateways.json_values import mapping
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.task import TaskStatus


@dataclass(frozen=True, kw_only=True)
class CallbackRequest:
    """A request as it was received. Anybody may have sent it.

    :param headers: with lower-case names.
    :param body: as it is, because a signature is about its bytes.
    :param path_secret: what follows the address of the receiver; empty for nothing.
    :param received_at: Unix seconds.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    path_secret: str = field(default="", repr=False)
    received_at: float


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A report that comes from the service.

    :param task_id: the task, by the service's own id.
    :param status: its state then. The task itself may be further.
    :param delivery: the same for each delivery of one report.
    """

    task_id: str
    status: TaskStatus
    delivery: str


class CallbackRejectedError(Exception):
    """A request is no report of the service. The text says why, and holds nothing of the request."""


class Callbacks(Protocol):
    """Telling a service's reports from what others send."""

    def read(self, request: CallbackRequest, *, secrets: Sequence[str]) -> Callback:
        """Return the report in a request.

        :param secrets: those that the service, or the address, may have been given.
        :raises CallbackRejectedError: it does not come from the service, or is about no task.
        """


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the object in a body.

    :raises CallbackRejectedError: there is none.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise CallbackRejectedError("the body is no JSON") from None
    if not mapping(told):
        raise CallbackRejectedError("the body is no object")
    return mapping(told)


def task_id_of(value: object) -> str:
    """Return the id of the task that a report is about.

    :raises CallbackRejectedError: there is none.
    """
    found = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not is_id(found):
        raise CallbackRejectedError("the body names no task")
    return found
