"""What comes back about the account: its balance, its key, and the models on offer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.task import LoggedRequest
from tests.gateways.wire import answer, envelope

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


ENTRY = {
    "task_id": "task-1",
    "status": "processing",
    "model": {"provider": "kling", "model_name": "kling-video-o1"},
    "created_at": "2026-11-22T08:00:00Z",
    "cost": 0.4345,
}
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize("body", [envelope(requests=[ENTRY]), {"requests": [ENTRY]}], ids=["wrapped", "bare"])
def test_the_request_log_is_read_with_and_without_a_wrapper(body: dict[str, Any]) -> None:
    (entry,) = GATEWAY.request_log(entries=50).parse(answer(body))
    assert entry == LoggedRequest(
        task_id="task-1", status="processing", model="kling-video-o1", created_at=AT
    )


@pytest.mark.parametrize(
    ("created_at", "read"),
    [(ENTRY["created_at"], AT), (AT.timestamp() * 1000, AT), ("yesterday", None), (None, None)],
)
def test_a_logged_time_is_read_in_any_form_it_may_have(created_at: object, read: datetime | None) -> None:
    body = envelope(requests=[{**ENTRY, "created_at": created_at}])
    (entry,) = GATEWAY.request_log(entries=50).parse(answer(body))
    assert entry.created_at == read


def test_logged_requests_without_a_task_are_left_out() -> None:
    body = envelope(requests=[{"status": "failed"}, None, "task-1", {**ENTRY, "model": None}])
    (entry,) = GATEWAY.request_log(entries=50).parse(answer(body))
    assert (entry.task_id, entry.model) == ("task-1", None)


@pytest.mark.parametrize("body", [envelope(), {"requests": {}}, []])
def test_a_request_log_that_is_none_is_no_empty_one(body: object) -> None:
    with pytest.raises(KlingProtocolError):
        GATEWAY.request_log(entries=50).parse(answer(body))


def test_as_many_entries_are_asked_for_as_are_wanted() -> None:
    request = GATEWAY.request_log(entries=50).request
    assert (request.method, request.path, dict(request.params)) == (
        "GET",
        "/api/v1/logs",
        {"page": 1, "page_size": 50},
    )
