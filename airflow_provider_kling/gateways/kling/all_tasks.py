"""Reading tasks with an API key: those of all products and of both standards are at one path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from airflow_provider_kling.gateways.base import TaskBatch
from airflow_provider_kling.gateways.kling.task import parse_found, parse_task, parse_tasks
from airflow_provider_kling.gateways.kling.task_reading import found_or_absent
from airflow_provider_kling.http.message import Call, HttpResponse, Operation
from airflow_provider_kling.http.task import Task

_PATH: Final = "/tasks"
_MOST_IDS: Final = 20  # of one read; measured, as the documents give no number


def own_id(task_id: str) -> str:
    """Return the platform's own id: where an access key submitted the task, ours begins with the product."""
    return task_id.rpartition(".")[2]


class AllTasksRecovery:
    """See :class:`~airflow_provider_kling.gateways.base.Recovery`: a submission is found by the caller's id.

    The platform finds a task as soon as it is made, and refuses a second one with the same id. So a
    submission that is not found can be sent again.
    """

    def find(self, key: str, *, exists: bool = False) -> Call[Task | None]:
        """Look a submission up, in the tasks of all products."""
        parse = partial(_parse_found, key=key, exists=exists)
        return Call.read(_PATH, parse, params={"external_task_ids": key}, operation=Operation.RECOVER)


class AllTasksBatch:
    """See :class:`~airflow_provider_kling.gateways.base.TaskBatch`."""

    limit = _MOST_IDS

    def tasks(self, task_ids: Sequence[str]) -> Call[Mapping[str, Task]]:
        """Read at most twenty tasks."""
        parse = partial(_parse_batch, task_ids=task_ids)
        params = {"task_ids": ",".join(map(own_id, task_ids))}
        return Call.read(_PATH, parse, params=params, operation=Operation.POLL)


class AllTasks:
    """See :class:`~airflow_provider_kling.gateways.kling.task_reading.TaskReading`."""

    batch: TaskBatch | None = AllTasksBatch()

    def named(self, task: Task, *, path: str) -> Task:
        """Return the task: its own id is enough."""
        del path
        return task

    def task(self, task_id: str) -> Call[Task]:
        """Read a task, of whichever product."""
        parse = partial(_parse, task_id=task_id)
        return Call.read(_PATH, parse, params={"task_ids": own_id(task_id)}, operation=Operation.POLL)

    def recovery(self, *, path: str) -> AllTasksRecovery:
        """Return how a submission is found, wherever it was sent."""
        del path
        return AllTasksRecovery()

    def readable_id(self, task_id: str, *, path: str) -> str:
        """Return the id: every one is readable."""
        del path
        return task_id


def _parse(response: HttpResponse, *, task_id: str) -> Task:
    return replace(parse_task(response, task_id=own_id(task_id)), task_id=task_id)


def _parse_batch(response: HttpResponse, *, task_ids: Sequence[str]) -> Mapping[str, Task]:
    found = parse_tasks(response)
    return {
        task_id: replace(found[own_id(task_id)], task_id=task_id)
        for task_id in task_ids
        if own_id(task_id) in found
    }


def _parse_found(response: HttpResponse, *, key: str, exists: bool) -> Task | None:
    return found_or_absent(parse_found(response, key=key), response=response, key=key, exists=exists)
