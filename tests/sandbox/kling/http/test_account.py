"""The account: its packs and the ledger, in agreement with what tasks say they cost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.kling.conftest import IMAGE_BODY, IMAGES, TURBO, VIDEO_BODY, Client, error

ALL = {"start_time": 0, "end_time": 9_999_999_999_999}
COSTS = "/account/costs"


def ledger(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.http.post("/account/billing/package", json=ALL | query)
    assert response.status_code == 200, response.text
    detail: list[dict[str, Any]] = response.json()["data"]["result"]["detail"]
    return detail


def test_the_ledger_agrees_with_the_tasks(client: Client):
    video = client.finished()
    image = client.finished(IMAGES, IMAGE_BODY)
    rows = {row["task_id"]: row for row in ledger(client)}
    for task in (video, image):
        row = rows[task["id"]]
        assert row["deduction_amount"] == float(task["billing"][0]["amount"])
        assert row["product_type"] == task["billing"][0]["package_type"]
        before, after = row["unit_before_deduction"], row["unit_after_deduction"]
        assert before - after == pytest.approx(row["deduction_amount"])
    row = rows[video["id"]]
    assert (row["model_name"], row["resolution"], row["duration"]) == ("kling-3.0-turbo", "720p", "3.04")
    assert (row["video_sound"], row["refer_video_input"], row["voice_control"]) == ("native", False, False)
    assert row["deduction_time"] == str(video["update_time"])
    assert "duration" not in rows[image["id"]]


def test_what_failed_or_was_rejected_is_in_no_ledger(client: Client):
    client.finished(TURBO, VIDEO_BODY | {"prompt": "[forbidden]"})
    client.create(TURBO, {})
    assert ledger(client) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], 2),
        ([{"key": "product_type", "values": ["video"]}], 1),
        ([{"key": "product_type", "values": ["try-on"]}], 0),
        ([{"key": "api_key_name", "values": ["sandbox"]}], 2),
        ([{"key": "api_key_name", "values": ["other"]}], 0),
        ([{"key": "package_name", "values": ["Sandbox-Video-1000000Units"]}], 1),
    ],
)
def test_the_ledger_can_be_filtered(client: Client, filters: list[Any], found: int):
    client.finished()
    client.finished(IMAGES, IMAGE_BODY)
    assert len(ledger(client, filters=filters)) == found


def test_the_ledger_has_pages(client: Client):
    for _ in range(3):
        client.finished(IMAGES, IMAGE_BODY)
    data = client.http.post("/account/billing/package", json=ALL | {"limit": 2}).json()["data"]
    assert (data["result"]["count"], data["has_more"]) == (2, True)
    rest = client.http.post("/account/billing/package", json={"cursor": data["next_cursor"]})
    assert (rest.json()["data"]["result"]["count"], rest.json()["data"]["has_more"]) == (1, False)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"start_time": 1},
        ALL | {"limit": 501},
        ALL | {"filters": [{"key": "package_name", "values": ["a"]}, {"key": "package_id", "values": ["b"]}]},
    ],
)
def test_the_ledger_needs_a_time_and_has_bounds(client: Client, body: dict[str, Any]):
    assert error(client.http.post("/account/billing/package", json=body))[:2] == (400, 1201)


def test_nothing_is_taken_from_a_balance(client: Client):
    client.finished()
    data = client.http.post("/account/billing/balance", json=ALL).json()["data"]
    assert data["result"] == {"detail": [], "count": 0}


def test_packs_are_in_an_envelope_of_their_own_and_twelve_hours_late(client: Client):
    client.finished()

    def video_pack() -> dict[str, Any]:
        client.sandbox.advance(1)
        data = client.http.get(COSTS, params=ALL).json()["data"]
        assert (data["code"], data["msg"]) == (0, "success")
        packs = data["resource_pack_subscribe_infos"]
        return next(pack for pack in packs if "Video" in pack["resource_pack_name"])

    pack = video_pack()
    assert (pack["status"], pack["resource_pack_type"]) == ("online", "decreasing_total")
    assert pack["remaining_quantity"] == pack["total_quantity"] == 1e6
    client.sandbox.advance(12 * 3600)
    assert video_pack()["remaining_quantity"] == pytest.approx(1e6 - 2.4)


@pytest.mark.parametrize("query", ["", "start_time=1", "start_time=x&end_time=1"])
def test_packs_need_a_time(client: Client, query: str):
    client.sandbox.advance(1)
    assert error(client.http.get(f"{COSTS}?{query}"))[:2] == (400, 1201)
