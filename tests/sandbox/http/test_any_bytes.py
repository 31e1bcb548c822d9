"""Whatever arrives at whatever route: the sandbox does not fail with a 500, and goes on working."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.models.model_facts import VERSIONS, ModelVersion
from tests.sandbox.http.raw import connected, head, status
from tests.sandbox.paths import FILES

KEY = b"Bearer sandbox-key"
HTTP_METHODS = [b"GET", b"POST", b"DELETE", b"HEAD", b"PUT", b"OPTIONS"]
FIELDS = sorted({name for version in VERSIONS for name in version.fields})
OF_A_FAULT = ["action", "method", "path", "times", "status", "body", "headers", "drop", "task"]
CONTROL = ["stats", "requests", "faults", "clock", "reset", "none", ""]

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
segments = printable.map(lambda text: text.encode())
targets = st.one_of(
    st.sampled_from([version.path for version in VERSIONS]).map(str.encode),
    st.sampled_from(
        [
            FILES,
            "/api/v1/logs",
            "/api/v1/models",
            "/api/v1/apikey/validate",
            "/api/v1/team/balance",
            "/models/kling/kling-video-o1/api_schema",
        ]
    ).map(str.encode),
    st.sampled_from(CONTROL).map(lambda name: f"/_sandbox/{name}".encode()),
    st.builds(
        b"%b/%b".__mod__,
        st.tuples(
            st.sampled_from(
                [
                    b"/api/v1/tasks",
                    FILES.encode(),
                    b"/results",
                    b"/uploads",
                    b"/api/v1/kling",
                    b"/models",
                    b"",
                ]
            ),
            segments,
        ),
    ),
)
queries = st.one_of(
    st.just(b""),
    segments.map(b"?%b".__mod__),
    st.builds(
        b"?%b=%b".__mod__,
        st.tuples(
            st.sampled_from(
                [
                    b"page",
                    b"page_size",
                    b"start_time",
                    b"end_time",
                    b"user_id",
                    b"limit",
                    b"Expires",
                    b"method",
                ]
            ),
            st.one_of(segments, st.integers().map(lambda number: str(number).encode())),
        ),
    ),
)
# No surrogates in keys alone: any text that JSON can hold, also half an emoji.
texts = st.text(st.characters(), max_size=20) | st.just("\ud83d") | st.just("\0")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
names = st.sampled_from(FIELDS + OF_A_FAULT + ["advance_s"]) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=12,
)
json_bodies = values.map(lambda value: json.dumps(value).encode())
nested_bodies = st.builds(
    lambda depth, pair: pair[0] * depth + b"1" + pair[1] * depth,
    st.integers(1, 3000),
    st.sampled_from([(b"[", b"]"), (b'{"prompt":', b"}"), (b"[", b""), (b'{"a":[', b"]}")]),
)
form_bodies = st.builds(
    lambda disposition, content: (
        b"--x\r\nContent-Disposition: %b\r\n\r\n%b\r\n--x--\r\n" % (disposition, content)
    ),
    st.sampled_from(
        [
            b'form-data; name="file"; filename="a.png"',
            b"form-data; name=\"file\"; filename*=utf-8''%FF",
            b'form-data; name="\xff"; filename="\xff"',
            b'form-data; name="file"',
            b"form-data",
            b"",
        ]
    )
    | st.binary(max_size=20),
    st.binary(max_size=40),
)
bodies = st.binary(max_size=200) | json_bodies | nested_bodies | form_bodies
content_types = st.sampled_from(
    [
        b"application/json",
        b"multipart/form-data; boundary=x",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; charset=punycode; boundary=x",
        b"multipart/form-data",
        b"multipart/x; boundary=\xff",
        b"\xff",
    ]
)
others = st.sampled_from(
    [
        {},
        {"Host": b"["},
        {"Host": b"\xff"},
        {"X_Mdlx_User_Id": b"\xff" * 8},
        {"Range": b"bytes=-"},
        {"Authorization": b"Bearer \xff"},
        {"Authorization": b""},
    ]
)


QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def http(kling_sandbox_factory) -> Iterator[httpx.Client]:
    """A client, with the key, of a sandbox where nothing ends and nearly nothing is limited."""
    sandbox = kling_sandbox_factory(speed=0.0001, tier="1000", balance=1e9, retired="served")
    with httpx.Client(base_url=sandbox.url, headers={"Authorization": KEY.decode()}, timeout=60) as client:
        yield client


@settings(QUICK, max_examples=400)
@given(
    method=st.sampled_from(HTTP_METHODS),
    target=targets,
    query=queries,
    body=bodies,
    content_type=content_types,
    other=others,
)
@example(
    method=b"GET",
    target=b"/api/v1/logs",
    query=b"?page=" + b"1" * 5000,
    body=b"",
    content_type=b"",
    other={},
)
@example(
    method=b"GET", target=b"/results/a", query=b"?Expires=x", body=b"", content_type=b"", other={"Host": b"["}
)
def test_no_request_is_answered_with_a_500(
    http: httpx.Client,
    method: bytes,
    target: bytes,
    query: bytes,
    body: bytes,
    content_type: bytes,
    other: dict[str, bytes],
):
    http.post("/_sandbox/reset")
    headers = {"Host": b"127.0.0.1", "Authorization": KEY, "Content_Type": content_type} | other
    with connected(str(http.base_url)) as connection:
        connection.sendall(head(method, target + query, **headers, Content_Length=b"%d" % len(body)) + body)
        assert (status(connection) or 0) < 500
    assert http.get("/_sandbox/requests").status_code == 200, "what was recorded can be read"


@settings(QUICK, max_examples=150)
@given(
    text=st.binary(max_size=300),
    rest=st.sampled_from([b"", b"\r\n\r\n", b" HTTP/1.1\r\nHost: a\r\n\r\n"]),
)
def test_bytes_that_are_no_request_end_only_their_connection(http: httpx.Client, text: bytes, rest: bytes):
    with connected(str(http.base_url)) as connection:
        connection.sendall(text + rest)
        connection.shutdown(socket.SHUT_WR)
        assert (status(connection) or 0) < 500
    assert http.get("/api/v1/apikey/validate").json()["data"] == {"is_valid": True}


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@settings(QUICK, max_examples=10)
@given(data=st.data())
def test_no_shape_of_a_field_is_answered_with_a_500(
    http: httpx.Client, version: ModelVersion, data: st.DataObject
):
    fields = st.dictionaries(st.sampled_from(sorted(version.fields)), values, max_size=5)
    required = dict.fromkeys(version.schema.get("required", []), "x")
    body = json.dumps(required | data.draw(fields)).encode()
    http.post("/_sandbox/reset")
    assert http.post(version.path, content=body).status_code in (200, 400), body
