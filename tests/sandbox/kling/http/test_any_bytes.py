"""Whatever arrives at whatever route: never a 500, always the envelope, and the sandbox goes on working."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Generation, read_endpoints
from tests.sandbox.http.raw import connected, head, status
from tests.sandbox.kling.conftest import LONG_S, PICTURE, TURBO

KEY = b"Bearer sandbox-key"
ENDPOINTS = list(read_endpoints())
PATHS = [endpoint.path for endpoint in ENDPOINTS]
OTHERS = [
    "/tasks",
    "/account/costs",
    "/account/billing/balance",
    "/account/billing/package",
    "/v1/general/presets-voices",
    "/v1/general/advanced-presets-elements",
    "/results/a.mp4",
    "/_sandbox/callbacks",
    "/_sandbox/faults",
    "/_sandbox/clock",
]
LIST_FIELDS = ["start_time", "end_time", "limit", "filters", "cursor"]
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud83d", "\0", "", "data:,x", PICTURE, "1"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
FIELDS = sorted({name for endpoint in ENDPOINTS for name in endpoint.schema["properties"]})
names = st.sampled_from([*FIELDS, "type", "url", "id", "text", "duration", "key", "values"]) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
segments = printable.map(str.encode)
targets = st.one_of(
    st.sampled_from([*PATHS, *OTHERS]).map(str.encode),
    st.builds(b"%b/%b".__mod__, st.tuples(st.sampled_from([path.encode() for path in PATHS]), segments)),
    segments.map(b"/%b".__mod__),
)
queries = st.one_of(
    st.just(b""),
    st.builds(
        b"?%b=%b".__mod__,
        st.tuples(
            st.sampled_from(
                [b"task_ids", b"external_task_ids", b"pageNum", b"pageSize", b"start_time", b"Expires"]
            ),
            st.one_of(segments, st.integers().map(lambda number: str(number).encode())),
        ),
    ),
)
bodies = st.one_of(
    st.binary(max_size=200),
    values.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda depth: b"[" * depth, st.integers(1, 3000)),
)
headers = st.sampled_from(
    [{}, {"Host": b"["}, {"Referer": b"\xff"}, {"Authorization": b"Bearer \xff.\xff.\xff"}, {"Range": b"x"}]
)


@pytest.fixture(scope="session", params=[False, True], ids=["strict", "unknown fields"])
def http(request: pytest.FixtureRequest, kling_sandbox_factory) -> Iterator[httpx.Client]:
    """A client, with the key, of a sandbox where nothing ends and nearly nothing is limited."""
    sandbox = kling_sandbox_factory(
        gateway="kling",
        speed=0.0001,
        video_slots=10**6,
        image_slots=10**6,
        video_units=1e9,
        image_units=1e9,
        allow_unknown_fields=request.param,
    )
    with httpx.Client(
        base_url=sandbox.url, headers={"Authorization": KEY.decode()}, timeout=60, trust_env=False
    ) as client:
        yield client


def assert_envelope(response: httpx.Response) -> None:
    body = response.json()
    assert isinstance(body["code"], int)
    assert isinstance(body["message"], str)
    assert body["request_id"]
    assert (response.status_code == 200) is (body["code"] == 0)
    assert response.status_code < 500, body


@settings(QUICK, max_examples=300)
@given(
    method=st.sampled_from([b"GET", b"POST", b"DELETE", b"HEAD", b"PUT", b"OPTIONS"]),
    target=targets,
    query=queries,
    body=bodies,
    other=headers,
)
@example(method=b"GET", target=b"/tasks", query=b"?task_ids=" + b"," * 5000, body=b"", other={})
@example(method=b"GET", target=b"/v1/videos/effects/", query=b"", body=b"", other={})
@example(method=b"GET", target=b"/results/a", query=b"?Expires=x", body=b"", other={"Host": b"["})
def test_no_request_is_answered_with_a_500(
    http: httpx.Client, method: bytes, target: bytes, query: bytes, body: bytes, other: dict[str, bytes]
):
    http.post("/_sandbox/reset")
    sent = {"Host": b"127.0.0.1", "Authorization": KEY} | other
    with connected(str(http.base_url)) as connection:
        connection.sendall(head(method, target + query, **sent, Content_Length=b"%d" % len(body)) + body)
        assert (status(connection) or 0) < 500
    assert http.get("/_sandbox/requests").status_code == 200, "what was recorded can be read"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
@settings(QUICK, max_examples=12)
@given(data=st.data())
def test_any_values_of_an_endpoints_fields_are_answered_in_the_envelope(
    http: httpx.Client, endpoint: Endpoint, data: st.DataObject
):
    fields = sorted(endpoint.schema["properties"])
    body = data.draw(st.dictionaries(st.sampled_from(fields) | names, values, max_size=5))
    plausible = {
        name: data.draw(plausible_values(endpoint.schema["properties"][name])) for name in fields[:9]
    }
    for sent in (body, {**plausible, **body}, plausible, {"model_name": "kling-v3", **plausible}):
        assert_envelope(http.post(endpoint.path, content=json.dumps(sent).encode()))


def plausible_values(rule: Any) -> st.SearchStrategy[Any]:
    """Return values that a field takes, and some that are nearly right."""
    if not isinstance(rule, dict):
        return st.just("x")
    if "enum" in rule:
        return st.sampled_from(rule["enum"])
    if rule.get("x-media"):
        return st.sampled_from([PICTURE, "http://127.0.0.1:9/x", "AAAA"])
    match rule.get("type"):
        case "string":
            return st.sampled_from(["x", "shot 1, 5, x;", "5", "oversea_male1"])
        case "integer" | "number":
            return st.sampled_from([rule.get("minimum", 0), rule.get("maximum", 9), 5])
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(plausible_values(rule["items"]), max_size=3)
        case "object":
            members = rule.get("properties", {})
            return st.fixed_dictionaries({name: plausible_values(members[name]) for name in members})
        case _:
            return values


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in ENDPOINTS if endpoint.generation is Generation.NEW and endpoint.contents],
    ids=lambda endpoint: endpoint.path,
)
@settings(QUICK, max_examples=25)
@given(data=st.data())
def test_any_contents_are_answered_in_the_envelope(
    http: httpx.Client, endpoint: Endpoint, data: st.DataObject
):
    types = st.sampled_from([*endpoint.contents, "prompt", "x"])
    members = {"url": values, "text": values, "id": values, "element_id": values, "voice_id": values}
    content = st.fixed_dictionaries({"type": types}, optional=members)
    right = types.map(
        lambda name: {
            "prompt": {"type": name, "text": "shot 1, 5, x;"},
            "element": {"type": name, "element_id": "150001", "id": "a"},
        }.get(name, {"type": name, "url": PICTURE})
    )
    body = {"contents": data.draw(st.lists(content | right, max_size=9))}
    if data.draw(st.booleans()):
        body["settings"] = data.draw(plausible_values(endpoint.schema["properties"]["settings"]))
    assert_envelope(http.post(endpoint.path, content=json.dumps(body).encode()))


@settings(QUICK, max_examples=60)
@given(
    body=st.dictionaries(st.sampled_from(["start_time", "end_time", "limit", "filters", "cursor"]), values)
)
def test_any_list_is_answered_in_the_envelope(http: httpx.Client, body: dict[str, Any]):
    for path in ("/tasks", "/account/billing/package", "/account/billing/balance"):
        assert_envelope(http.post(path, content=json.dumps(body).encode()))


def test_a_prompt_that_no_text_can_hold_is_made_all_the_same(kling_platform_sandbox):
    headers = {"Authorization": KEY.decode()}
    with httpx.Client(base_url=kling_platform_sandbox.url, headers=headers, trust_env=False) as client:
        body = json.dumps({"prompt": "half an emoji \ud83d \0", "settings": {"duration": 3}}).encode()
        created = client.post(TURBO, content=body).json()["data"]["id"]
        kling_platform_sandbox.advance(LONG_S)
        task = client.get(f"/tasks?task_ids={created}").json()["data"][0]
    assert task["status"] == "succeeded", task
