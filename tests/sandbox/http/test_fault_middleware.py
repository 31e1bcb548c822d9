"""Faults on demand, as a client sees them."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import PRICE, VIDEO_BODY, Client
from tests.sandbox.paths import O1


def _raw_response(client: Client, method: str, path: str, body: Any = None) -> bytes:
    """Send one request over a socket and return everything until the server closes the connection."""
    host, port = client.sandbox.url.removeprefix("http://").split(":")
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {client.sandbox.api_key}\r\n"
    received = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


def _accepted(client: Client) -> int:
    return client.sandbox.stats()["submissions_accepted"]


def test_a_status_is_sent_and_the_request_has_no_effect(lifelike: Client):
    lifelike.sandbox.faults([{"action": {"status": 503, "body": {"a": 1}, "headers": {"Retry-After": "7"}}}])
    response = lifelike.submit(VIDEO_BODY)
    assert (response.status_code, response.json(), response.headers["Retry-After"]) == (503, {"a": 1}, "7")
    assert _accepted(lifelike) == 0
    assert lifelike.sandbox.stats()["submissions_rejected"] == {"503": 1}
    assert lifelike.submit(VIDEO_BODY).status_code == 200  # once by default


def test_a_status_without_a_body_has_the_documented_envelope(lifelike: Client):
    lifelike.sandbox.faults([{"action": {"status": 429}}, {"action": {"status": 500}}])
    for status, category in ((429, "Rate limit exceeded: "), (500, "Internal server error: ")):
        response = lifelike.poll("any")
        assert (response.status_code, response.json()["code"]) == (status, status)
        assert response.json()["message"].startswith(category)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_is_sent_without_one(lifelike: Client, status: int):
    lifelike.sandbox.faults([{"action": {"status": status, "body": "ignored"}}])
    response = lifelike.poll("any")
    assert (response.status_code, response.content) == (status, b"")
    assert lifelike.poll("any").status_code == 404


def test_dropped_before_there_is_no_response_and_no_effect(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"drop": "before"}}])
    assert _raw_response(lifelike, "POST", O1, VIDEO_BODY) == b""
    assert _accepted(lifelike) == 0
    assert lifelike.sandbox.requests("POST")[0]["status"] is None


def test_dropped_after_there_is_no_response_but_the_task_runs(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    assert _raw_response(lifelike, "POST", O1, VIDEO_BODY) == b""
    assert _accepted(lifelike) == 1
    assert len(lifelike.http.get("/api/v1/logs").json()["requests"]) == 1


def test_a_client_with_a_kept_connection_sees_a_disconnect(lifelike: Client):
    lifelike.poll("any")
    lifelike.sandbox.faults([{"method": "GET", "path": "/api/v1/tasks/*", "action": {"drop": "before"}}])
    with pytest.raises(httpx.RemoteProtocolError):
        lifelike.poll("any")
    assert lifelike.poll("any").status_code == 404
    assert lifelike.sandbox.stats()["polls_rejected"] == 3


def test_another_body_is_sent_with_a_200_after_the_effect(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"body": "<html>proxy</html>"}}])
    response = lifelike.submit(VIDEO_BODY)
    assert (response.status_code, response.text) == (200, "<html>proxy</html>")
    assert response.headers["content-type"].startswith("text/html")
    assert _accepted(lifelike) == 1


def test_a_truncated_response_is_shorter_than_its_content_length(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"truncate": 30}}])
    head, _, body = _raw_response(lifelike, "POST", O1, VIDEO_BODY).partition(b"\r\n\r\n")
    assert body == b'{"code":0,"message":"success",'
    promised = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert int(promised.split(b":")[1]) > 100
    assert _accepted(lifelike) == 1


def test_a_download_can_be_truncated(lifelike: Client):
    url = lifelike.finished(VIDEO_BODY)["result"]["resources"][0]["url"]
    lifelike.sandbox.faults([{"path": "/results/*", "action": {"truncate": 100_000}}])
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    lifelike.sandbox.faults([{"path": "/results/*", "action": {"truncate": 100_000}}])
    received = _raw_response(lifelike, "GET", url.removeprefix(lifelike.sandbox.url)).partition(b"\r\n\r\n")[
        2
    ]
    assert received == httpx.get(url).content[:100_000]
    assert httpx.get(url).status_code == 200


def test_a_delay_comes_before_the_usual_response(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"delay_s": 0.3}}])
    began = time.monotonic()
    assert lifelike.submit(VIDEO_BODY).status_code == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("error", ["content policy", {"code": "Moderation", "message": "no"}, None])
def test_a_task_can_be_made_to_fail_with_any_error(lifelike: Client, error: Any):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed", "error": error}}}])
    task_id = lifelike.submitted(VIDEO_BODY)
    assert lifelike.state(task_id)["status"] == "pending"
    lifelike.sandbox.advance(600)
    response = lifelike.poll(task_id)
    assert (response.status_code, response.json()["code"]) == (200, 0)
    assert (response.json()["data"]["status"], response.json()["data"]["error"]) == ("failed", error)
    assert lifelike.sandbox.stats()["billed_usd"] == 0


def test_a_task_can_fail_without_an_error(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "failed"}}}])
    assert lifelike.finished(VIDEO_BODY).keys() == {"status", "task_id", "model_id"}


def test_a_poll_can_report_an_undocumented_status(lifelike: Client):
    task_id = lifelike.submitted(VIDEO_BODY)
    lifelike.sandbox.faults([{"method": "GET", "times": 2, "action": {"task": {"status": "reviewing"}}}])
    assert [lifelike.state(task_id)["status"] for _ in range(3)] == ["reviewing", "reviewing", "pending"]


def test_a_task_can_be_canceled_which_is_an_end_and_costs_nothing(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "canceled"}}}])
    task_id = lifelike.submitted(VIDEO_BODY)
    lifelike.sandbox.advance(600)
    assert lifelike.state(task_id)["status"] == "canceled"
    (logged,) = lifelike.http.get("/api/v1/logs").json()["requests"]
    assert (logged["status"], logged["cost"]) == ("canceled", 0)


def test_a_poll_can_have_the_shapes_of_the_older_documents(lifelike: Client):
    newer = lifelike.finished(VIDEO_BODY)
    older_shapes = {"path": "/api/v1/tasks/*", "action": {"older_shapes": True}}
    lifelike.sandbox.faults([older_shapes])
    older = lifelike.state(newer["task_id"])
    assert older["billing"] == {"amount": PRICE}
    for name in ("submit_time", "end_time"):
        written, milliseconds = (data["result"]["extensions"][name] for data in (older, newer))
        assert written.endswith("Z")
        assert datetime.fromisoformat(written).timestamp() == milliseconds // 1000
    assert lifelike.state(newer["task_id"]) == newer


def test_the_log_can_have_the_shape_of_the_older_documents(lifelike: Client):
    lifelike.finished(VIDEO_BODY)
    (newer,) = lifelike.http.get("/api/v1/logs").json()["requests"]
    lifelike.sandbox.faults([{"path": "/api/v1/logs", "action": {"older_shapes": True}}])
    page = lifelike.http.get("/api/v1/logs").json()
    assert (page["code"], page["message"]) == (0, "success")
    (older,) = page["data"]["requests"]
    assert older["cost"] == PRICE
    assert datetime.fromisoformat(older["created_at"]).timestamp() == newer["created_at"]


def test_a_success_can_have_no_result(lifelike: Client):
    lifelike.sandbox.faults([{"method": "POST", "action": {"task": {"status": "success"}}}])
    assert lifelike.finished(VIDEO_BODY).keys() == {"status", "task_id", "model_id"}


def test_faults_apply_in_their_order_and_only_where_they_match(lifelike: Client):
    lifelike.sandbox.faults(
        [
            {"method": "POST", "action": {"status": 402}},
            {"path": "/api/v1/tasks/*", "times": 2, "action": {"status": 500}},
            {"path": "/api/v1/tasks/*", "times": None, "action": {"status": 502}},
        ]
    )
    assert [lifelike.poll("any").status_code for _ in range(4)] == [500, 500, 502, 502]
    assert lifelike.http.get("/api/v1/team/balance").status_code == 200
    assert lifelike.submit(VIDEO_BODY).status_code == 402
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
        {"action": {"older_shapes": 1}},
        {"action": {"status": 500, "headers": {"A": "line\nbreak"}}},
        {"action": {"status": 500, "headers": {"no token": "a"}}},
        {"action": {"status": 500, "headers": {"A": "\u20ac"}}},
        {"action": {"status": 500, "headers": {"Transfer-Encoding": "gzip"}}},
        {"action": {"task": {"error": "x"}}},
        {"action": {"task": "failed"}},
    ],
)
def test_with_one_invalid_fault_none_is_added(lifelike: Client, fault: dict[str, Any]):
    with pytest.raises(ValueError, match="rejected"):
        lifelike.sandbox.faults([{"action": {"status": 500}, "times": None}, fault])
    assert lifelike.poll("any").status_code == 404
