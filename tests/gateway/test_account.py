"""What comes back about the account: its balance, its key, and the models on offer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateway import make_gateway
from tests.gateway.wire import answer, envelope

GATEWAY = make_gateway()


@pytest.mark.parametrize(("balance", "read"), [(12.3456, "12.3456"), ("12.3456", "12.3456"), (0, "0")])
def test_the_balance_is_exact(balance: object, read: str) -> None:
    assert GATEWAY.balance().parse(answer(envelope(balance=balance))) == Decimal(read)


@pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": "none"}, {"balance": float("nan")}])
def test_a_balance_that_is_not_told_is_not_zero(data: dict[str, Any]) -> None:
    with pytest.raises(KlingProtocolError, match="without a balance"):
        GATEWAY.balance().parse(answer(envelope(**data)))


@pytest.mark.parametrize(
    ("data", "valid"),
    [({"is_valid": True}, True), ({"is_valid": False}, False), ({"is_valid": "true"}, False), ({}, False)],
)
def test_a_key_is_valid_only_when_the_service_says_so(data: dict[str, Any], valid: bool) -> None:
    assert GATEWAY.key_validation().parse(answer(envelope(**data))) is valid


def test_models_are_listed_and_those_without_a_name_left_out() -> None:
    price = {"fixed": 0.1008, "unit": "$/s"}
    models = GATEWAY.models().parse(
        answer(
            {
                "models": [
                    {"slug": "kling/kling-video-o1", "type": "video-to-video", "price": price, "new": 1},
                    {"slug": "kling/kling-v3-t2v", "price": None, "docs_url": None},
                    {"type": "text-to-video"},
                    None,
                ]
            }
        )
    )
    assert [model.slug for model in models] == ["kling/kling-video-o1", "kling/kling-v3-t2v"]
    assert [model.price for model in models] == [price, None]
