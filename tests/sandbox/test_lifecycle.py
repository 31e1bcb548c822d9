"""A task's life, its result, the account: the answers over time, with the clock in the test's hand."""

from __future__ import annotations

import base64
from datetime import datetime
from random import Random

import httpx
import pytest

from airflow_provider_kling.sandbox.order import ClipOrder, Input, Medium, PictureOrder, Sound
from airflow_provider_kling.sandbox.tasks import Schedule, schedule
from tests.sandbox.conftest import CLIP, O1, PRICE, T2V, TEXT, Client
from tests.sandbox.film import picture
from tests.sandbox.model_table import (
    KLING,
    RECOGNIZE,
    RETIRED,
    TRY_ON,
    V3_I2I,
    V3_T2I,
    V3_T2V,
    V16_T2V,
    V25_I2V,
)

DAY = 86_400


def test_a_task_is_pending_then_processing_then_a_success(lifelike: Client):
    task_id = lifelike.submitted(CLIP)
    assert lifelike.state(task_id).keys() == {"status", "task_id", "model_id"}
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(10)
    assert lifelike.state(task_id)["status"] == "processing"
    lifelike.sandbox.advance(45)  # not before a minute
    assert lifelike.state(task_id)["status"] == "processing"
    lifelike.sandbox.advance(70)  # not after two
    assert lifelike.state(task_id)["status"] == "success"


def test_a_success_carries_every_documented_member(lifelike: Client):
    data = lifelike.finished(CLIP)
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
    assert data["billing"] == {"amount": PRICE}
    began, ended = (
        datetime.fromisoformat(data["result"]["extensions"][name]) for name in ("submit_time", "end_time")
    )
    assert abs((ended - began).total_seconds() - data["duration"] / 1000) <= 1
    assert abs(data["result_expires_at"] / 1000 - ended.timestamp() - DAY) <= 1
    assert data["result"]["metadata"]["request_id"] == data["result"]["extensions"]["request_id"]


def _course(seconds: int, resolution: str, *media: Medium, speed: float = 1) -> list[Schedule]:
    order = ClipOrder(
        label="",
        prompt="x",
        resolution=resolution,
        aspect_ratio=None,
        seconds=seconds,
        sound=Sound.SILENT,
        inputs=tuple(Input(name=medium, medium=medium, text="") for medium in media),
    )
    return [schedule(order, now=0, speed=speed, rng=Random(seed)) for seed in range(200)]


@pytest.mark.parametrize(
    ("seconds", "resolution", "low", "high"),
    [(5, "720p", 60, 120), (10, "720p", 120, 240), (10, "1080p", 150, 300), (5, "4k", 150, 300)],
)
def test_longer_and_finer_clips_take_longer(seconds: int, resolution: str, low: float, high: float):
    course = _course(seconds, resolution)
    assert all(low <= entry.done_at <= high for entry in course)
    assert all(2 <= entry.processing_at <= 6 for entry in course)
    assert len({entry.done_at for entry in course}) == len(course)


def test_pictures_take_seconds_not_minutes():
    order = PictureOrder(label="", prompt="x", resolution="1k", aspect_ratio="1:1", count=9)
    course = [schedule(order, now=0, speed=1, rng=Random(seed)) for seed in range(200)]
    assert all(5 <= entry.done_at <= 20 for entry in course)
    assert all(entry.processing_at <= entry.done_at for entry in course)


def test_speed_divides_what_a_generation_takes():
    for slow, fast in zip(_course(5, "720p"), _course(5, "720p", speed=20), strict=True):
        assert fast.done_at == pytest.approx(slow.done_at / 20)
        assert fast.processing_at == pytest.approx(slow.processing_at / 20)


def test_inputs_make_a_generation_longer():
    for medium in Medium:
        for plain, longer in zip(_course(5, "720p"), _course(5, "720p", medium), strict=True):
            assert longer.done_at > plain.done_at


def test_after_its_time_a_result_is_gone_for_good(lifelike: Client):
    task_id = lifelike.submitted(CLIP)
    lifelike.sandbox.advance(DAY)  # less than a day after the end
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
    ("path", "names"), [(RECOGNIZE, ["image"]), (TRY_ON, ["human_image", "cloth_image"])]
)
def test_results_of_some_models_are_kept_for_thirty_days(lifelike: Client, path: str, names: list[str]):
    body = dict.fromkeys(names, base64.b64encode(picture("teal", (300, 300))).decode())
    task_id = lifelike.submitted(body, path)
    lifelike.sandbox.advance(30 * DAY)  # less than thirty days after the end
    data = lifelike.state(task_id)
    ended = datetime.fromisoformat(data["result"]["extensions"]["end_time"]).timestamp()
    assert abs(data["result_expires_at"] / 1000 - ended - 30 * DAY) <= 1
    url = data["result"]["resources"][0]["url"]
    assert httpx.get(url).status_code == 200
    lifelike.sandbox.advance(120)
    assert lifelike.poll(task_id).status_code == 404
    assert httpx.get(url).status_code == 403


@pytest.mark.parametrize("path", [f"{O1}/async", V3_T2I, f"{KLING}/kling-v3-turbo-t2v"])
def test_a_marked_prompt_fails_as_refused_content_does_and_costs_nothing(lifelike: Client, path: str):
    task_id = lifelike.submitted({"prompt": "a [forbidden] thing"}, path)
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(600)
    answer = lifelike.poll(task_id)
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "failed")
    error = {"code": 1301, "message": "Failure to pass the risk control system"}
    assert answer.json()["data"]["error"] == error
    assert "result" not in answer.json()["data"]
    assert lifelike.sandbox.stats()["billed_usd"] == 0
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}


def test_results_are_kept_as_long_as_told(april: Client):
    task_id = april.submitted(CLIP)
    april.sandbox.advance(3600)
    assert april.poll(task_id).status_code == 200
    april.sandbox.advance(120)
    assert april.poll(task_id).status_code == 404


def test_a_cover_comes_before_the_video_when_asked_for(april: Client):
    picture, video = april.finished(CLIP)["result"]["resources"]
    assert (picture["role"], picture["type"]) == ("cover", "image")
    assert (video["role"], video["type"]) == ("primary", "video")
    answer = httpx.get(picture["url"])
    assert (answer.status_code, answer.content[:3]) == (200, b"\xff\xd8\xff")


def test_what_the_balance_does_not_cover_is_a_402(april: Client):
    april.finished(CLIP)
    april.finished(CLIP)
    answer = april.submit(CLIP)
    assert (answer.status_code, answer.json()["code"]) == (402, 402)
    assert answer.json()["message"].startswith("Payment required: ")


def test_a_picture_is_no_video(april: Client):
    cover = april.finished(CLIP)["result"]["resources"][0]["url"]
    assert april.finished({"prompt": "x", "videos": [cover], "mode": "std"})["status"] == "failed"


def test_without_optional_members_there_is_an_address_and_a_type(august: Client):
    data = august.finished(TEXT, T2V)
    assert data.keys() == {"status", "task_id", "model_id", "result"}
    assert data["result"].keys() == {"resources"}
    assert [entry.keys() for entry in data["result"]["resources"]] == [{"url", "type"}]


def test_only_a_success_is_paid_for(lifelike: Client):
    lifelike.submitted(CLIP)
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
def test_an_input_that_cannot_be_used_fails_the_task_and_says_which(lifelike: Client, kind: str, item: str):
    data = lifelike.finished({"prompt": "x", kind: [item]})
    assert data["status"] == "failed"
    assert data["error"]["code"] == "InvalidMedia"
    assert f"{kind}[0]" in data["error"]["message"]
    assert "result" not in data


def test_media_limits_hold_where_they_are_documented(lifelike: Client, small_image: str):
    under_april = lifelike.finished(
        {"prompt": "x", "images": [small_image], "mode": "std", "aspect_ratio": "1:1"}
    )
    under_august = lifelike.finished({"prompt": "x", "images": [small_image]}, f"{O1}-i2v")
    assert under_april["status"] == "success"
    assert under_august["status"] == "failed"
    assert "at least 300 px" in under_august["error"]["message"]


def test_the_log_lists_the_newest_first_in_pages(lifelike: Client):
    ids = [lifelike.submitted(CLIP) for _ in range(3)]
    lifelike.sandbox.advance(600)
    first = lifelike.http.get("/api/v1/logs", params={"page": 1, "page_size": 2}).json()["data"]["requests"]
    second = lifelike.http.get("/api/v1/logs", params={"page": 2, "page_size": 2}).json()["data"]["requests"]
    assert [entry["task_id"] for entry in first + second] == ids[::-1]
    assert (
        first[0].items()
        >= {
            "status": "success",
            "model": {"provider": "kling", "model_name": "kling-video-o1"},
            "cost": PRICE,
        }.items()
    )
    assert lifelike.http.get("/api/v1/logs", params={"page": "one"}).status_code == 400
    assert lifelike.http.get("/api/v1/logs", params={"page_size": 101}).status_code == 400


def test_models_are_listed_without_a_wrapper_and_publish_their_schema(lifelike: Client):
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
        (V3_T2V, {"prompt": "x"}, "text-to-video", "t2v"),
        (V25_I2V, {"image": "aGk="}, "image-to-video", "i2v"),
        (O1, {"prompt": "x", "videos": ["aGk="]}, "video-to-video", "v2v"),
        (V3_T2I, {"prompt": "x"}, "text-to-image", "t2i"),
        (V3_I2I, {"prompt": "x", "image": "aGk="}, "image-to-image", "i2i"),
    ],
)
def test_a_task_id_tells_what_is_made_of_what(lifelike: Client, path, body, type_: str, prefix: str):
    assert lifelike.submitted(body, path).startswith(f"task-{prefix}-")
    slug = path.removeprefix("/api/v1/").removesuffix("/async")
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert listed[slug]["type"] == type_


def test_retired_models_are_served_or_gone_as_told(lifelike: Client, kling_sandbox_factory):
    assert len(lifelike.http.get("/api/v1/models").json()["models"]) == 47
    assert lifelike.submit({"prompt": "x"}, V16_T2V).status_code == 200
    gone = kling_sandbox_factory(retired="gone")
    headers = {"Authorization": f"Bearer {gone.api_key}"}
    with httpx.Client(base_url=gone.url, headers=headers) as http:
        left = {entry["slug"] for entry in http.get("/api/v1/models").json()["models"]}
        assert len(left) == 47 - len(RETIRED)
        for slug in RETIRED:
            assert f"kling/{slug}" not in left
            for path in (f"{KLING}/{slug}", f"{KLING}/{slug}/async"):
                answer = http.post(path, json={"prompt": "x"})
                assert (answer.status_code, answer.json()["code"]) == (404, 404)
            assert http.get(f"/models/kling/{slug}/api_schema").status_code == 404
        assert http.post(V3_T2V, json={"prompt": "x"}).status_code == 200


def test_the_key_is_validated_with_a_200_either_way(lifelike: Client):
    assert lifelike.http.get("/api/v1/apikey/validate").json() == {
        "code": 0,
        "message": "success",
        "data": {"is_valid": True},
    }
    without = httpx.get(f"{lifelike.sandbox.url}/api/v1/apikey/validate")
    assert (without.status_code, without.json()["data"]) == (200, {"is_valid": False})


def test_two_identical_submissions_are_two_tasks_and_two_bills(lifelike: Client):
    first, second = lifelike.submitted(CLIP), lifelike.submitted(CLIP)
    assert first != second
    lifelike.sandbox.advance(600)
    assert lifelike.sandbox.stats()["billed_usd"] == 2 * PRICE


def test_a_reset_forgets_tasks_but_gives_no_id_twice(lifelike: Client):
    before = lifelike.submitted(CLIP)
    lifelike.sandbox.advance(DAY)
    lifelike.sandbox.reset()
    assert lifelike.poll(before).status_code == 404
    after = lifelike.submitted(CLIP)
    assert after != before
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1
    assert lifelike.state(after)["status"] == "pending"


def test_a_restyled_clip_can_be_made_from_a_result_link(lifelike: Client):
    url = lifelike.finished(CLIP)["result"]["resources"][0]["url"]
    data = lifelike.finished({"prompt": "as a woodcut", "videos": [url], "mode": "std"})
    assert data["status"] == "success"
    assert data["result"]["resources"][0]["duration"] == 5.0
    assert lifelike.sandbox.stats()["downloads"] == 0  # the sandbox's own fetch is not a client's
    lifelike.sandbox.advance(DAY)
    assert lifelike.finished({"prompt": "as a woodcut", "videos": [url]})["status"] == "failed"
