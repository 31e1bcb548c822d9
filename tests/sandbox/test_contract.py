"""Which bodies are taken and which are refused, by contract, with the words of the refusal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Catalogue, PathForm
from airflow_provider_kling.sandbox.contract.checker import first_violation, unknown_keywords
from tests.sandbox.conftest import Client
from tests.sandbox.contract_table import ACCEPTED, APRIL, EDIT, I2V, IMAGE, REFUSED, T2V, VIDEO, Case


@pytest.fixture(scope="module")
def everything() -> dict[str, Any]:
    """The schemas by submit path, as a service that accepts both contracts holds them."""
    catalogue = Catalogue.packaged(accepts=Accepts.BOTH)
    found = {}
    for model, _ in catalogue.listed():
        for form in PathForm:
            entry = catalogue.find(model.provider, model.slug, form)
            assert entry is not None
            found[f"/api/v1/{model.provider}/{model.slug}{form}"] = entry[1].schema
    return found


def _case_id(case: Case) -> str:
    return f"{case.path.removeprefix('/api/v1/kling/')} {str(case.body)[:60]}"


@pytest.mark.parametrize("case", ACCEPTED, ids=_case_id)
def test_what_the_documents_allow_is_accepted(everything, case: Case):
    assert first_violation(everything[case.path], case.body) is None


@pytest.mark.parametrize("case", REFUSED, ids=_case_id)
def test_what_the_documents_forbid_is_refused_by_name(everything, case: Case):
    broken = first_violation(everything[case.path], case.body)
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
    assert [entry["slug"] for entry in listed] == ["kling/kling-video-o1"]
    schema = april.http.get("/models/kling/kling-video-o1/api_schema").json()
    assert schema["servers"] == [{"url": f"{april.sandbox.url}{APRIL}"}]


def test_a_service_of_august_holds_the_old_path_to_the_new_fields(august: Client):
    assert _status(august, APRIL, {"prompt": "x", "mode": "std"}) == 400
    assert _status(august, APRIL, {"prompt": "x", "videos": VIDEO, "resolution": "720p"}) == 200
    assert _status(august, f"{T2V}/async", {"prompt": "x"}) == 200


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
        "/api/v1/media/files",
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


def test_contract_files_use_no_word_that_the_checker_would_overlook():
    for model, _ in Catalogue.packaged(accepts=Accepts.BOTH).listed():
        for offer in model.offers.values():
            assert unknown_keywords(offer.schema) == set()
    assert unknown_keywords({"properties": {"a": {"items": {"pattern": "x"}}}}) == {"pattern"}
