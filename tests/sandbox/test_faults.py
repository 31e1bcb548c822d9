"""Failures on demand, seen from the wire."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import CLIP, O1, Client

SUBMIT = f"{O1}/async"


def _bytes_answered(client: Client, method: str, path: str, body: Any = None) -> bytes:
    """Send one request over a bare socket and return all that comes until the other side closes."""
    host, port = client.sandbox.url.removeprefix("http://").split(":")
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {client.sandbox.api_key}\r\n"
    answered = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answered += chunk
    return answered


def _accepted(client: Client) -> int:
    return client.sandbox.stats()["submissions_accepted"]


def test_a_status_comes_instead_of_the_effect(lifelike: Client):
    lifelike.sandbox.faults([{"action": {"status": 503, "body": {"a": 1}, "headers": {"Retry-After": "7"}}}])
    answer = lifelike.submit(CLIP)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"a": 1}, "7")
    assert _accepted(lifelike) == 0
    assert lifelike.sandbox.stats()["submissions_refused"] == {"503": 1}
    assert lifelike.submit(CLIP).status_code == 200  # once, unless told otherwise


def test_a_status_without_a_body_comes_in_the_documented_envelope(lifelike: Client):
    lifelike.sandbox.faults([{"action": {"status": 429}}, {"action": {"status": 500}}])
    for status, category in ((429, "Rate limit exceeded: "), (500, "Internal server error: ")):
        answer = lifelike.poll("any")
        assert (answer.status_code, answer.json()["code"]) == (status, status)
        assert answer.json()["message"].startswith(category)


def test_dropped_before_no_byte_comes_back_and_nothing_happened(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"drop": "before"}}])
    assert _bytes_answered(lifelike, "POST", SUBMIT, CLIP) == b""
    assert _accepted(lifelike) == 0
    assert lifelike.sandbox.requests("POST")[0]["status"] is None


def test_dropped_after_no_byte_comes_back_but_the_task_runs(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    assert _bytes_answered(lifelike, "POST", SUBMIT, CLIP) == b""
    assert _accepted(lifelike) == 1
    assert len(lifelike.http.get("/api/v1/logs").json()["data"]["requests"]) == 1


def test_a_client_on_a_kept_connection_sees_the_drop_as_a_disconnect(lifelike: Client):
    lifelike.poll("any")
    lifelike.sandbox.faults([{"method": "GET", "path": "/api/v1/tasks/*", "action": {"drop": "before"}}])
    with pytest.raises(httpx.RemoteProtocolError):
        lifelike.poll("any")
    assert lifelike.poll("any").status_code == 404
    assert lifelike.sandbox.stats()["polls_refused"] == 3


def test_another_body_comes_with_a_200_after_the_effect(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"body": "<html>proxy</html>"}}])
    answer = lifelike.submit(CLIP)
    assert (answer.status_code, answer.text) == (200, "<html>proxy</html>")
    assert answer.headers["content-type"].startswith("text/html")
    assert _accepted(lifelike) == 1


def test_a_truncated_answer_promises_more_than_it_brings(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"truncate": 30}}])
    head, _, body = _bytes_answered(lifelike, "POST", SUBMIT, CLIP).partition(b"\r\n\r\n")
    assert body == b'{"code":0,"message":"success",'
    promised = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert int(promised.split(b":")[1]) > 100
    assert _accepted(lifelike) == 1


def test_a_download_can_be_cut_in_the_middle(lifelike: Client):
    url = lifelike.finished(CLIP)["result"]["resources"][0]["url"]
    lifelike.sandbox.faults([{"path": "/results/*", "action": {"truncate": 100_000}}])
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    lifelike.sandbox.faults([{"path": "/results/*", "action": {"truncate": 100_000}}])
    received = _bytes_answered(lifelike, "GET", url.removeprefix(lifelike.sandbox.url)).partition(
        b"\r\n\r\n"
    )[2]
    assert received == httpx.get(url).content[:100_000]
    assert httpx.get(url).status_code == 200


def test_a_delay_goes_before_the_ordinary_answer(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"delay_s": 0.3}}])
    began = time.monotonic()
    assert lifelike.submit(CLIP).status_code == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("error", ["content policy", {"code": "Moderation", "message": "no"}, None])
def test_a_task_can_be_made_to_fail_with_any_error(lifelike: Client, error: Any):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", "error": error}}}])
    task_id = lifelike.submitted(CLIP)
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(600)
    answer = lifelike.poll(task_id)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    assert (answer.json()["data"]["status"], answer.json()["data"]["error"]) == ("failed", error)
    assert lifelike.sandbox.stats()["billed_usd"] == 0


def test_a_task_can_fail_without_saying_why(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed"}}}])
    assert lifelike.finished(CLIP).keys() == {"status", "task_id", "model_id"}


def test_a_poll_can_report_a_status_that_nobody_documented(lifelike: Client):
    task_id = lifelike.submitted(CLIP)
    lifelike.sandbox.faults([{"method": "GET", "times": 2, "action": {"task": {"status": "reviewing"}}}])
    assert [lifelike.state(task_id)["status"] for _ in range(3)] == ["reviewing", "reviewing", "pending"]


def test_a_success_can_come_without_a_result(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "success"}}}])
    assert lifelike.finished(CLIP).keys() == {"status", "task_id", "model_id"}


def test_faults_apply_in_their_order_and_only_where_they_fit(lifelike: Client):
    lifelike.sandbox.faults(
        [
            {"method": "POST", "action": {"status": 402}},
            {"path": "/api/v1/tasks/*", "times": 2, "action": {"status": 500}},
            {"path": "/api/v1/tasks/*", "times": None, "action": {"status": 502}},
        ]
    )
    assert [lifelike.poll("any").status_code for _ in range(4)] == [500, 500, 502, 502]
    assert lifelike.http.get("/api/v1/team/balance").status_code == 200
    assert lifelike.submit(CLIP).status_code == 402
    lifelike.sandbox.clear_faults()
    assert lifelike.poll("any").status_code == 404


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"action": {}},
        {"action": {"explode": True}},
        {"action": {"drop": "midway"}},
        {"action": {"status": 500, "drop": "before"}},
        {"action": {"status": 500}, "times": 0},
        {"action": {"status": 500}, "times": "2"},
        {"action": {"status": 500}, "metod": "GET"},
        {"action": {"status": "500"}},
        {"action": {"status": 42}},
        {"action": {"headers": {"a": "b"}}},
        {"action": {"delay_s": "1"}},
        {"action": {"truncate": -1}},
        {"action": {"task": {"error": "x"}}},
        {"action": {"task": "failed"}},
    ],
)
def test_a_fault_that_is_not_understood_is_refused_whole(lifelike: Client, fault: dict[str, Any]):
    with pytest.raises(ValueError, match="refused"):
        lifelike.sandbox.faults([{"action": {"status": 500}, "times": None}, fault])
    assert lifelike.poll("any").status_code == 404
