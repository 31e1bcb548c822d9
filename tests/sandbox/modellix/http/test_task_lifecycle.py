"""The life of a task, its result, and the account, over time: the tests move the clock."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.models.model_facts import FILES
from tests.sandbox.conftest import PRICE, T2V_BODY, VIDEO_BODY, Client
from tests.sandbox.paths import O1, O1_T2V, april, august
from tests.sandbox.samples import sample_image

DAY = 86_400


def test_a_task_is_pending_then_processing_then_a_success(lifelike: Client):
    task_id = lifelike.submitted(VIDEO_BODY)
    assert lifelike.state(task_id).keys() == {"status", "task_id", "model_id"}
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(10)
    assert lifelike.state(task_id)["status"] == "processing"
    lifelike.sandbox.advance(45)  # not before a minute
    assert lifelike.state(task_id)["status"] == "processing"
    lifelike.sandbox.advance(70)  # not after two
    assert lifelike.state(task_id)["status"] == "success"


def test_a_success_has_every_documented_member(lifelike: Client):
    data = lifelike.finished(VIDEO_BODY)
    resource = data["result"]["resources"][0]
    assert (
        resource.items()
        >= {
            "type": "video",
            "role": "primary",
            "width": 720,
            "height": 720,
            "format": "mp4",
            "duration": 5.0,
        }.items()
    )
    assert 60_000 <= data["duration"] <= 120_000  # milliseconds that the generation took
    assert data["billing"] == {"status": "succeeded", "amount": f"{PRICE:.4f}"}
    began, ended = (data["result"]["extensions"][name] for name in ("submit_time", "end_time"))
    assert isinstance(began, int)
    assert abs(ended - began - data["duration"]) <= 1
    assert abs(began / 1000 - lifelike.sandbox.requests("POST")[0]["at"]) <= 1
    assert abs(data["result_expires_at"] - ended - 7 * DAY * 1000) <= 1
    assert data["result"]["metadata"]["request_id"] == data["result"]["extensions"]["request_id"]


def test_an_expired_result_is_a_404(lifelike: Client):
    task_id = lifelike.submitted(VIDEO_BODY)
    lifelike.sandbox.advance(7 * DAY)  # less than seven days after the end
    url = lifelike.state(task_id)["result"]["resources"][0]["url"]
    assert httpx.get(url).status_code == 200
    lifelike.sandbox.advance(120)
    gone = lifelike.poll(task_id)
    assert (gone.status_code, gone.json()["code"]) == (404, 404)
    assert gone.json()["message"].startswith("Resource not found: ")
    assert gone.json()["message"] != lifelike.poll("task-v2v-unknown").json()["message"].replace(
        "task-v2v-unknown", task_id
    )
    assert httpx.get(url).status_code == 403


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (april("kling-image-recognize"), ["image"]),
        (april("kolors-virtual-try-on-v1-5"), ["human_image", "cloth_image"]),
    ],
)
def test_results_of_some_models_are_kept_for_thirty_days(lifelike: Client, path: str, names: list[str]):
    body = dict.fromkeys(names, base64.b64encode(sample_image("teal", (300, 300))).decode())
    task_id = lifelike.submitted(body, path)
    lifelike.sandbox.advance(30 * DAY)  # less than thirty days after the end
    data = lifelike.state(task_id)
    ended = data["result"]["extensions"]["end_time"]
    assert abs(data["result_expires_at"] - ended - 30 * DAY * 1000) <= 1
    url = data["result"]["resources"][0]["url"]
    assert httpx.get(url).status_code == 200
    lifelike.sandbox.advance(120)
    assert lifelike.poll(task_id).status_code == 404
    assert httpx.get(url).status_code == 403


@pytest.mark.parametrize("path", [O1, april("kling-v3-t2i"), august("kling-v3-turbo-t2v")])
def test_a_forbidden_prompt_fails_the_moderation_and_is_not_billed(lifelike: Client, path: str):
    task_id = lifelike.submitted({"prompt": "a [forbidden] thing"}, path)
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(600)
    response = lifelike.poll(task_id)
    assert (response.status_code, response.json()["data"]["status"]) == (200, "failed")
    error = {"code": 1301, "message": "Failure to pass the risk control system"}
    assert response.json()["data"]["error"] == error
    assert "result" not in response.json()["data"]
    assert lifelike.sandbox.stats()["billed_usd"] == 0
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}


def test_results_are_kept_as_long_as_the_option_says(april_only: Client):
    task_id = april_only.submitted(VIDEO_BODY)
    april_only.sandbox.advance(3600)
    assert april_only.poll(task_id).status_code == 200
    april_only.sandbox.advance(120)
    assert april_only.poll(task_id).status_code == 404


def test_a_cover_comes_before_the_video_with_the_option(april_only: Client):
    cover, video = april_only.finished(VIDEO_BODY)["result"]["resources"]
    assert (cover["role"], cover["type"]) == ("cover", "image")
    assert (video["role"], video["type"]) == ("primary", "video")
    response = httpx.get(cover["url"])
    assert (response.status_code, response.content[:3]) == (200, b"\xff\xd8\xff")


def test_a_submission_over_the_balance_is_a_402(april_only: Client):
    april_only.finished(VIDEO_BODY)
    april_only.finished(VIDEO_BODY)
    response = april_only.submit(VIDEO_BODY)
    assert (response.status_code, response.json()["code"]) == (402, 402)
    assert response.json()["message"].startswith("Payment required: ")


def test_an_image_is_no_source_video(april_only: Client):
    cover = april_only.finished(VIDEO_BODY)["result"]["resources"][0]["url"]
    assert april_only.finished({"prompt": "x", "videos": [cover], "mode": "std"})["status"] == "failed"


def test_without_optional_fields_there_are_only_url_and_type(august_only: Client):
    data = august_only.finished(T2V_BODY, O1_T2V)
    assert data.keys() == {"status", "task_id", "model_id", "result"}
    assert data["result"].keys() == {"resources"}
    assert [entry.keys() for entry in data["result"]["resources"]] == [{"url", "type"}]


def test_only_a_success_is_billed(lifelike: Client):
    lifelike.submitted(VIDEO_BODY)
    lifelike.submitted({"prompt": "x", "videos": ["not a video"]})
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}
    lifelike.sandbox.advance(600)
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100 - PRICE}
    assert lifelike.sandbox.stats()["billed_usd"] == PRICE


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("videos", "a"),  # neither a URL nor Base64
        ("videos", "aGVsbG8="),  # Base64, but no video
        ("images", "aGVsbG8="),
        ("videos", "http://127.0.0.1:1/v.mp4"),
        ("images", "ftp://media.example/i.png"),
        ("images", "http://["),
    ],
)
def test_an_unusable_input_fails_the_task_and_is_named(lifelike: Client, kind: str, item: str):
    data = lifelike.finished({"prompt": "x", kind: [item]})
    assert data["status"] == "failed"
    assert data["error"]["code"] == "InvalidMedia"
    assert f"{kind}[0]" in data["error"]["message"]
    assert "result" not in data


def test_media_limits_are_enforced_where_they_are_documented(lifelike: Client, small_image: str):
    of_april = lifelike.finished(
        {"prompt": "x", "images": [small_image], "mode": "std", "aspect_ratio": "1:1"}
    )
    of_august = lifelike.finished({"prompt": "x", "images": [small_image]}, august("kling-video-o1-i2v"))
    assert of_april["status"] == "success"
    assert of_august["status"] == "failed"
    assert "at least 300 px" in of_august["error"]["message"]


def test_models_are_listed_without_an_envelope_and_publish_their_schema(lifelike: Client):
    listed = lifelike.http.get("/api/v1/models", params={"featured": "true"}).json()
    assert listed.keys() == {"models"}
    slugs = [entry["slug"] for entry in listed["models"]]
    assert slugs == ["kling/kling-video-o1", "kling/kling-video-o1-i2v", "kling/kling-video-o1-t2v"]
    for slug in slugs:
        schema = httpx.get(f"{lifelike.sandbox.url}/models/{slug}/api_schema").json()
        assert schema["servers"] == [{"url": f"{lifelike.sandbox.url}/api/v1/{slug}"}]
        body = schema["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert "prompt" in body["required"]
    missing = httpx.get(f"{lifelike.sandbox.url}/models/kling/none/api_schema")
    assert (missing.status_code, missing.json()) == (404, {"message": "Model Not Found"})


@pytest.mark.parametrize(
    ("path", "body", "type_", "prefix"),
    [
        (april("kling-v3-t2v"), {"prompt": "x"}, "text-to-video", "t2v"),
        (april("kling-v2.5-turbo-i2v"), {"image": "aGk="}, "image-to-video", "i2v"),
        (august("kling-video-o1"), {"prompt": "x", "videos": ["aGk="]}, "video-to-video", "v2v"),
        (april("kling-v3-t2i"), {"prompt": "x"}, "text-to-image", "t2i"),
        (april("kling-v3-i2i"), {"prompt": "x", "image": "aGk="}, "image-to-image", "i2i"),
    ],
)
def test_a_task_id_has_the_type_of_the_model(lifelike: Client, path, body, type_: str, prefix: str):
    assert lifelike.submitted(body, path).startswith(f"task-{prefix}-")
    slug = path.removeprefix("/api/v1/").removesuffix("/async")
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert listed[slug]["type"] == type_


def test_retired_models_are_gone_unless_the_option_says_otherwise(lifelike: Client, kling_sandbox_factory):
    retired = {slug for slug, facts in FILES.items() if {"retired", "left_documents"} & facts.keys()}
    assert {"kling-v1.6-t2v", "kling-v2-new-t2i"} <= retired
    listed = {entry["slug"] for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert listed == {f"kling/{slug}" for slug in FILES}
    assert lifelike.submit({"prompt": "x"}, april("kling-v1.6-t2v")).status_code == 200
    gone = kling_sandbox_factory()
    headers = {"Authorization": f"Bearer {gone.api_key}"}
    with httpx.Client(base_url=gone.url, headers=headers) as http:
        left = {entry["slug"] for entry in http.get("/api/v1/models").json()["models"]}
        assert left == {f"kling/{slug}" for slug in FILES.keys() - retired}
        for slug in retired:
            for path in (april(slug), august(slug)):
                response = http.post(path, json={"prompt": "x"})
                assert (response.status_code, response.json()["code"]) == (404, 404)
            assert http.get(f"/models/kling/{slug}/api_schema").status_code == 404
        assert http.post(april("kling-v3-t2v"), json={"prompt": "x"}).status_code == 200


def test_two_identical_submissions_are_two_tasks_and_two_bills(lifelike: Client):
    first, second = lifelike.submitted(VIDEO_BODY), lifelike.submitted(VIDEO_BODY)
    assert first != second
    lifelike.sandbox.advance(600)
    assert lifelike.sandbox.stats()["billed_usd"] == 2 * PRICE


def test_a_reset_removes_the_tasks_and_no_id_is_used_twice(lifelike: Client):
    before = lifelike.submitted(VIDEO_BODY)
    lifelike.sandbox.advance(DAY)
    lifelike.sandbox.reset()
    assert lifelike.poll(before).status_code == 404
    after = lifelike.submitted(VIDEO_BODY)
    assert after != before
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1
    assert lifelike.state(after)["status"] == "pending"


def test_a_video_can_be_restyled_by_the_url_of_a_result(lifelike: Client):
    url = lifelike.finished(VIDEO_BODY)["result"]["resources"][0]["url"]
    data = lifelike.finished({"prompt": "as a woodcut", "videos": [url], "mode": "std"})
    assert data["status"] == "success"
    assert data["result"]["resources"][0]["duration"] == 5.0
    assert lifelike.sandbox.stats()["downloads"] == 0  # the sandbox's own downloads do not count
    lifelike.sandbox.advance(7 * DAY)
    assert lifelike.finished({"prompt": "as a woodcut", "videos": [url]})["status"] == "failed"
