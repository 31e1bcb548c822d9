"""The service's own log of submissions, parsed tolerantly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.base import LoggedRequest
from airflow_provider_kling.gateways.modellix.capabilities import ModellixRequestLog
from tests.gateways.calls import envelope, response

CALL = ModellixRequestLog().newest(entries=50, until=datetime(2026, 11, 28, tzinfo=UTC))
ENTRY = {
    "task_id": "task-1",
    "status": "processing",
    "model": {"provider": "kling", "model_name": "kling-video-o1"},
    "created_at": "2026-11-22T08:00:00Z",
    "cost": 0.4345,
}
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_the_number_of_entries_is_requested_and_no_window_of_time() -> None:
    assert (CALL.request.method, CALL.request.path) == ("GET", "/api/v1/logs")
    assert CALL.request.params == {"page": 1, "page_size": 50}
    assert CALL.idempotent


@pytest.mark.parametrize("body", [envelope(requests=[ENTRY]), {"requests": [ENTRY]}], ids=["data", "bare"])
def test_the_log_is_parsed_with_and_without_data_around_it(body: dict[str, Any]) -> None:
    (entry,) = CALL.parse(response(body))
    assert entry == LoggedRequest(
        task_id="task-1", status="processing", model="kling-video-o1", created_at=AT
    )


@pytest.mark.parametrize(
    ("created_at", "parsed"),
    [(ENTRY["created_at"], AT), (AT.timestamp() * 1000, AT), ("yesterday", None), (None, None)],
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
