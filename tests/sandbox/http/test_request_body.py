"""What is read of a request: nothing without the key, and no more than is safe with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.sandbox.http.request_body import MalformedJsonError, parse_json
from tests.sandbox.conftest import Client
from tests.sandbox.http.raw import connected, head, status
from tests.sandbox.paths import FILES, O1, april

HOST = b"127.0.0.1"
INFERRED = april("kling-v3-turbo-i2v").removesuffix("/async")  # takes any object


@pytest.mark.parametrize("key", [None, b"Bearer wrong-key", b"sandbox-key"])
@pytest.mark.parametrize("path", [O1, FILES, "/api/v1/none"])
def test_the_key_is_checked_before_a_byte_of_the_body_is_read(lifelike: Client, path: str, key: bytes | None):
    headers = {} if key is None else {"Authorization": key}
    with connected(lifelike.sandbox.url) as connection:
        promised = head(b"POST", path.encode(), Host=HOST, Content_Length=b"1000000", **headers)
        connection.sendall(promised)  # and nothing of the body
        assert status(connection) == 401
    (record,) = lifelike.sandbox.requests()
    assert (record["body"], record["status"]) == (None, 401)


@pytest.mark.parametrize("path", ["/models/kling/kling-video-o1/api_schema", "/results/a.mp4", "/none"])
def test_a_path_without_a_key_takes_no_body(lifelike: Client, path: str):
    with connected(lifelike.sandbox.url) as connection:
        connection.sendall(head(b"POST", path.encode(), Host=HOST, Content_Length=b"1000000"))
        assert status(connection) == 404
    lifelike.http.post(path, content=b"not kept")
    assert [record["body"] for record in lifelike.sandbox.requests()] == [None, None]


def test_a_body_that_follows_a_401_is_not_taken_for_a_request(lifelike: Client):
    hidden = (
        head(b"POST", O1.encode(), Host=HOST, Authorization=b"Bearer sandbox-key", Content_Length=b"2")
        + b"{}"
    )
    with connected(lifelike.sandbox.url) as connection:
        connection.sendall(head(b"POST", O1.encode(), Host=HOST, Content_Length=b"%d" % len(hidden)) + hidden)
        assert status(connection) == 401
    lifelike.poll("any")
    assert [record["status"] for record in lifelike.sandbox.requests()] == [401, 404]


@pytest.mark.parametrize("depth", [66, 500, 900, 2_000, 100_000])
@pytest.mark.parametrize("path", [O1, INFERRED])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"prompt":', "}")])
def test_a_body_that_is_nested_deeply_is_a_400(
    lifelike: Client, path: str, depth: int, left: str, right: str
):
    body = f'{{"prompt": {left * depth}1{right * depth}}}'
    response = lifelike.http.post(path, content=body)
    assert response.json() == {"code": 400, "message": "Invalid format: invalid JSON format"}
    assert lifelike.sandbox.requests()[-1]["status"] == 400


@pytest.mark.parametrize(
    "body", ["NaN", "[Infinity]", "1e999", '{"a": -1e999}', "9" * 5000, "\ufeff{}", "[" * 66 + "]" * 66]
)
def test_what_is_no_json_or_cannot_be_held_is_not_parsed(body: str):
    with pytest.raises(MalformedJsonError):
        parse_json(body.encode())


@pytest.mark.parametrize("value", [None, 1, 1.5, "x", [], {}, [[{"a": [1]}]]])
def test_json_is_parsed(value: Any):
    assert parse_json(json.dumps(value).encode()) == value


def test_64_levels_are_parsed():
    assert parse_json(b"[" * 65 + b"]" * 65)
