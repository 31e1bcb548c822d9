"""A response has a largest size, and is read as it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingConnectionError,
    KlingProtocolError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.message import HttpRequest
from airflow_provider_kling.http.network import MAX_CONNECTIONS
from airflow_provider_kling.http.redaction import Redactor
from airflow_provider_kling.http.response_reader import MAX_RESPONSE_BYTES, ResponseReader
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import Caller
from tests.http.raw_server import Answer, RawServer, raw, reply
from tests.submission import submission

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]

POLL = make_gateway().task("t")
SUBMISSION = submission(make_gateway(), VideoO1Request(prompt="x"))
TASK = {"code": 0, "message": "success", "data": {"status": "processing", "task_id": "t"}}
GOOD = reply(TASK)
GET = HttpRequest(method="GET", path="/x")


def padded(size: int) -> bytes:
    """Return a good response of this size."""
    start = json.dumps(TASK)[:-1] + ', "padding": "'
    return (start + "x" * (size - len(start) - 2) + '"}').encode()


def reader(*secrets: str) -> ResponseReader:
    return ResponseReader(request=GET, base_url="https://api.example", redactor=Redactor(secrets))


def test_a_response_of_16_mib_is_read(serve: Serve, make_caller: MakeCaller) -> None:
    assert MAX_RESPONSE_BYTES == 16 * 1024 * 1024
    server = serve(reply(padded(MAX_RESPONSE_BYTES)))
    assert make_caller(url=server.url).call(POLL).task_id == "t"


ONE_TOO_MANY = padded(MAX_RESPONSE_BYTES + 1)
TOO_LARGE = {"declared": reply(ONE_TOO_MANY), "undeclared": reply(ONE_TOO_MANY, chunked=True)}


@pytest.mark.parametrize("response", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_response_over_16_mib_is_dropped(serve: Serve, make_caller: MakeCaller, response: Answer) -> None:
    server = serve(response, GOOD)
    with pytest.raises(KlingProtocolError, match="more than 16 MiB"):
        make_caller(url=server.url, retry=RetryPolicy(attempts=1)).call(POLL)
    server.then(response, GOOD)
    assert make_caller(url=server.url).call(POLL).task_id == "t"
    server.then(response)
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url=server.url).call(SUBMISSION)


@pytest.mark.parametrize(
    "response", [TOO_LARGE["undeclared"], reply(b"x", headers={"Content-Encoding": "gzip"})]
)
def test_a_response_that_is_dropped_does_not_keep_its_connection(
    serve: Serve, make_caller: MakeCaller, response: Answer
) -> None:
    server = serve(*[response] * (MAX_CONNECTIONS + 1), GOOD)
    caller = make_caller(url=server.url, retry=RetryPolicy(attempts=1))
    for _ in range(MAX_CONNECTIONS + 1):
        with pytest.raises(KlingProtocolError):
            caller.call(POLL)
    assert caller.call(POLL).task_id == "t"


UNREADABLE = {
    "compressed": lambda status: reply(b"x", status=status, headers={"Content-Encoding": "gzip"}),
    "cut short": lambda status: reply(b"x", status=status, declared=500),
    "bad chunk": lambda status: raw(b"HTTP/1.1 %d No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" % status),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("status", [400, 401, 413, 429])
def test_the_status_of_an_error_is_certain_although_its_page_cannot_be_read(
    serve: Serve, make_caller: MakeCaller, answer: Callable[[int], Answer], status: int
) -> None:
    server = serve(answer(status))
    with pytest.raises(KlingAPIError, match="no task exists, and nothing is billed") as error:
        make_caller(url=server.url).call(SUBMISSION)
    assert error.value.status_code == status


def test_what_exceeds_the_cap_is_not_kept() -> None:
    reading = reader()
    reading.begin(200, [])
    reading.feed(bytes(MAX_RESPONSE_BYTES))
    with pytest.raises(KlingProtocolError):
        reading.feed(b"x")
    assert len(reading.finish(now=0.0).body) == MAX_RESPONSE_BYTES


def test_headers_are_read_with_lower_case_names_and_repeated_ones_joined() -> None:
    reading = reader()
    headers = [(b"Retry-After", b"7"), (b"X-Note", b"a canary"), (b"x-note", b"\xfc")]
    reading.begin(429, headers)
    reading.feed(b"one ")
    reading.feed(b"two canary")
    response = reading.finish(now=5.0)
    assert response.headers == {"retry-after": "7", "x-note": "a canary, ü"}
    assert (response.status, response.body, response.received_at) == (429, b"one two canary", 5.0)


def test_a_response_that_has_not_begun_cannot_be_finished() -> None:
    with pytest.raises(RuntimeError):
        reader().finish(now=0.0)


FAULTS = (TypeError, AttributeError, NameError, AssertionError, NotImplementedError)


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_code_is_not_taken_for_a_broken_connection_that_may_come_back(
    make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def connect(*arguments: object, **named: object) -> None:
        raise fault("unexpected argument")

    monkeypatch.setattr("socket.create_connection", connect)
    monkeypatch.setattr("airflow_provider_kling.http.asyncio_backend.AsyncioBackend.connect_tcp", connect)
    caller = make_caller(url="http://127.0.0.1:9")
    with pytest.raises(fault):
        caller.call(POLL)
    # Of a submission it counts alone whether it was sent.
    with pytest.raises(KlingConnectionError, match="nothing was sent"):
        caller.call(SUBMISSION)
