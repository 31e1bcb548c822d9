"""The sandbox and a third party's older description of the legacy API differ only where we know it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.kling.service.endpoint import Generation, read_endpoints
from tests.sandbox.kling import differences
from tests.sandbox.kling.conftest import PICTURE
from tests.sandbox.kling.service.test_new_bodies import rejection_of

THERE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "third_party.json").read_text())
POSTS: dict[str, Any] = THERE["posts"]
HERE = {endpoint.path: endpoint for endpoint in read_endpoints() if endpoint.generation is Generation.LEGACY}
SHARED = sorted(POSTS.keys() & HERE.keys())
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEDIA = ("image", "mask", "file", "video_url", "audio_url", "callback_url")


@pytest.fixture(scope="session")
def http(kling_sandbox_factory) -> Iterator[httpx.Client]:
    sandbox = kling_sandbox_factory(
        gateway="kling", speed=0.0001, video_slots=10**6, image_slots=10**6, video_units=1e9, image_units=1e9
    )
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def test_paths_differ_only_where_we_know_it():
    assert POSTS.keys() - HERE.keys() == differences.ONLY_THERE.keys()
    assert {instead for instead, _ in differences.ONLY_THERE.values()} <= HERE.keys()


def test_a_path_that_the_vendor_does_not_have_does_not_exist(http: httpx.Client):
    for path in differences.ONLY_THERE:
        response = http.post(path, json={})
        assert (response.status_code, response.json()["code"]) == (404, 1203)


@pytest.mark.parametrize("path", SHARED)
def test_fields_differ_only_where_we_know_it(path: str):
    there, here = set(POSTS[path]["properties"]), set(HERE[path].schema["properties"])
    assert there - here == differences.FIELDS_ONLY_THERE.get(path, (set(), ""))[0]
    assert here - there == differences.FIELDS_ONLY_HERE.get(path, (set(), ""))[0]


def test_values_differ_only_where_we_know_it():
    found = {}
    for path in SHARED:
        here = HERE[path].schema["properties"]
        for name, rule in POSTS[path]["properties"].items():
            theirs, ours = set(rule.get("enum", ())), set((here.get(name) or {}).get("enum", ()))
            if theirs and ours and theirs != ours:
                found[path, name] = (theirs - ours, ours - theirs)
    assert found == {key: value[:2] for key, value in differences.VALUES.items()}


def bodies(path: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies that are right by the third party's description."""
    rule = POSTS[path]
    fields = {name: value_of(name, member) for name, member in rule["properties"].items()}
    required = {name: fields.pop(name) for name in rule["required"]}
    return st.fixed_dictionaries(required, optional=fields)


def value_of(name: str, rule: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in rule:
        return st.sampled_from(rule["enum"])
    match rule["type"]:
        case "string" if name == "external_task_id":
            return st.integers(0).map(str)
        case "string" if "url" in name:
            return st.just("https://example.com/x")
        case "string" if any(word in name for word in MEDIA):
            return st.just(PICTURE)
        case "string":
            return st.text(st.characters(codec="ascii"), min_size=1, max_size=20)
        case "integer":
            return st.integers(rule["minimum"], rule["maximum"])
        case "number":
            return st.floats(rule.get("minimum", 0), rule.get("maximum", 1))
        case "array":
            low, high = rule.get("minItems", 0), rule.get("maxItems", 3)
            return st.lists(value_of(name, rule["items"]), min_size=low, max_size=high)
        case _:
            required = set(rule.get("required", ()))
            members = {each: value_of(each, member) for each, member in rule["properties"].items()}
            return st.fixed_dictionaries(
                {each: members[each] for each in members if each in required},
                optional={each: members[each] for each in members if each not in required},
            )


@pytest.mark.parametrize("path", SHARED)
@QUICK
@given(data=st.data())
def test_what_the_third_party_would_send_is_rejected_only_for_reasons_we_know(
    http: httpx.Client, path: str, data: st.DataObject
):
    body = data.draw(bodies(path))
    http.post("/_sandbox/reset")
    answer = http.post(path, json=body).json()
    if answer["code"] != 0:
        assert answer["code"] == 1201
        assert any(known.words in answer["message"] for known in differences.REJECTIONS), (
            answer["message"],
            body,
        )


@pytest.mark.parametrize("known", differences.REJECTIONS, ids=lambda known: known.words)
def test_every_reason_that_we_know_is_met(known: differences.RejectedBody):
    assert known.words in (rejection_of(known.path, known.body) or "")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/videos/text2video", {"model_name": "kling-v1-6", "prompt": "x", "mode": "pro"}),
        (
            "/v1/videos/image2video",
            {"model_name": "kling-v2-1", "image": PICTURE, "image_tail": PICTURE, "mode": "pro"},
        ),
        ("/v1/images/generations", {"prompt": "x", "n": 9, "resolution": "2k"}),
    ],
)
def test_what_both_know_is_accepted(http: httpx.Client, path: str, body: dict[str, Any]):
    assert http.post(path, json=body).json()["code"] == 0


def test_both_know_the_same_bounds_of_pages_and_the_same_states(http: httpx.Client):
    for name, (low, high) in THERE["pages"].items():
        for number, right in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
            answer = http.get("/v1/images/generations", params={name: number}).json()
            assert (answer["code"] == 0) is right
    assert THERE["statuses"] == ["submitted", "processing", "succeed", "failed"]
