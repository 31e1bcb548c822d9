"""What the sandbox keeps of the requests, and what it does not."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from tests.sandbox.conftest import CLIP, O1, PRICE, Client, announced, started


def test_requests_are_kept_as_they_were_received(lifelike: Client):
    lifelike.submit(CLIP, **{"X-Webhook-URL": "https://hooks.example/1"})
    lifelike.http.get("/api/v1/logs", params={"page": "2"})
    lifelike.http.post(f"{O1}/async", content=b"not json")
    first, last = lifelike.sandbox.requests("POST")
    assert first.items() >= {"method": "POST", "path": f"{O1}/async", "body": CLIP, "status": 200}.items()
    assert first["headers"]["x-webhook-url"] == "https://hooks.example/1"
    assert (last["body"], last["status"]) == ("not json", 400)
    everything = lifelike.sandbox.requests()
    assert [entry["method"] for entry in everything] == ["POST", "GET", "POST"]
    assert everything[1]["query"] == {"page": "2"}


def test_the_key_is_kept_nowhere_wherever_a_client_puts_it(lifelike: Client):
    key = lifelike.sandbox.api_key
    lifelike.submit({"prompt": f"say {key}", key: [key]})
    lifelike.http.get(f"/api/v1/tasks/{key}", params={"key": key}, headers={"X-Other": f"{key};"})
    lifelike.http.post(f"{O1}/async", content=f"broken {key}")
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


def test_the_server_writes_nothing_and_so_not_the_key():
    with started("--api-key=canary-key-123", stderr=subprocess.STDOUT) as server:
        url = announced(server)
        headers = {"Authorization": "Bearer canary-key-123"}
        with httpx.Client(base_url=url, headers=headers) as http:
            http.post(f"{O1}/async", json=CLIP)
            http.post(f"{O1}/async", json={"canary-key-123": 1})
            http.get("/api/v1/tasks/canary-key-123")
            fault = {"method": "POST", "action": {"task": {"status": "failed", "result": "canary-key-123"}}}
            http.post("/_sandbox/faults", json=[fault])
            http.post(f"{O1}/async", json=CLIP)
            for action in ({"drop": "before"}, {"drop": "after"}, {"truncate": 5}):
                http.post("/_sandbox/faults", json=[{"method": "POST", "action": action}])
                with pytest.raises(httpx.RemoteProtocolError):
                    http.post(f"{O1}/async", json=CLIP)
        server.terminate()
        rest, _ = server.communicate(timeout=10)
    assert rest == ""


def test_counts_are_those_of_the_client(lifelike: Client):
    task_id = lifelike.submitted(CLIP)
    lifelike.submit({})
    lifelike.submit(CLIP, "/api/v1/kling/none")
    lifelike.poll("unknown")
    lifelike.sandbox.advance(600)
    url = lifelike.state(task_id)["result"]["resources"][0]["url"]
    httpx.get(url)
    assert lifelike.sandbox.stats() == {
        "submissions_accepted": 1,
        "submissions_refused": {"400": 1, "404": 1},
        "polls": 2,
        "polls_refused": 1,
        "peak_concurrent": 1,
        "downloads": 1,
        "billed_usd": PRICE,
        "uploads": 0,
        "deletes": 0,
        "files": 0,
    }
