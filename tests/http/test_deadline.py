"""A call ends, whatever the other side does with the connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from airflow_provider_kling.exceptions import KlingConnectionError, KlingSubmissionUnknownError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.network import within
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import Caller
from tests.http.raw_server import Answer, RawServer, reply
from tests.submission import submission

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]

POLL = make_gateway().task("t")
SUBMISSION = submission(make_gateway(), VideoO1Request(prompt="x"))
ONCE = RetryPolicy(attempts=1)
GOOD = reply({"code": 0, "data": {"task_id": "t"}})


def drip(head: bytes, drop: bytes) -> Answer:
    """Send a byte again and again, each well before the client's patience with silence ends."""

    def answer(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    return answer


DRIPS = {
    "body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "chunked body": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "status": drip(b"HTTP/1.1 ", b"2"),
    "100 Continue": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
def test_a_response_that_drips_ends_a_poll(serve: Serve, make_caller: MakeCaller, answer: Answer) -> None:
    server = serve(answer)
    with pytest.raises(KlingConnectionError) as caught:
        make_caller(url=server.url, retry=ONCE, read_timeout_s=0.2).call(POLL)
    assert caught.value.request_sent


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
def test_a_submission_whose_response_drips_is_unknown(
    serve: Serve, make_caller: MakeCaller, answer: Answer
) -> None:
    server = serve(answer)
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url=server.url, read_timeout_s=0.2).call(SUBMISSION)
    assert len(server.requests) == 1


def test_after_a_call_that_was_ended_the_client_can_be_used(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(DRIPS["body"], GOOD)
    patient = RetryPolicy(attempts=50)  # a busy machine may need longer for GOOD than the client waits
    assert make_caller(url=server.url, retry=patient, read_timeout_s=0.3).call(POLL).task_id == "t"


def test_a_large_request_may_take_longer() -> None:
    settings = ClientSettings(base_url="https://api.example", read_timeout_s=30.0)
    assert settings.longest_exchange_s() == 120.0
    assert settings.longest_exchange_s(sent_bytes=16 * 1024**2) > 400


def test_a_time_within_another_does_not_extend_it(serve: Serve) -> None:
    settings = ClientSettings(base_url=serve(GOOD).url)
    with (
        closing(KlingClient(settings=settings, retry=ONCE)) as client,
        within(0.0),
        within(60.0),
        pytest.raises(KlingConnectionError) as caught,
    ):
        client.call(POLL)
    assert not caught.value.request_sent
