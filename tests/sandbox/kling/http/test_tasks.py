"""Tasks of the new standard: created, read by their ids, and listed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.kling.conftest import IMAGE_BODY, IMAGES, LONG_S, SLOW, TURBO, VIDEO_BODY, Client, error


def test_a_new_task_is_submitted_and_has_an_id_of_eighteen_digits(client: Client):
    body = client.create(TURBO, VIDEO_BODY | {"options": {"external_task_id": "mine"}}).json()
    assert (body["code"], body["message"]) == (0, "SUCCEED")
    data = body["data"]
    assert data["status"] == "submitted"
    assert data["id"].isdigit()
    assert len(data["id"]) == 18
    assert data["external_id"] == "mine"
    assert data["create_time"] == data["update_time"] == pytest.approx(client.now() * 1000, abs=60_000)


def test_a_task_is_submitted_then_processing_then_succeeded(client: Client):
    task_id = client.created()
    seen = [client.task(task_id)["status"]]
    client.sandbox.advance(4 / SLOW + 1)
    processing = client.task(task_id)
    seen.append(processing["status"])
    assert processing["update_time"] > processing["create_time"]
    client.sandbox.advance(LONG_S)
    task = client.task(task_id)
    assert [*seen, task["status"]] == ["submitted", "processing", "succeeded"]
    assert task["update_time"] > processing["update_time"]
    (video,) = task["outputs"]
    assert video.keys() == {"type", "id", "url", "duration"}
    assert (video["type"], video["duration"]) == ("video", "3.041")
    assert task["billing"] == [{"charge_type": "unit", "amount": "2.4", "package_type": "video"}]
    assert task["message"] == ""


def test_tasks_are_read_by_their_ids_and_unknown_ones_are_absent(client: Client):
    first, second = client.created(), client.created()
    assert [task["id"] for task in client.tasks(second, "123", first, second)] == [second, first]
    assert client.tasks("123") == []


def test_tasks_of_the_legacy_standard_are_read_too(client: Client):
    task = client.finished(IMAGES, IMAGE_BODY | {"external_task_id": "mine"}, n=2)
    assert task["status"] == "succeeded"
    assert [output.keys() for output in task["outputs"]] == [{"type", "url"}] * 2
    assert task["billing"] == [{"charge_type": "unit", "amount": "16", "package_type": "image"}]
    assert client.tasks("mine", external=True) == [task]


@pytest.mark.parametrize("key", ["task_ids", "external_task_ids"])
def test_at_most_twenty_ids_are_read(client: Client, key: str):
    ids = [str(number) for number in range(21)]
    assert client.http.get("/tasks", params={key: ",".join(ids[:20])}).status_code == 200
    assert error(client.http.get("/tasks", params={key: ",".join(ids)})) == (
        400,
        1201,
        "task_ids and external_task_ids cannot exceed 20 in total",
    )


@pytest.mark.parametrize("query", ["", "task_ids=", "task_ids=1&external_task_ids=1"])
def test_exactly_one_kind_of_ids_is_needed(client: Client, query: str):
    assert error(client.http.get(f"/tasks?{query}"))[:2] == (400, 1201)


def test_a_list_has_the_newest_first_page_by_page(client: Client):
    ids = [client.created() for _ in range(5)]
    seen, cursor = [], ""
    for _ in range(3):
        data = client.http.post("/tasks", json={"limit": 2, "cursor": cursor}).json()["data"]
        assert data["count"] == len(data["result"])
        seen += [task["id"] for task in data["result"]]
        cursor = data["next_cursor"]
    assert seen == ids[::-1]
    assert data["has_more"] is False


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, 2),
        ({"filters": [{"key": "product_type", "values": ["video"]}]}, 1),
        ({"filters": [{"key": "product_type", "values": ["try_on"]}]}, 0),
        ({"filters": [{"key": "status", "values": ["submitted"]}]}, 2),
        ({"filters": [{"key": "status", "values": ["succeeded", "failed"]}]}, 0),
        ({"start_time": 0, "end_time": "1"}, 0),
        ({"start_time": 0, "end_time": 9_999_999_999_999}, 2),
    ],
)
def test_a_list_can_be_filtered(client: Client, body: dict[str, Any], found: int):
    client.created()
    client.created(IMAGES, IMAGE_BODY)
    assert client.http.post("/tasks", json=body).json()["data"]["count"] == found


def test_a_list_needs_no_body_and_reaches_thirty_days_back(client: Client):
    client.created()
    assert client.http.post("/tasks").json()["data"]["count"] == 1
    client.sandbox.advance(31 * 86_400)
    assert client.http.post("/tasks").json()["data"]["count"] == 0


def test_a_watermark_is_a_second_address(client: Client):
    task = client.finished(TURBO, VIDEO_BODY | {"options": {"watermark_info": {"enabled": True}}})
    (video,) = task["outputs"]
    assert client.http.get(video["watermark_url"]).status_code == 200


def test_a_prompt_that_is_forbidden_fails_and_costs_nothing(client: Client):
    task = client.finished(TURBO, VIDEO_BODY | {"prompt": "a [forbidden] thing"})
    assert (task["status"], task["message"]) == ("failed", "Failure to pass the risk control system")
    assert (task["outputs"], task["billing"]) == ([], [])
    assert client.sandbox.stats()["units_taken"]["video"] == "0"


def test_an_image_that_is_too_small_fails_the_task_in_the_services_words(client: Client):
    from tests.sandbox.kling.conftest import picture

    body = {"contents": [{"type": "first_frame", "url": picture((200, 400))}]}
    task = client.finished("/image-to-video/kling-2.5-turbo", body)
    assert task["status"] == "failed"
    assert task["message"] == (
        "The resolution or aspect ratio of the input image is invalid. "
        "Please ensure it meets the required specifications."
    )


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/text-to-video/kling-9.0", 1203),
        ("GET", "/v1/videos/nothing/5", 1203),
        ("GET", TURBO, 1202),
        ("DELETE", "/tasks", 1202),
        ("POST", f"{TURBO}/", 1203),
    ],
)
def test_an_unknown_path_and_a_wrong_method_have_codes_of_their_own(
    client: Client, method: str, path: str, code: int
):
    assert error(client.http.request(method, path))[:2] == (404, code)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 5000, b"\xff", b"[]"])
def test_what_is_no_json_object_is_rejected(client: Client, content: bytes):
    assert error(client.http.post(TURBO, content=content))[:2] == (400, 1200)


def test_submissions_and_polls_are_counted(client: Client):
    task_id = client.created()
    client.create(TURBO, {})
    client.task(task_id)
    client.http.get("/tasks")
    client.http.get(f"{IMAGES}/5")
    client.http.post("/tasks")
    client.http.get(IMAGES)
    stats = client.sandbox.stats()
    assert stats["submissions_accepted"] == 1
    assert stats["submissions_rejected"] == {"400": 1}
    assert (stats["polls"], stats["polls_rejected"]) == (3, 2)
    assert stats["peak_concurrent"] == 1
