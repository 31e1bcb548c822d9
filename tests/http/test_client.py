"""Both clients over real sockets: what is sent, what is repeated, and what each failure becomes."""

from __future__ import annotations

import asyncio
import gzip
import json
import platform
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingBadRequestError,
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.client import AsyncKlingClient
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.message import Call, HttpRequest
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import API_KEY, START, Caller
from tests.http.raw_server import (
    Answer,
    RawServer,
    hang_up,
    patience_with,
    raw,
    reply,
    reset,
    silence,
    unread,
)
from tests.submission import submission

GATEWAY = make_gateway()
TASK = {"code": 0, "message": "success", "data": {"status": "processing", "task_id": "t"}}
POLL = GATEWAY.task("t")
SUBMISSION = submission(GATEWAY, VideoO1Request(prompt="A paper boat, 纸船 🎬", duration=5))
GOOD = reply(TASK)
HTML = b"<html><body>gateway</body></html>"

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]


def failing(status: int) -> Answer:
    return reply({"code": status, "message": "Oops: detail"}, status=status)


# Failures that may pass, and the class of the error that each one ends in.
TRANSIENT: dict[str, tuple[Answer, type[KlingError]]] = {
    "408": (failing(408), KlingAPIError),
    "425": (failing(425), KlingAPIError),
    "429": (failing(429), KlingRateLimitError),
    "500": (failing(500), KlingServerError),
    "502 as a page": (reply(HTML, status=502), KlingServerError),
    "503": (failing(503), KlingServerError),
    "504": (failing(504), KlingServerError),
    "dropped before it was read": (unread, KlingConnectionError),
    "dropped after it was read": (hang_up, KlingConnectionError),
    "reset": (reset, KlingConnectionError),
    "silence": (silence, KlingConnectionError),
    "a page": (reply(HTML, headers={"Content-Type": "text/html"}), KlingProtocolError),
    "nothing": (reply(b""), KlingProtocolError),
    "half of the JSON": (reply(json.dumps(TASK).encode()[:-9]), KlingProtocolError),
    "half of what was declared": (reply(TASK, declared=5000), KlingProtocolError),
    "half of a chunk": (
        raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"code"'),
        KlingProtocolError,
    ),
    "half of the headers": (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), KlingConnectionError),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), KlingConnectionError),
    "compressed": (
        reply(gzip.compress(json.dumps(TASK).encode()), headers={"Content-Encoding": "gzip"}),
        KlingProtocolError,
    ),
    "another task": (reply({"code": 0, "data": {"task_id": "u"}}), KlingProtocolError),
}
LASTING = [302, 400, 401, 402, 403, 404, 405, 409, 413, 415, 422]


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A URL without a server."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


# -- what is sent ---------------------------------------------------------------------------------


def test_a_poll_is_sent_with_the_key_and_the_callers_names(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    task = make_caller(url=server.url, caller="apache-airflow/3.3.2").call(POLL)
    assert (task.task_id, task.status) == ("t", TaskStatus.PROCESSING)
    [received] = server.requests
    assert (received.method, received.target, received.body) == ("GET", "/api/v1/tasks/t", b"")
    assert received.headers["authorization"] == f"Bearer {API_KEY}"
    assert received.headers["accept"] == "application/json"
    assert received.headers["host"] == server.url.removeprefix("http://")
    assert received.headers["user-agent"] == (
        f"airflow-provider-kling/{__version__} apache-airflow/3.3.2 python/{platform.python_version()}"
    )


def test_a_submission_is_sent_as_json(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    make_caller(url=server.url).call(SUBMISSION)
    [received] = server.requests
    assert (received.method, received.target) == ("POST", "/api/v1/kling/kling-video-o1/async")
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {"prompt": "A paper boat, 纸船 🎬", "duration": 5}


def test_a_webhook_is_sent_as_a_header(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    gateway = make_gateway(webhook_url="https://hooks.example/1")
    make_caller(url=server.url).call(submission(gateway, VideoO1Request(prompt="x")))
    assert server.requests[0].headers["x-webhook-url"] == "https://hooks.example/1"


def test_a_base_url_may_have_a_path_of_its_own(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    make_caller(url=f"{server.url}/proxy/kling").call(POLL)
    assert server.requests[0].target == "/proxy/kling/api/v1/tasks/t"


@pytest.mark.parametrize("task_id", ["a/b", "a b?c#d", "50%2F", "ü"])
def test_a_quoted_task_id_is_not_changed_on_the_way(
    serve: Serve, make_caller: MakeCaller, task_id: str
) -> None:
    server = serve(GOOD)
    call = GATEWAY.task(task_id)
    with pytest.raises(KlingProtocolError, match="another task"):
        make_caller(url=server.url).call(call)
    assert server.requests[0].target == call.request.path


def test_a_redirect_is_not_followed_because_it_would_send_the_key_elsewhere(
    serve: Serve, make_caller: MakeCaller
) -> None:
    elsewhere = serve(GOOD)
    server = serve(reply(status=302, headers={"Location": f"{elsewhere.url}/api/v1/tasks/t"}))
    with pytest.raises(KlingAPIError):
        make_caller(url=server.url).call(POLL)
    assert elsewhere.connections == 0


def test_a_file_is_sent_as_a_form(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(reply({"code": 0, "data": {"file_id": "f", "url": "https://f"}}))
    make_caller(url=server.url).call(
        GATEWAY.files.upload(b"PNG", filename="纸船.png", content_type="image/png")
    )
    [received] = server.requests
    kind, _, boundary = received.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    head, _, content = received.body.partition(b"\r\n\r\n")
    assert 'name="file"; filename="纸船.png"'.encode() in head
    assert content == f"PNG\r\n--{boundary}--\r\n".encode()


def test_a_query_is_encoded(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    params = {"external id": "a&b=c/ü", "page": 1}
    call = replace(POLL, request=HttpRequest(method="GET", path="/logs", params=params))
    make_caller(url=server.url).call(call)
    assert server.requests[0].target == "/logs?external+id=a%26b%3Dc%2F%C3%BC&page=1"


def test_a_cookie_of_the_service_is_not_sent_back(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(reply(TASK, headers={"Set-Cookie": "session=1"}), GOOD)
    caller = make_caller(url=server.url)
    caller.call(POLL)
    caller.call(POLL)
    assert [request.headers.get("cookie") for request in server.requests] == [None, None]


def test_the_http_library_logs_no_urls(
    serve: Serve, make_caller: MakeCaller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    make_caller(url=serve(GOOD).url).call(POLL)
    assert [record for record in caplog.records if "/api/v1/" in record.getMessage()] == []


async def test_a_client_opens_ten_connections_at_most_and_all_of_them_at_once(serve: Serve) -> None:
    ten, lock = threading.Barrier(10), threading.Lock()
    open_now, most = 0, 0

    def wait_for_ten(connection: socket.socket) -> None:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        ten.wait(timeout=60)  # with fewer connections at once it would break
        with lock:
            open_now -= 1
        GOOD(connection)

    server = serve(wait_for_ten)
    client = AsyncKlingClient(settings=ClientSettings(base_url=server.url, read_timeout_s=60))
    try:
        await asyncio.gather(*(client.call(POLL) for _ in range(50)))
    finally:
        await client.aclose()
    assert most == 10


# -- idempotent calls are repeated ----------------------------------------------------------------


@pytest.mark.parametrize(("failure", "error_class"), TRANSIENT.values(), ids=TRANSIENT)
def test_a_poll_is_repeated_until_the_failure_has_passed(
    serve: Serve, make_caller: MakeCaller, failure: Answer, error_class: type[KlingError]
) -> None:
    server = serve(failure, failure, failure, GOOD)
    caller = make_caller(url=server.url, read_timeout_s=patience_with(failure))
    assert caller.call(POLL).task_id == "t"
    assert (server.connections, caller.slept) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize(("failure", "error_class"), TRANSIENT.values(), ids=TRANSIENT)
def test_a_poll_gives_up_after_four_attempts_and_says_why(
    serve: Serve, make_caller: MakeCaller, failure: Answer, error_class: type[KlingError]
) -> None:
    server = serve(failure)
    with pytest.raises(KlingError, match="GET /api/v1/tasks/t") as caught:
        make_caller(url=server.url, read_timeout_s=patience_with(failure)).call(POLL)
    assert type(caught.value) is error_class
    assert caught.value.retryable
    assert server.connections == 4


def test_a_poll_is_repeated_when_the_service_is_not_there(make_caller: MakeCaller, closed_port: str) -> None:
    caller = make_caller(url=closed_port)
    with pytest.raises(KlingConnectionError, match="nothing was sent") as caught:
        caller.call(POLL)
    assert caught.value.request_sent is False
    assert len(caller.slept) == 3


@pytest.mark.parametrize("status", LASTING)
def test_a_poll_with_a_lasting_error_is_not_repeated(
    serve: Serve, make_caller: MakeCaller, status: int
) -> None:
    server = serve(failing(status))
    caller = make_caller(url=server.url)
    with pytest.raises(KlingAPIError) as caught:
        caller.call(POLL)
    assert caught.value.status_code == status
    assert (server.connections, caller.slept) == (1, [])


def test_a_requested_wait_is_kept(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(reply(status=503, headers={"Retry-After": "17"}), GOOD)
    caller = make_caller(url=server.url)
    caller.call(POLL)
    assert caller.slept == [17.5]


def test_a_used_up_window_is_waited_out(serve: Serve, make_caller: MakeCaller) -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(START) + 20),
    }
    caller = make_caller(url=serve(reply(status=429, headers=headers), GOOD).url)
    caller.call(POLL)
    assert caller.slept == [20.5]


def test_a_reset_time_alone_does_not_delay_a_retry(serve: Serve, make_caller: MakeCaller) -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "80",
        "X-RateLimit-Reset": str(int(START) + 55),
    }
    server = serve(reply(status=503, headers=headers), GOOD)
    caller = make_caller(url=server.url)
    caller.call(POLL)
    assert caller.slept == [0.5]


def test_a_requested_wait_that_is_too_long_ends_the_call_and_is_in_the_error(
    serve: Serve, make_caller: MakeCaller
) -> None:
    server = serve(reply(status=429, headers={"Retry-After": "31"}), GOOD)
    caller = make_caller(url=server.url)
    with pytest.raises(KlingRateLimitError) as caught:
        caller.call(POLL)
    assert caught.value.retry_after == 31.0
    assert (server.connections, caller.slept) == (1, [])


# -- a submission is sent once --------------------------------------------------------------------


class StoppedError(Exception):
    """What a caller raises before a request is sent."""


@pytest.mark.parametrize("error", [StoppedError(), KlingServerError("of the caller's own", status_code=500)])
@pytest.mark.parametrize("call", [POLL, SUBMISSION], ids=["poll", "submission"])
def test_what_is_raised_before_sending_ends_the_call_as_it_is_and_nothing_is_sent(
    serve: Serve, make_caller: MakeCaller, call: Call[Task], error: Exception
) -> None:
    server = serve(hang_up, GOOD)

    def stop() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        make_caller(url=server.url).call(replace(call, before_sending=stop))
    assert raised.value is error
    make_caller(url=f"{server.url}/after").call(POLL)
    assert {request.target for request in server.requests} == {"/after/api/v1/tasks/t"}


def test_the_caller_is_told_before_each_attempt(serve: Serve, make_caller: MakeCaller) -> None:
    server, told = serve(hang_up, GOOD), []
    call = replace(POLL, before_sending=lambda: told.append(len(server.requests)))
    make_caller(url=server.url).call(call)
    assert told == [0, 1]


@pytest.mark.parametrize("name", [name for name in TRANSIENT if name not in ("425", "429", "another task")])
def test_a_failed_submission_is_sent_once_and_its_outcome_is_unknown(
    serve: Serve, make_caller: MakeCaller, name: str
) -> None:
    failure, error_class = TRANSIENT[name]
    server = serve(failure)
    caller = make_caller(url=server.url, read_timeout_s=patience_with(failure))
    with pytest.raises(KlingSubmissionUnknownError) as caught:
        caller.call(SUBMISSION)
    assert type(caught.value.__cause__) is error_class
    assert (server.connections, caller.slept) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422, 429])
def test_a_rejected_submission_is_sent_once(serve: Serve, make_caller: MakeCaller, status: int) -> None:
    server = serve(reply(status=status, headers={"Retry-After": "1"}))
    caller = make_caller(url=server.url)
    with pytest.raises(KlingAPIError) as caught:
        caller.call(SUBMISSION)
    assert caught.value.status_code == status
    assert (server.connections, caller.slept) == (1, [])


def test_a_submission_that_was_not_sent_is_not_repeated_either(
    make_caller: MakeCaller, closed_port: str
) -> None:
    caller = make_caller(url=closed_port)
    with pytest.raises(KlingConnectionError) as caught:
        caller.call(SUBMISSION)
    assert caught.value.request_sent is False
    assert caller.slept == []


@pytest.mark.parametrize("data", [None, {}, {"task_id": None}, {"status": "pending"}])
def test_an_accepted_submission_without_an_id_is_unknown(
    serve: Serve, make_caller: MakeCaller, data: object
) -> None:
    server = serve(reply({"code": 0, "message": "success", "data": data}))
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url=server.url).call(SUBMISSION)
    assert server.connections == 1


# -- the budget -----------------------------------------------------------------------------------


def budget(remaining: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": "99"}


def test_the_latest_response_tells_the_budget_also_when_it_is_an_error(
    serve: Serve, make_caller: MakeCaller
) -> None:
    server = serve(reply(TASK, headers=budget(7)), GOOD, reply(status=400, headers=budget(3)))
    caller = make_caller(url=server.url)
    assert caller.rate_limit is None
    caller.call(POLL)
    assert caller.rate_limit == RateLimit(limit=100, remaining=7, reset_at=99.0)
    caller.call(POLL)
    assert caller.rate_limit == RateLimit(limit=100, remaining=7, reset_at=99.0)
    with pytest.raises(KlingBadRequestError):
        caller.call(SUBMISSION)
    assert caller.rate_limit == RateLimit(limit=100, remaining=3, reset_at=99.0)


def test_requests_are_spaced_as_the_connection_says(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD, failing(500), GOOD)
    caller = make_caller(url=server.url, requests_per_minute=30, jitter=0.25)
    caller.call(POLL)
    caller.call(POLL)  # 2 s of spacing, a back-off of 0.25 s, and the rest of the next spacing
    assert caller.slept == [2.0, 0.25, 1.75]
    caller.now += 100
    caller.call(POLL)
    assert caller.slept == [2.0, 0.25, 1.75]


async def test_an_interrupted_call_leaves_the_client_usable(serve: Serve) -> None:
    arrived = threading.Event()

    def never(connection: socket.socket) -> None:
        arrived.set()
        silence(connection)

    server = serve(never, GOOD)
    client = AsyncKlingClient(settings=ClientSettings(base_url=server.url, credentials=BearerToken(API_KEY)))
    try:
        submitting = asyncio.create_task(client.call(SUBMISSION))
        assert await asyncio.to_thread(arrived.wait, 5)
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        assert (await client.call(POLL)).task_id == "t"
    finally:
        await client.aclose()
    assert [request.method for request in server.requests] == ["POST", "GET"]


def test_a_closed_client_says_so(serve: Serve, make_caller: MakeCaller) -> None:
    caller = make_caller(url=serve(GOOD).url)
    caller.call(POLL)
    caller.close_client()
    with pytest.raises(RuntimeError, match="this client is closed"):
        caller.call(POLL)
