"""The service's own log of submissions, parsed tolerantly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.base import LoggedRequest
from airflow_provider_kling.gateways.modellix.capabilities import ModellixRequestLog
from tests.gateways.calls import envelope, response

UNTIL = datetime(2026, 11, 28, tzinfo=UTC)
CALL = ModellixRequestLog().newest(entries=50, until=UNTIL)
ENTRY = {
    "task_id": "task-1",
    "status": "processing",
    "model": {"provider": "kling", "model_name": "kling-video-o1"},
    "created_at": 1_795_334_400,
    "duration": 102_900,
    "cost": 4345,
    "input": {"prompt": "An owl"},
}
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_the_number_of_entries_is_requested_in_a_window_of_30_days() -> None:
    assert (CALL.request.method, CALL.request.path) == ("GET", "/api/v1/logs")
    until, day = int(UNTIL.timestamp()), 86_400
    params = CALL.request.params
    assert params == {**params, "page": 1, "page_size": 50}
    assert params["end_time"] - params["start_time"] == 30 * day
    assert until < params["end_time"] < until + day, "a service whose clock is ahead has its newest rows, too"
    assert CALL.idempotent


@pytest.mark.parametrize("body", [envelope(requests=[ENTRY]), {"requests": [ENTRY]}], ids=["data", "bare"])
def test_the_log_is_parsed_with_and_without_data_around_it(body: dict[str, Any]) -> None:
    (entry,) = CALL.parse(response(body))
    assert entry == LoggedRequest(
        task_id="task-1", status="processing", model="kling-video-o1", created_at=AT
    )


@pytest.mark.parametrize(
    ("created_at", "parsed"),
    [
        (1_795_334_400, AT),
        (1_795_334_400_000, AT),
        ("2026-11-22T08:00:00Z", AT),
        ("1795334400", AT),
        ("1795334400000", AT),
        ("20261122T080000Z", AT),
        ("yesterday", None),
        (None, None),
        (17, None),
    ],
)
def test_a_logged_time_is_parsed_in_any_form_it_may_have(created_at: object, parsed: datetime | None) -> None:
    (entry,) = CALL.parse(response(envelope(requests=[{**ENTRY, "created_at": created_at}])))
    assert entry.created_at == parsed


def test_logged_requests_without_a_task_are_left_out() -> None:
    body = envelope(requests=[{"status": "failed"}, None, "task-1", {**ENTRY, "model": None}])
    (entry,) = CALL.parse(response(body))
    assert (entry.task_id, entry.model) == ("task-1", None)


@pytest.mark.parametrize("body", [envelope(), {"requests": {}}, []])
def test_a_missing_log_is_not_an_empty_one(body: object) -> None:
    with pytest.raises(KlingProtocolError):
        CALL.parse(response(body))
