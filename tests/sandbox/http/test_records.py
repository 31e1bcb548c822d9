"""What the sandbox records of the requests, and what it does not."""

from __future__ import annotations

import json
import socket
import subprocess

import httpx
import pytest

from tests.sandbox.conftest import PRICE, VIDEO_BODY, Client, announced_url, started
from tests.sandbox.paths import O1


def test_requests_are_recorded_as_they_were_received(lifelike: Client):
    lifelike.submit(VIDEO_BODY, **{"X-Webhook-URL": "https://hooks.example/1"})
    lifelike.http.get("/api/v1/logs", params={"page": "2"})
    lifelike.http.post(O1, content=b"not json")
    first, last = lifelike.sandbox.requests("POST")
    assert first.items() >= {"method": "POST", "path": O1, "body": VIDEO_BODY, "status": 200}.items()
    assert first["headers"]["x-webhook-url"] == "https://hooks.example/1"
    assert (last["body"], last["status"]) == ("not json", 400)
    everything = lifelike.sandbox.requests()
    assert [entry["method"] for entry in everything] == ["POST", "GET", "POST"]
    assert everything[1]["query"] == {"page": "2"}


def test_no_record_has_the_key_wherever_a_client_puts_it(lifelike: Client):
    key = lifelike.sandbox.api_key
    lifelike.submit({"prompt": f"say {key}", key: [key]})
    lifelike.http.get(f"/api/v1/tasks/{key}", params={"key": key}, headers={"X-Other": f"{key};"})
    lifelike.http.post(O1, content=f"broken {key}")
    lifelike.http.get("/api/v1/logs", headers={"Authorization": key})
    other = "another-secret"
    lifelike.http.get("/api/v1/logs", headers={"Authorization": f"Bearer {other}"}, params={"k": other})
    kept = lifelike.sandbox.requests()
    assert len(kept) == 5
    assert key not in json.dumps(kept)
    assert other not in json.dumps(kept)
    assert kept[0]["headers"]["authorization"] == "Bearer ***"
    assert kept[0]["body"] == {"prompt": "say ***", "***": ["***"]}


def test_long_texts_are_cut(lifelike: Client):
    lifelike.submit({"prompt": "x" * 2500, "images": ["A" * 100_000]})
    body = lifelike.sandbox.requests("POST")[0]["body"]
    assert body["prompt"] == "x" * 2500
    assert len(body["images"][0]) < 5000
    assert "100000 characters" in body["images"][0]


def test_the_server_logs_nothing_and_so_never_the_key():
    with started("--api-key=canary-key-123", stderr=subprocess.STDOUT) as server:
        url = announced_url(server)
        headers = {"Authorization": "Bearer canary-key-123"}
        with httpx.Client(base_url=url, headers=headers) as http:
            http.post(O1, json=VIDEO_BODY)
            http.post(O1, json={"canary-key-123": 1})
            http.get("/api/v1/tasks/canary-key-123")
            fault = {"method": "POST", "action": {"task": {"status": "failed", "result": "canary-key-123"}}}
            http.post("/_sandbox/faults", json=[fault])
            http.post(O1, json=VIDEO_BODY)
            for action in ({"drop": "before"}, {"drop": "after"}, {"truncate": 5}):
                http.post("/_sandbox/faults", json=[{"method": "POST", "action": action}])
                with pytest.raises(httpx.RemoteProtocolError):
                    http.post(O1, json=VIDEO_BODY)
        server.terminate()
        rest, _ = server.communicate(timeout=600)
    assert rest == ""


def test_the_counts_are_those_of_the_client(lifelike: Client):
    task_id = lifelike.submitted(VIDEO_BODY)
    lifelike.submit({})
    lifelike.submit(VIDEO_BODY, "/api/v1/kling/none")
    lifelike.poll("unknown")
    lifelike.sandbox.advance(600)
    url = lifelike.state(task_id)["result"]["resources"][0]["url"]
    httpx.get(url)
    assert lifelike.sandbox.stats() == {
        "submissions_accepted": 1,
        "submissions_rejected": {"400": 1, "404": 1},
        "polls": 2,
        "polls_rejected": 1,
        "peak_concurrent": 1,
        "downloads": 1,
        "billed_usd": PRICE,
        "uploads": 0,
        "deletes": 0,
        "files": 0,
    }


def test_an_incomplete_request_has_no_effect_and_no_record(lifelike: Client):
    host, port = lifelike.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {O1} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sandbox-key\r\n"
        connection.sendall(f'{head}Content-Length: 100\r\n\r\n{{"prompt": "x"}}'.encode())
    lifelike.submitted(VIDEO_BODY)
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1
    assert len(lifelike.sandbox.requests()) == 1


def test_a_body_over_64_mib_is_a_413(lifelike: Client):
    response = lifelike.http.post(O1, content=b" " * (64 * 2**20 + 1))
    assert (response.status_code, response.json()["code"]) == (413, 413)
