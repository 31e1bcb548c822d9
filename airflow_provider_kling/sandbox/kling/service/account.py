"""The account: its resource packs, and the ledger of what was taken from them (docs: assets)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from airflow_provider_kling.sandbox.core.clock import DAY_S
from airflow_provider_kling.sandbox.core.stable_ids import stable_id
from airflow_provider_kling.sandbox.kling.service.price import PackType
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection

KEY_NAME: Final = "sandbox"  # the name of the only API key
_LAG_S: Final = 12 * 3600.0  # what remains is reported this late (docs: account usage)
_VALID_S: Final = 365 * DAY_S
_BOUGHT_BEFORE_S: Final = DAY_S
_INTERVAL_S: Final = 1.0  # between two reads of the packs (docs: account usage)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What units are taken for.

    :param submitted_at: when the task was created, by which the ledger is filtered; epoch seconds.
    :param at: when the units are taken.
    :param seconds: of a video; None for anything else.
    """

    task_id: str
    product: str
    model: str
    resolution: str
    submitted_at: float
    at: float
    seconds: float | None = None
    has_video_input: bool = False
    audio: str = "off"
    has_voice: bool = False


@dataclass(kw_only=True)
class Pack:
    """A resource pack.

    :param bought_at: in epoch seconds.
    """

    type: PackType
    name: str
    pack_id: str
    total: Decimal
    remaining: Decimal
    bought_at: float

    @property
    def expires_at(self) -> float:
        """Return when it expires, in epoch seconds."""
        return self.bought_at + _VALID_S

    def status(self, *, now: float) -> str:
        """Return its documented status at a moment."""
        if now >= self.expires_at:
            return "expired"
        return "online" if self.remaining > 0 else "runOut"


@dataclass(frozen=True, kw_only=True)
class Deduction:
    """One row of the ledger."""

    number: int
    pack: Pack
    charge: Charge
    before: Decimal
    amount: Decimal
    after: Decimal


class Account:
    """One pack of each type. Rejections cost nothing; units are taken when a task has succeeded.

    :param units: how many units each pack begins with.
    :param now: returns the current time in epoch seconds.
    """

    def __init__(self, *, seed: int, units: Mapping[PackType, Decimal], now: Callable[[], float]) -> None:
        self._seed = seed
        self._units = units
        self._now = now
        self.clear()

    def clear(self) -> None:
        """Fill the packs and empty the ledger."""
        self.ledger: list[Deduction] = []
        self._read_at: float | None = None
        self.packs = {type_: self._new_pack(type_, units) for type_, units in self._units.items()}

    def _new_pack(self, type_: PackType, units: Decimal) -> Pack:
        return Pack(
            type=type_,
            name=f"Sandbox-{type_.capitalize()}-{units.normalize():f}Units",
            pack_id=stable_id(self._seed, "pack", type_)[:32],
            total=units,
            remaining=units,
            bought_at=self._now() - _BOUGHT_BEFORE_S,
        )

    def check(self, type_: PackType, units: Decimal) -> None:
        """Check that a pack can pay; tasks that run reserve nothing (inferred).

        :raises Rejection: 1102 if it cannot.
        """
        pack = self.packs[type_]
        if pack.remaining < units or self._now() >= pack.expires_at:
            raise Rejection(Code.UNITS)

    def take(self, type_: PackType, units: Decimal, *, of: Charge) -> None:
        """Take units from a pack and write the row of the ledger."""
        pack = self.packs[type_]
        before = pack.remaining
        pack.remaining -= units
        number = len(self.ledger) + 1
        self.ledger.append(
            Deduction(
                number=number,
                pack=pack,
                charge=of,
                before=before,
                amount=units,
                after=pack.remaining,
            )
        )

    def read_packs(self) -> list[Pack]:
        """Return the packs.

        :raises Rejection: 1302 if they were read less than a second ago.
        """
        now = self._now()
        if self._read_at is not None and now - self._read_at < _INTERVAL_S:
            raise Rejection(Code.RATE)
        self._read_at = now
        return list(self.packs.values())

    def reported_remaining(self, pack: Pack) -> Decimal:
        """Return what the account page says remains: it does not know the last twelve hours."""
        recent = [row for row in self.ledger if row.pack is pack and row.charge.at > self._now() - _LAG_S]
        return pack.remaining + sum((row.amount for row in recent), Decimal(0))
