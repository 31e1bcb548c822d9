"""Reading tasks with an access key: each product has a path of its own for that.

So the id of a task names its product, too: ``videos.text2video.893605946402811985`` is at
``/v1/videos/text2video/893605946402811985``. Tasks of the new standard cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from airflow_provider_kling.exceptions import (
    BrokenRule,
    KlingNotFoundError,
    KlingProtocolError,
    KlingRequestError,
)
from airflow_provider_kling.gateways.base import Recovery, TaskBatch
from airflow_provider_kling.gateways.json_values import mapping
from airflow_provider_kling.gateways.kling.envelope import parse_data
from airflow_provider_kling.gateways.kling.task import parse_found, parse_task, read_task
from airflow_provider_kling.gateways.kling.task_reading import found_or_absent
from airflow_provider_kling.http.message import Call, HttpResponse, Operation
from airflow_provider_kling.http.task import Task

ROOT: Final = "/v1/"
_SEPARATOR: Final = "."
_MOST_LISTED: Final = 500  # docs: pageSize

# Their pages name the service's id only, so they are found in the list of the product's tasks.
_FOUND_IN_LIST: Final = frozenset({"/v1/videos/advanced-lip-sync", "/v1/videos/lip-sync"})


class ProductTasks:
    """See :class:`~airflow_provider_kling.gateways.kling.task_reading.TaskReading`."""

    batch: TaskBatch | None = None

    def named(self, task: Task, *, path: str) -> Task:
        """Return a task whose id names the product at ``path``, too."""
        return _named(task, path=path)

    def task(self, task_id: str) -> Call[Task]:
        """Read a task by the id that names its product.

        :raises KlingRequestError: it names none. Nothing is sent.
        """
        *product, own_id = task_id.split(_SEPARATOR)
        if not product or not all([*product, own_id]):
            rule = (
                "must name the product, too, as in videos.text2video.893605946402811985: with an access key, "
                "a task cannot be read without it. With an API key it can"
            )
            broken = BrokenRule(field="task_id", rule=rule, value=task_id)
            raise KlingRequestError(subject="task", broken=[broken])
        path = f"{ROOT}{'/'.join(quote(step, safe='') for step in product)}"
        parse = partial(_parse, path=path, own_id=own_id)
        return Call.read(f"{path}/{quote(own_id, safe='')}", parse, operation=Operation.POLL)

    def recovery(self, *, path: str) -> Recovery:
        """Return how a submission is found, among the tasks of its product."""
        return ListedRecovery(path=path) if path in _FOUND_IN_LIST else ProductRecovery(path=path)

    def readable_id(self, task_id: str, *, path: str) -> str:
        """Return the id with its product, where an API key submitted the task."""
        check_readable(path)
        return task_id if _SEPARATOR in task_id else _named_id(task_id, path=path)


@dataclass(frozen=True, kw_only=True)
class ProductRecovery:
    """See :class:`~airflow_provider_kling.gateways.base.Recovery`: by the caller's id.

    :param path: where the submission was sent.
    """

    path: str

    def find(self, key: str, *, exists: bool = False) -> Call[Task | None]:
        """Look a submission up among the tasks of its product.

        :raises KlingRequestError: an access key finds none that was sent there.
        """
        check_readable(self.path)
        parse = partial(self._parse, key=key, exists=exists)
        return Call.read(f"{self.path}/{quote(key, safe='')}", parse, operation=Operation.RECOVER)

    def _parse(self, response: HttpResponse, *, key: str, exists: bool) -> Task | None:
        try:
            found = parse_found(response, key=key)
        except KlingNotFoundError:
            found = None
        named = found and _named(found, path=self.path)
        return found_or_absent(named, response=response, key=key, exists=exists)


@dataclass(frozen=True, kw_only=True)
class ListedRecovery:
    """See :class:`~airflow_provider_kling.gateways.base.Recovery`: in the list of the product's tasks.

    :param path: where the submission was sent.
    """

    path: str

    def find(self, key: str, *, exists: bool = False) -> Call[Task | None]:
        """Look a submission up in the first page of the list, which holds 500 tasks."""
        parse = partial(self._parse, key=key, exists=exists)
        params = {"pageNum": 1, "pageSize": _MOST_LISTED}
        return Call.read(self.path, parse, params=params, operation=Operation.RECOVER)

    def _parse(self, response: HttpResponse, *, key: str, exists: bool) -> Task | None:
        listed: Any = parse_data(response)
        if not isinstance(listed, list):
            raise KlingProtocolError(f"{response.request} was answered without a list of tasks")
        for told in listed:
            if mapping(mapping(told).get("task_info")).get("external_task_id") == key:
                return _named(read_task(told, response=response), path=self.path)
        if len(listed) >= _MOST_LISTED:
            raise KlingProtocolError(
                f"{response.request} lists {len(listed)} tasks without the submission {key}, and there may "
                "be more"
            )
        return found_or_absent(None, response=response, key=key, exists=exists)


def check_readable(path: str) -> None:
    """Check that an access key can read what was sent to a path.

    :raises KlingRequestError: it was sent in the new standard.
    """
    if not path.startswith(ROOT):
        rule = (
            "must be empty, and the password the API key: the new standard, in which the request was sent, "
            "takes an API key only"
        )
        broken = BrokenRule(field="login", rule=rule)
        raise KlingRequestError(subject="the Kling connection", broken=[broken])


def _named(task: Task, *, path: str) -> Task:
    return replace(task, task_id=_named_id(task.task_id, path=path))


def _named_id(task_id: str, *, path: str) -> str:
    product = path.removeprefix(ROOT).replace("/", _SEPARATOR)
    return f"{product}{_SEPARATOR}{task_id}"


def _parse(response: HttpResponse, *, path: str, own_id: str) -> Task:
    return _named(parse_task(response, task_id=own_id), path=path)
