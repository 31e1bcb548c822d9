"""The request log in the shape of the documents: a window of time, pages, a filter by end user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import PRICE, VIDEO_BODY, Client
from tests.sandbox.paths import O1

DAY = 86_400
LOGS = "/api/v1/logs"


def _page(client: Client, **query: Any) -> dict[str, Any]:
    response = client.http.get(LOGS, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def _ids(client: Client, **query: Any) -> list[str]:
    return [row["task_id"] for row in _page(client, **query)["requests"]]


def test_a_page_has_no_envelope_and_lists_the_newest_first(lifelike: Client):
    ids = [lifelike.submitted(VIDEO_BODY) for _ in range(3)]
    page = _page(lifelike, page=1, page_size=2)
    assert page.keys() == {"requests", "total", "page", "page_size"}
    assert (page["total"], page["page"], page["page_size"]) == (3, 1, 2)
    assert _ids(lifelike, page=1, page_size=2) + _ids(lifelike, page=2, page_size=2) == ids[::-1]


def test_a_row_has_seconds_milliseconds_and_ten_thousandths_of_a_dollar(lifelike: Client):
    data = lifelike.finished(VIDEO_BODY)
    at = lifelike.sandbox.requests("POST")[0]["at"]
    (row,) = _page(lifelike)["requests"]
    assert row == {
        "task_id": data["task_id"],
        "status": "success",
        "model": {"provider": "kling", "model_name": "kling-video-o1"},
        "created_at": row["created_at"],
        "duration": data["duration"],
        "cost": round(PRICE * 10_000),
        "input": VIDEO_BODY,
    }
    assert isinstance(row["created_at"], int)
    assert abs(row["created_at"] - at) <= 1


def test_what_is_not_charged_costs_0(lifelike: Client):
    lifelike.submitted({"prompt": "a [forbidden] thing"})
    lifelike.sandbox.advance(600)
    lifelike.submitted(VIDEO_BODY)
    rows = _page(lifelike)["requests"]
    assert [(row["status"], row["cost"]) for row in rows] == [("pending", 0), ("failed", 0)]


def test_long_texts_of_the_input_are_cut(lifelike: Client):
    lifelike.submitted({"prompt": "x" * 2500, "images": ["A" * 100_000]})
    (row,) = _page(lifelike)["requests"]
    assert row["input"]["prompt"] == "x" * 2500
    assert len(row["input"]["images"][0]) < 5000


def test_a_window_of_time_holds_what_was_submitted_in_it(lifelike: Client):
    early = lifelike.submitted(VIDEO_BODY)
    lifelike.sandbox.advance(DAY)
    late = lifelike.submitted(VIDEO_BODY)
    second, first = (row["created_at"] for row in _page(lifelike)["requests"])
    assert _ids(lifelike, start_time=first, end_time=second) == [late, early]
    assert _ids(lifelike, start_time=first, end_time=second - 1) == [early]
    assert _ids(lifelike, start_time=first + 1, end_time=second) == [late]
    assert _page(lifelike, start_time=first + 1, end_time=second)["total"] == 1
    lifelike.sandbox.advance(29.5 * DAY)
    assert _ids(lifelike) == [late], "without a window it is the last 30 days"


def test_a_window_has_at_most_30_days(lifelike: Client):
    now = 1_900_000_000
    assert _ids(lifelike, start_time=now - 30 * DAY, end_time=now) == []
    for query in (
        {"start_time": now - 30 * DAY - 1, "end_time": now},
        {"start_time": now, "end_time": now - 1},
        {"start_time": now},
        {"end_time": now},
        {"start_time": now * 1000, "end_time": now * 1000 + 1},
        {"start_time": "2026-11-01", "end_time": "2026-11-02"},
        {"page": "one"},
        {"page": "1" * 5000},
        {"page_size": 101},
    ):
        response = lifelike.http.get(LOGS, params=query)
        assert response.status_code == 400, query
        assert next(iter(query)) in response.json()["message"] or "start_time" in response.json()["message"]


def test_the_log_can_be_filtered_by_the_end_user_whom_no_response_names(lifelike: Client):
    tagged = lifelike.submit(VIDEO_BODY, **{"X-Mdlx-User-Id": "customer_42"})
    lifelike.submitted(VIDEO_BODY)
    task_id = tagged.json()["data"]["task_id"]
    assert _ids(lifelike, user_id="customer_42") == [task_id]
    assert _ids(lifelike, user_id="customer_43") == []
    assert len(_ids(lifelike)) == 2
    for response in (tagged, lifelike.poll(task_id), lifelike.http.get(LOGS)):
        assert "customer_42" not in response.text


@pytest.mark.parametrize("user", ["a" * 8, "A-Z_09-z" * 16])
def test_a_user_id_has_8_to_128_characters(lifelike: Client, user: str):
    assert lifelike.submit(VIDEO_BODY, **{"X-Mdlx-User-Id": user}).status_code == 200


@pytest.mark.parametrize("user", ["a" * 7, "a" * 129, "with space", "a@example.com", ""])
def test_another_user_id_is_a_400(lifelike: Client, user: str):
    response = lifelike.submit(VIDEO_BODY, O1, **{"X-Mdlx-User-Id": user})
    assert response.status_code == 400
    assert "X-Mdlx-User-Id" in response.json()["message"]
    assert lifelike.sandbox.stats()["submissions_accepted"] == 0
