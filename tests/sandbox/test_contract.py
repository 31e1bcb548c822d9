"""Which bodies are taken and which are refused, by contract, with the words of the refusal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Catalogue, Offer, PathForm
from airflow_provider_kling.sandbox.contract.checker import unknown_keywords
from tests.sandbox.conftest import Client
from tests.sandbox.contract_table import ACCEPTED, APRIL, EDIT, I2V, IMAGE, REFUSED, T2V, VIDEO, Case
from tests.sandbox.model_table import (
    ACCEPTED_BY_MODELS,
    KLING,
    OMNI,
    OMNI_EDIT,
    REFUSED_BY_MODELS,
    TRY_ON,
    UNENFORCED,
    WORN,
)


@pytest.fixture(scope="module")
def everything() -> dict[str, Offer]:
    """The contracts by submit path, as a service that accepts both of them holds them."""
    catalogue = Catalogue.packaged(accepts=Accepts.BOTH)
    found = {}
    for model, _ in catalogue.listed():
        for form in PathForm:
            entry = catalogue.find(model.provider, model.slug, form)
            assert entry is not None
            found[f"/api/v1/{model.provider}/{model.slug}{form}"] = entry[1]
    return found


def _case_id(case: Case) -> str:
    return f"{case.path.removeprefix('/api/v1/kling/')} {str(case.body)[:60]}"


@pytest.mark.parametrize("case", [*ACCEPTED, *ACCEPTED_BY_MODELS], ids=_case_id)
def test_what_the_documents_allow_is_accepted(everything, case: Case):
    assert everything[case.path].violation(case.body) is None


@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_BY_MODELS], ids=_case_id)
def test_what_the_documents_forbid_is_refused_by_name(everything, case: Case):
    broken = everything[case.path].violation(case.body)
    assert broken is not None
    assert f"{broken.category}: {broken.detail}" == case.refusal


def test_every_refusal_is_a_400_in_the_documented_envelope(lifelike: Client):
    for case in REFUSED:
        answer = lifelike.submit(case.body, case.path)
        assert (answer.status_code, answer.json()) == (400, {"code": 400, "message": case.refusal})
    assert lifelike.sandbox.stats()["submissions_refused"] == {"400": len(REFUSED)}
    assert lifelike.sandbox.stats()["submissions_accepted"] == 0


def test_every_accepted_body_becomes_a_pending_task(lifelike: Client):
    seen = set()
    for case in ACCEPTED:
        task_id = lifelike.submitted(case.body, case.path)
        assert lifelike.state(task_id)["status"] == "pending"
        seen.add(task_id)
        lifelike.sandbox.reset()  # makes room
    assert len(seen) == len(ACCEPTED)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"prompt": "x",}', b'{"prompt": NaN}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "comma", "NaN", "not UTF-8", "bottomless"],
)
def test_a_body_that_is_not_json_is_refused_in_the_documented_words(lifelike: Client, body: bytes):
    answer = lifelike.http.post(APRIL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {"code": 400, "message": "Invalid format: invalid JSON format"}


def test_a_submission_is_answered_like_the_documented_sample(lifelike: Client):
    answer = lifelike.submit({"prompt": "x"})
    data = answer.json()["data"]
    task_id = data["task_id"]
    assert answer.status_code == 200
    assert answer.json() == {
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


def test_a_service_of_april_knows_neither_the_new_path_nor_the_new_models(april: Client):
    assert _status(april, APRIL, {"prompt": "x", "mode": "std"}) == 200
    assert _status(april, EDIT, {"prompt": "x", "videos": VIDEO}) == 404
    assert _status(april, T2V, {"prompt": "x"}) == 404
    assert _status(april, f"{I2V}/async", {"prompt": "x", "images": [IMAGE]}) == 404
    listed = april.http.get("/api/v1/models").json()["models"]
    slugs = {entry["slug"] for entry in listed}
    assert len(slugs) == 41
    assert not slugs & {"kling/kling-video-o1-t2v", "kling/kling-v3-turbo-t2v"}
    schema = april.http.get("/models/kling/kling-video-o1/api_schema").json()
    assert schema["servers"] == [{"url": f"{april.sandbox.url}{APRIL}"}]


def test_a_service_of_august_holds_the_old_path_to_the_new_fields(august: Client):
    assert _status(august, APRIL, {"prompt": "x", "mode": "std"}) == 400
    assert _status(august, APRIL, {"prompt": "x", "videos": VIDEO, "resolution": "720p"}) == 200
    assert _status(august, f"{T2V}/async", {"prompt": "x"}) == 200


def test_every_kling_model_is_served_under_both_paths(everything: dict[str, Offer]):
    assert len({path.removesuffix("/async") for path in everything}) == 47
    assert len(everything) == 2 * 47


def test_models_of_april_alone_are_reachable_in_august_too(august: Client):
    for path in (TRY_ON, f"{TRY_ON}/async"):
        assert _status(august, path, WORN | {"prompt": "x"}) == 400
        assert _status(august, path, WORN) == 200


ANY_OBJECT = [
    {},
    {"prompt": None, "n": -1, "duration": "5", "resolution": [], "aspect_ratio": {}, "nobody": "knows"},
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


@pytest.mark.parametrize("path", UNENFORCED)
def test_what_is_only_inferred_is_published_but_takes_any_object(lifelike: Client, path: str):
    slug = path.removeprefix(f"{KLING}/")
    published = lifelike.http.get(f"/models/kling/{slug}/api_schema").json()
    schema = published["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]
    assert schema["additionalProperties"] is False
    for body in ANY_OBJECT:
        answer = lifelike.submit(body, path)
        assert answer.status_code == 200, answer.text
        lifelike.sandbox.reset()
    assert lifelike.submit([], path).status_code == 400


@pytest.mark.parametrize("body", [{}, {"prompt": [], "n": "many", "duration": None, "image": 5}])
def test_what_is_only_inferred_is_made_whatever_the_body_says(lifelike: Client, body: dict[str, Any]):
    for path in UNENFORCED:
        if path != OMNI_EDIT and "master" not in path:  # for the time it takes
            assert lifelike.finished(body, path)["status"] == "success", path


def test_only_what_is_inferred_is_not_enforced(everything: dict[str, Offer]):
    free = {path for path, offer in everything.items() if offer.violation({"nobody": "knows"}) is None}
    assert free == {path for slug in UNENFORCED for path in (slug, f"{slug}/async")} - {OMNI}


def test_marks_of_the_sandbox_alone_are_not_published(lifelike: Client):
    for slug in ("kling-v3-omni-image", "kling-v1-i2v", "kling-v3-turbo-i2v"):
        text = lifelike.http.get(f"/models/kling/{slug}/api_schema").text
        assert '"media"' not in text
        assert "x-together" not in text
        assert "enforced" not in text
        assert "assumed" not in text


def test_unknown_fields_pass_only_when_asked_for(april: Client, lifelike: Client):
    assert _status(april, APRIL, {"prompt": "x", "seed": 1}) == 200
    assert _status(april, APRIL, {"prompt": "x", "seed": 1, "duration": 7}) == 400
    assert _status(lifelike, APRIL, {"prompt": "x", "seed": 1}) == 400


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
def test_what_does_not_exist_is_a_404_in_the_documented_envelope(lifelike: Client, path: str):
    for answer in (lifelike.submit({"prompt": "x"}, path), lifelike.http.get(path)):
        assert answer.status_code == 404
        assert answer.json()["code"] == 404
        assert answer.json()["message"].startswith("Resource not found: ")


def test_the_key_is_looked_at_first_then_the_path_then_the_body(lifelike: Client):
    nobody = httpx.Client(base_url=lifelike.sandbox.url)
    assert nobody.post("/api/v1/kling/none/async", content=b"{").status_code == 401
    assert lifelike.http.post("/api/v1/kling/none/async", content=b"{").status_code == 404
    assert lifelike.http.post(APRIL, content=b"{").status_code == 400


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer wrong-key",
        "Bearer",
        "sandbox-key",
        "Basic sandbox-key",
        "bearer sandbox-key",
        "Bearer sandbox-key2",
    ],
)
def test_a_missing_malformed_or_wrong_key_is_a_401(lifelike: Client, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    with httpx.Client(base_url=lifelike.sandbox.url, headers=headers) as stranger:
        answer = stranger.get("/api/v1/team/balance")
        assert answer.status_code == 401
        assert answer.json()["message"].startswith("Authentication failed: ")
        assert stranger.get("/api/v1/apikey/validate").json()["data"] == {"is_valid": False}


def test_a_contract_file_with_a_word_that_the_checker_would_overlook_is_noticed():
    assert unknown_keywords({"properties": {"a": {"items": {"pattern": "x"}}}}) == {"pattern"}
