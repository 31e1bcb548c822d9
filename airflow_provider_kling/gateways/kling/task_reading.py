"""How tasks are read, which the credentials decide: not the standard in which a request was written."""

from __future__ import annotations

from typing import Protocol

from airflow_provider_kling.exceptions import KlingNotFoundError
from airflow_provider_kling.gateways.base import Recovery, TaskBatch
from airflow_provider_kling.http.message import Call, HttpResponse
from airflow_provider_kling.http.task import Task


class TaskReading(Protocol):
    """What one kind of credentials can read."""

    @property
    def batch(self) -> TaskBatch | None:
        """How several are read in one request; None where they cannot be."""

    def named(self, task: Task, *, path: str) -> Task:
        """Return a task that was submitted to ``path`` with the id by which these credentials read it."""

    def task(self, task_id: str) -> Call[Task]:
        """Read a task."""

    def recovery(self, *, path: str) -> Recovery:
        """Return how a submission that was sent to ``path`` is found."""

    def readable_id(self, task_id: str, *, path: str) -> str:
        """Return the id by which these credentials read a task that others have submitted to ``path``.

        :raises KlingRequestError: they cannot.
        """


def found_or_absent(found: Task | None, *, response: HttpResponse, key: str, exists: bool) -> Task | None:
    """Return what a look-up has found.

    :raises KlingNotFoundError: nothing, although it exists. So it was not found yet, which passes.
    """
    if found is None and exists:
        raise KlingNotFoundError(
            f"{response.request} does not find the submission {key}, which the service has",
            status_code=response.status,
            transient=True,
        )
    return found
