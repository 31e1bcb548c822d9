"""Who is let in, over HTTP."""

from __future__ import annotations

import uuid

import pytest

from tests.sandbox.kling.conftest import IMAGES, TURBO, VIDEO_BODY, Client, error


def test_a_token_reads_and_creates_on_the_legacy_paths_and_nowhere_else(client: Client):
    headers = {"Authorization": f"Bearer {client.token()}"}
    assert client.http.get(IMAGES, headers=headers).status_code == 200
    assert client.http.post(IMAGES, json={"prompt": "x"}, headers=headers).status_code == 200
    costs = client.http.get("/account/costs?start_time=0&end_time=9", headers=headers)
    assert costs.status_code == 200
    for response in (
        client.http.get("/tasks?task_ids=1", headers=headers),
        client.http.post("/tasks", json={}, headers=headers),
        client.http.post(TURBO, json=VIDEO_BODY, headers=headers),
    ):
        status, code, message = error(response)
        assert (status, code) == (401, 1002)
        assert message.startswith("Authentication error. The current API does not support AK/SK;")


def test_a_token_expires_by_the_sandboxs_clock(client: Client):
    headers = {"Authorization": f"Bearer {client.token()}"}
    assert client.http.get(IMAGES, headers=headers).status_code == 200
    client.sandbox.advance(1801)
    assert error(client.http.get(IMAGES, headers=headers))[:2] == (401, 1004)


def test_a_token_from_the_future_is_not_yet_valid(client: Client):
    headers = {"Authorization": f"Bearer {client.token(nbf=client.now() + 60)}"}
    assert error(client.http.get(IMAGES, headers=headers))[:2] == (401, 1003)
    client.sandbox.advance(61)
    assert client.http.get(IMAGES, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/tasks", TURBO, IMAGES, "/account/costs", "/nothing", "/v1/nothing"])
def test_without_credentials_there_is_nothing_but_a_401(client: Client, path: str):
    for method in ("GET", "POST", "DELETE"):
        response = client.http.request(method, path, headers={"Authorization": ""})
        assert error(response)[:2] == (401, 1001)


def test_every_response_has_an_id_of_its_own(client: Client):
    responses = [client.http.get("/tasks?task_ids=1"), client.http.get("/nothing"), client.create()]
    ids = [response.json()["request_id"] for response in responses]
    assert len({uuid.UUID(text) for text in ids}) == 3


def test_no_record_shows_a_key_or_a_token(client: Client):
    token = client.token()
    client.http.get(IMAGES, headers={"Authorization": f"Bearer {token}"})
    client.http.get(IMAGES, params={"pageNum": client.sandbox.secret_key})
    text = str(client.sandbox.requests())
    assert not any(secret in text for secret in (token, client.sandbox.api_key, client.sandbox.secret_key))
