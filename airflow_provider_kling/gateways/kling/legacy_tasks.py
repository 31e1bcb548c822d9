"""Reading tasks with an access key: each product has a path of its own for that.

So the id of a task names its product, too: ``videos.text2video.893605946402811985`` is at
``/v1/videos/text2video/893605946402811985``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from urllib.parse import quote

from airflow_provider_kling.exceptions import BrokenRule, KlingNotFoundError, KlingRequestError
from airflow_provider_kling.gateways.kling.task import parse_found, parse_submission, parse_task
from airflow_provider_kling.http.message import Call, HttpResponse, Operation
from airflow_provider_kling.http.task import Task

ROOT: Final = "/v1/"
_SEPARATOR: Final = "."


def with_product(task: Task, *, path: str) -> Task:
    """Return a task whose id names the product at ``path``, too."""
    product = path.removeprefix(ROOT).replace("/", _SEPARATOR)
    return replace(task, task_id=f"{product}{_SEPARATOR}{task.task_id}")


def parse_legacy_submission(response: HttpResponse) -> Task:
    """Read the response to a submission."""
    return with_product(parse_submission(response), path=response.request.path)


def read_legacy_task(task_id: str) -> Call[Task]:
    """Read a task by the id that names its product.

    :raises KlingRequestError: it names none. Nothing is sent.
    """
    *product, own_id = task_id.split(_SEPARATOR)
    if not product or not all([*product, own_id]):
        rule = (
            "must name the product, too, as in videos.text2video.893605946402811985: with an access key, a "
            "task cannot be read without it. With an API key it can"
        )
        raise KlingRequestError(
            subject="task", broken=[BrokenRule(field="task_id", rule=rule, value=task_id)]
        )
    path = f"{ROOT}{'/'.join(quote(step, safe='') for step in product)}"
    parse = partial(_parse, path=path, own_id=own_id)
    return Call.read(f"{path}/{quote(own_id, safe='')}", parse, operation=Operation.POLL)


def _parse(response: HttpResponse, *, path: str, own_id: str) -> Task:
    return with_product(parse_task(response, task_id=own_id), path=path)


@dataclass(frozen=True, kw_only=True)
class LegacyRecovery:
    """See :class:`~airflow_provider_kling.gateways.base.Recovery`.

    :param path: where the submission was sent.
    """

    path: str

    def find(self, key: str) -> Call[Task | None]:
        """Look a submission up among the tasks of its product."""
        return Call.read(
            f"{self.path}/{quote(key, safe='')}", partial(self._parse, key=key), operation=Operation.RECOVER
        )

    def _parse(self, response: HttpResponse, *, key: str) -> Task | None:
        try:
            found = parse_found(response, key=key)
        except KlingNotFoundError:
            return None
        return found and with_product(found, path=self.path)
