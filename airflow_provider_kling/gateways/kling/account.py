"""What the platform tells of the account (docs: account-usage)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingProtocolError
from airflow_provider_kling.gateways.json_values import amount, mapping
from airflow_provider_kling.gateways.kling.envelope import parse_data
from airflow_provider_kling.gateways.kling.task import UNIT
from airflow_provider_kling.http.message import Call, HttpResponse

T = TypeVar("T")

_COSTS_PATH: Final = "/account/costs"
_WINDOW_MS: Final = 366 * 86_400_000  # in which packs are looked for
_IN_USE: Final = "online"


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
