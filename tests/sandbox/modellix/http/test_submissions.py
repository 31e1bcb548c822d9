"""Submissions over HTTP: what the service accepts, by path, API version and key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.model_facts import FILES, VERSIONS
from tests.sandbox.conftest import Client
from tests.sandbox.golden_cases import CASES, IMAGE, O1_EDIT, O1_I2V, VIDEO
from tests.sandbox.paths import KLING, O1, O1_T2V, april, august

TRY_ON = "kolors-virtual-try-on-v1-5"
INFERRED = [version.path for version in VERSIONS if not version.documented]


def test_every_rejection_is_a_400_in_the_documented_envelope(lifelike: Client):
    rejected = [case for case in CASES if case.message is not None]
    for case in rejected:
        response = lifelike.submit(case.body, case.path)
        assert (response.status_code, response.json()) == (400, {"code": 400, "message": case.message})
    assert lifelike.sandbox.stats()["submissions_rejected"] == {"400": len(rejected)}
    assert lifelike.sandbox.stats()["submissions_accepted"] == 0


def test_every_accepted_body_becomes_a_pending_task(lifelike: Client):
    accepted = [case for case in CASES if case.message is None]
    task_ids = set()
    for case in accepted:
        task_id = lifelike.submitted(case.body, case.path)
        assert lifelike.state(task_id)["status"] == "pending"
        task_ids.add(task_id)
        lifelike.sandbox.reset()  # for the limit of concurrent tasks
    assert len(task_ids) == len(accepted)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"prompt": "x",}', b'{"prompt": NaN}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "comma", "NaN", "not UTF-8", "deep"],
)
def test_a_body_that_is_not_json_is_rejected_in_the_documented_words(lifelike: Client, body: bytes):
    response = lifelike.http.post(O1, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json() == {"code": 400, "message": "Invalid format: invalid JSON format"}


def test_the_response_to_a_submission_is_the_documented_sample(lifelike: Client):
    response = lifelike.submit({"prompt": "x"})
    data = response.json()["data"]
    task_id = data["task_id"]
    assert response.status_code == 200
    assert response.json() == {
        "code": 0,
        "message": "success",
        "data": {
            "status": "pending",
            "task_id": task_id,
            "model_id": data["model_id"],
            "get_result": {"method": "GET", "url": f"{lifelike.sandbox.url}/api/v1/tasks/{task_id}"},
        },
    }
    assert data["model_id"] != "kling-video-o1"
    assert lifelike.http.get(data["get_result"]["url"]).json()["data"]["task_id"] == task_id


def _status(client: Client, path: str, body: dict[str, Any]) -> int:
    return client.submit(body, path).status_code


def test_a_service_of_april_has_neither_the_new_path_nor_the_new_models(april_only: Client):
    assert _status(april_only, O1, {"prompt": "x", "mode": "std"}) == 200
    assert _status(april_only, O1_EDIT, {"prompt": "x", "videos": VIDEO}) == 404
    assert _status(april_only, O1_T2V, {"prompt": "x"}) == 404
    assert _status(april_only, f"{O1_I2V}/async", {"prompt": "x", "images": [IMAGE]}) == 404
    listed = {entry["slug"] for entry in april_only.http.get("/api/v1/models").json()["models"]}
    assert listed == {f"kling/{slug}" for slug, facts in FILES.items() if "2026-04" in facts["api_versions"]}
    assert not listed & {"kling/kling-video-o1-t2v", "kling/kling-v3-turbo-t2v"}
    schema = april_only.http.get("/models/kling/kling-video-o1/api_schema").json()
    assert schema["servers"] == [{"url": f"{april_only.sandbox.url}{O1}"}]


def test_a_service_of_august_holds_the_old_path_to_the_new_fields(august_only: Client):
    assert _status(august_only, O1, {"prompt": "x", "mode": "std"}) == 400
    assert _status(august_only, O1, {"prompt": "x", "videos": VIDEO, "resolution": "720p"}) == 200
    assert _status(august_only, f"{O1_T2V}/async", {"prompt": "x"}) == 200


def test_models_of_april_alone_are_served_in_august_too(august_only: Client):
    body = {"human_image": IMAGE, "cloth_image": IMAGE}
    for path in (april(TRY_ON), august(TRY_ON)):
        assert _status(august_only, path, body | {"prompt": "x"}) == 400
        assert _status(august_only, path, body) == 200


def test_every_model_is_served_under_both_paths(lifelike: Client):
    for slug in FILES:
        for path in (april(slug), august(slug)):
            assert _status(lifelike, path, []) == 400  # the path exists; the body is not an object


ANY_OBJECT = [
    {},
    {"prompt": None, "n": -1, "duration": "5", "resolution": [], "aspect_ratio": {}, "unknown": "field"},
    {"prompt": ["x"], "images": [1, "", None], "image": "", "videos": "v", "image_tail": 5, "audio": 1.5},
    {
        "duration": True,
        "n": 10**30,
        "resolution": "8k",
        "aspect_ratio": "5:1",
        "mode": 1,
        "multi_shot": "yes",
    },
    {"result_type": "series", "series_amount": "many", "sound": None, "sound_file": {}, "camera_control": 1},
]


@pytest.mark.parametrize("path", INFERRED)
def test_inferred_rules_are_published_but_any_object_is_accepted(lifelike: Client, path: str):
    slug = path.removesuffix("/async").removeprefix(f"{KLING}/")
    published = lifelike.http.get(f"/models/kling/{slug}/api_schema").json()
    schema = published["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]
    assert schema["additionalProperties"] is False
    for body in ANY_OBJECT:
        response = lifelike.submit(body, path)
        assert response.status_code == 200, response.text
        lifelike.sandbox.reset()
    assert lifelike.submit([], path).status_code == 400


@pytest.mark.parametrize("body", [{}, {"prompt": [], "n": "many", "duration": None, "image": 5}])
def test_where_rules_are_inferred_every_body_has_a_result(lifelike: Client, body: dict[str, Any]):
    for path in INFERRED:
        if "master" not in path and "omni-video" not in path:  # these take longest to render
            assert lifelike.finished(body, path)["status"] == "success", path


@pytest.mark.parametrize(
    "field", [{"audio": "native"}, {"audio": "off"}, {"multi_shot": True}, {"resolution": "4k"}]
)
def test_turbo_refuses_what_its_documents_say_it_does_not_take(lifelike: Client, field: dict[str, Any]):
    response = lifelike.submit({"prompt": "x"} | field, august("kling-v3-turbo-t2v"))
    assert response.status_code == 400
    assert next(iter(field)) in response.json()["message"]
    assert _status(lifelike, august("kling-v3-turbo-t2v"), {"prompt": "x", "resolution": "1080p"}) == 200


def test_annotations_of_the_fact_files_are_not_published(lifelike: Client):
    for slug in ("kling-v3-omni-image", "kling-v1-i2v", "kling-v3-turbo-i2v"):
        text = lifelike.http.get(f"/models/kling/{slug}/api_schema").text
        assert '"description"' in text
        for word in ('"x-', "certainty", "assumed"):
            assert word not in text


def test_unknown_fields_are_accepted_only_with_the_option(april_only: Client, lifelike: Client):
    assert _status(april_only, O1, {"prompt": "x", "seed": 1}) == 200
    assert _status(april_only, O1, {"prompt": "x", "seed": 1, "duration": 7}) == 400
    assert _status(lifelike, O1, {"prompt": "x", "seed": 1}) == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/kling/kling-video-o2/async",
        "/api/v1/kling/Kling-Video-O1/async",
        "/api/v1/other/kling-video-o1",
        "/api/v1/text-to-video/kling/kling-video-o1/async",
        "/api/v1/media/others",
        "/api/v1/models/",
    ],
)
def test_an_unknown_path_is_a_404_in_the_documented_envelope(lifelike: Client, path: str):
    for response in (lifelike.submit({"prompt": "x"}, path), lifelike.http.get(path)):
        assert response.status_code == 404
        assert response.json()["code"] == 404
        assert response.json()["message"].startswith("Resource not found: ")
