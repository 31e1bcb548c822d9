"""What the platform offers besides generations (docs: query-tasks, account-usage)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingProtocolError
from airflow_provider_kling.gateways.json_values import amount, mapping
from airflow_provider_kling.gateways.kling.envelope import parse_data
from airflow_provider_kling.gateways.kling.task import UNIT, parse_found, parse_tasks
from airflow_provider_kling.http.message import Call, HttpResponse, Operation
from airflow_provider_kling.http.task import Task

T = TypeVar("T")

TASKS_PATH: Final = "/tasks"
_COSTS_PATH: Final = "/account/costs"
_MOST_IDS: Final = 20  # of one read; measured, as the documents give no number
_WINDOW_MS: Final = 366 * 86_400_000  # in which packs are looked for
_IN_USE: Final = "online"


class KlingRecovery:
    """See :class:`~airflow_provider_kling.gateways.base.Recovery`: a submission is found by the caller's id.

    The platform finds a task as soon as it is made, and refuses a second one with the same id. So a
    submission that is not found can be sent again.
    """

    def find(self, key: str) -> Call[Task | None]:
        """Look a submission up, in the tasks of all products."""
        parse = partial(parse_found, key=key)
        return Call.read(TASKS_PATH, parse, params={"external_task_ids": key}, operation=Operation.RECOVER)


class KlingTaskBatch:
    """See :class:`~airflow_provider_kling.gateways.base.TaskBatch`."""

    limit = _MOST_IDS

    def tasks(self, task_ids: Sequence[str]) -> Call[Mapping[str, Task]]:
        """Read at most twenty tasks."""
        params = {"task_ids": ",".join(task_ids)}
        return Call.read(TASKS_PATH, parse_tasks, params=params, operation=Operation.POLL)


class KlingAccount:
    """See :class:`~airflow_provider_kling.gateways.base.Account`. Reading is free, at most once a second."""

    unit = UNIT

    def balance(self, *, now: float) -> Call[Decimal]:
        """Read the units that are left in the account's packs, up to 12 hours late."""
        return _costs(_units_left, now=now)

    def key_validation(self, *, now: float) -> Call[bool]:
        """Read the packs, which only a valid key can."""
        return _costs(_is_accepted, now=now)


def _costs(parse: Callable[[HttpResponse], T], *, now: float) -> Call[T]:
    end = int(now * 1000)
    return Call.read(_COSTS_PATH, parse, params={"start_time": end - _WINDOW_MS, "end_time": end})


def _units_left(response: HttpResponse) -> Decimal:
    packs = mapping(parse_data(response)).get("resource_pack_subscribe_infos")
    if not isinstance(packs, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of packs")
    left = [
        amount(pack.get("remaining_quantity"))
        for pack in map(mapping, packs)
        if pack.get("status") == _IN_USE
    ]
    return sum((units for units in left if units is not None), Decimal(0))


def _is_accepted(response: HttpResponse) -> bool:
    try:
        parse_data(response)
    except KlingAuthenticationError as error:
        if error.transient:  # the clock is wrong, and not the key
            raise
        return False
    return True
