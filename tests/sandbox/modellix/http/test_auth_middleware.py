"""The API key and the rate limit: checked before anything else of a request."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.conftest import VIDEO_BODY, Client
from tests.sandbox.paths import O1


def test_the_key_is_checked_first_then_the_path_then_the_body(lifelike: Client):
    with httpx.Client(base_url=lifelike.sandbox.url) as without_key:
        assert without_key.post("/api/v1/kling/none/async", content=b"{").status_code == 401
    assert lifelike.http.post("/api/v1/kling/none/async", content=b"{").status_code == 404
    assert lifelike.http.post(O1, content=b"{").status_code == 400


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
        response = stranger.get("/api/v1/team/balance")
        assert response.status_code == 401
        assert response.json()["message"].startswith("Authentication failed: ")
        assert stranger.get("/api/v1/apikey/validate").json()["data"] == {"is_valid": False}


def test_a_key_is_validated_with_a_200_whatever_it_is(lifelike: Client):
    assert lifelike.http.get("/api/v1/apikey/validate").json() == {
        "code": 0,
        "message": "success",
        "data": {"is_valid": True},
    }
    without_key = httpx.get(f"{lifelike.sandbox.url}/api/v1/apikey/validate")
    assert (without_key.status_code, without_key.json()["data"]) == (200, {"is_valid": False})


def test_every_authenticated_response_has_the_limit_headers(lifelike: Client):
    responses = [
        lifelike.http.get("/api/v1/team/balance"),
        lifelike.http.get("/api/v1/apikey/validate"),
        lifelike.submit(VIDEO_BODY),
        lifelike.submit({}),
        lifelike.http.get("/api/v1/none"),
        lifelike.poll("unknown"),
        lifelike.http.get("/api/v1/logs"),
        lifelike.http.get("/api/v1/team/balance"),
    ]
    assert [response.status_code for response in responses] == [200, 200, 200, 400, 404, 404, 200, 200]
    remaining = [response.headers["X-RateLimit-Remaining"] for response in responses]
    assert remaining == ["99", "98", "97", "96", "95", "99", "99", "94"], "polls and log reads have their own"
    assert {response.headers["X-RateLimit-Limit"] for response in responses} == {"100"}
    stranger = httpx.get(f"{lifelike.sandbox.url}/api/v1/team/balance")
    assert "X-RateLimit-Limit" not in stranger.headers


def test_polls_over_their_limit_are_rejected_until_the_minute_is_over(lifelike: Client):
    task_id = lifelike.submitted(VIDEO_BODY)
    assert {lifelike.poll(task_id).status_code for _ in range(100)} == {200}
    rejected = lifelike.poll(task_id)
    assert lifelike.submit({}).status_code == 400, "a submission is not a poll"
    assert lifelike.http.get("/api/v1/logs").status_code == 200, "nor is a read of the log"
    assert (rejected.status_code, rejected.json()["code"]) == (429, 429)
    assert rejected.json()["message"].startswith("Rate limit exceeded: ")
    assert rejected.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in rejected.headers
    reset = int(rejected.headers["X-RateLimit-Reset"])
    now = lifelike.sandbox.requests("GET")[-2]["at"]
    assert 0 < reset - now <= 61
    lifelike.sandbox.advance(60)
    assert lifelike.poll(task_id).status_code == 200
    assert lifelike.sandbox.stats()["polls_rejected"] == 1
