"""Packs: what they pay, what they report, and how often they may be read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from airflow_provider_kling.sandbox.kling.service.account import Account, Charge
from airflow_provider_kling.sandbox.kling.service.price import PackType
from airflow_provider_kling.sandbox.kling.service.rejection import Rejection

HOUR_S = 3600.0


class FakeClock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def account(clock: FakeClock) -> Account:
    return Account(seed=1, units={PackType.VIDEO: Decimal(3), PackType.IMAGE: Decimal(8)}, now=clock)


def take(account: Account, units: str, *, at: float) -> None:
    charge = Charge(
        task_id="1", product="Text to Video", model="3.0", resolution="720p", submitted_at=at, at=at
    )
    account.take(PackType.VIDEO, Decimal(units), of=charge)


def test_a_pack_pays_as_long_as_it_has_enough(account: Account, clock: FakeClock):
    account.check(PackType.VIDEO, Decimal(3))
    take(account, "2.4", at=clock.now)
    with pytest.raises(Rejection, match="1102: Account balance not enough"):
        account.check(PackType.VIDEO, Decimal("0.7"))
    account.check(PackType.VIDEO, Decimal("0.6"))
    account.check(PackType.IMAGE, Decimal(8))


def test_a_pack_ends_after_a_year(account: Account, clock: FakeClock):
    pack = account.packs[PackType.VIDEO]
    assert pack.status(now=clock.now) == "online"
    clock.now += 365 * 24 * HOUR_S
    assert pack.status(now=clock.now) == "expired"
    with pytest.raises(Rejection, match="1102"):
        account.check(PackType.VIDEO, Decimal(1))


def test_a_pack_that_is_empty_says_so(account: Account, clock: FakeClock):
    take(account, "3", at=clock.now)
    assert account.packs[PackType.VIDEO].status(now=clock.now) == "runOut"


def test_what_remains_is_reported_twelve_hours_late(account: Account, clock: FakeClock):
    pack = account.packs[PackType.VIDEO]
    take(account, "1", at=clock.now)
    assert account.reported_remaining(pack) == 3
    clock.now += 12 * HOUR_S
    assert account.reported_remaining(pack) == 2


def test_each_row_begins_where_the_one_before_it_ended(account: Account, clock: FakeClock):
    for _ in range(3):
        take(account, "0.9", at=clock.now)
    rows = account.ledger
    assert [row.before - row.after for row in rows] == [Decimal("0.9")] * 3
    assert [row.after for row in rows[:-1]] == [row.before for row in rows[1:]]


def test_packs_are_read_once_a_second(account: Account, clock: FakeClock):
    account.read_packs()
    clock.now += 0.9
    with pytest.raises(Rejection, match="1302"):
        account.read_packs()
    clock.now += 0.1
    assert len(account.read_packs()) == 2
