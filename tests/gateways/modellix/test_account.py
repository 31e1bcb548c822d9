"""Calls about the account: its balance, and whether it accepts the key."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.modellix.capabilities import ModellixAccount
from airflow_provider_kling.http.message import Call
from tests.gateways.calls import envelope, response

ACCOUNT = ModellixAccount()


@pytest.mark.parametrize(("balance", "parsed"), [(12.3456, "12.3456"), ("12.3456", "12.3456"), (0, "0")])
def test_the_balance_is_exact(balance: object, parsed: str) -> None:
    assert str(ACCOUNT.balance(now=0.0).parse(response(envelope(balance=balance)))) == parsed


@pytest.mark.parametrize(
    "data",
    [
        {},
        *({"balance": value} for value in (None, "none", float("nan"), "1e999999999", "-1e999999999", True)),
    ],
)
def test_a_missing_balance_is_not_zero(data: dict[str, Any]) -> None:
    with pytest.raises(KlingProtocolError, match="without a balance"):
        ACCOUNT.balance(now=0.0).parse(response(envelope(**data)))


@pytest.mark.parametrize(
    ("data", "valid"),
    [({"is_valid": True}, True), ({"is_valid": False}, False), ({"is_valid": "true"}, False), ({}, False)],
)
def test_a_key_is_valid_only_when_the_service_says_so(data: dict[str, Any], valid: bool) -> None:
    assert ACCOUNT.key_validation(now=0.0).parse(response(envelope(**data))) is valid


def test_both_are_free_reads_that_may_be_repeated() -> None:
    calls: list[Call[Any]] = [ACCOUNT.balance(now=0.0), ACCOUNT.key_validation(now=0.0)]
    assert [(call.request.method, call.request.path) for call in calls] == [
        ("GET", "/api/v1/team/balance"),
        ("GET", "/api/v1/apikey/validate"),
    ]
    assert all(call.idempotent and call.request.content is None for call in calls)
