"""Both clients over real sockets: what goes out, what is sent again, and what comes of trouble."""

from __future__ import annotations

import asyncio
import gzip
import json
import platform
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
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
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import TaskStatus
from airflow_provider_kling.http.transport import LIMITS, MAX_ANSWER_BYTES, httpx_options
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

GATEWAY = make_gateway()
TASK = {"code": 0, "message": "success", "data": {"status": "processing", "task_id": "t"}}
LOOK = GATEWAY.task("t")
SUBMISSION = GATEWAY.submission(VideoO1Request(prompt="A paper boat, 纸船 🎬", duration=5))
GOOD = reply(TASK)
HTML = b"<html><body>gateway</body></html>"

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]


def failing(status: int) -> Answer:
    return reply({"code": status, "message": "Oops: detail"}, status=status)


# Each trouble that may pass, and how the error that it ends in is called.
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
    "no gzip": (reply(TASK, headers={"Content-Encoding": "gzip"}), KlingProtocolError),
    "half of the gzip": (
        reply(gzip.compress(json.dumps(TASK).encode())[:-20], headers={"Content-Encoding": "gzip"}),
        KlingProtocolError,
    ),
    "another task": (reply({"code": 0, "data": {"task_id": "u"}}), KlingProtocolError),
}
LASTING = [302, 400, 401, 402, 403, 404, 405, 409, 413, 415, 422]


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A URL at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


# -- what goes out --------------------------------------------------------------------------------


def test_a_look_goes_out_with_the_key_and_who_asks(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    task = make_caller(url=server.url, caller="apache-airflow/3.3.2").call(LOOK)
    assert (task.task_id, task.status) == ("t", TaskStatus.PROCESSING)
    [received] = server.requests
    assert (received.method, received.target, received.body) == ("GET", "/api/v1/tasks/t", b"")
    assert received.headers["authorization"] == f"Bearer {API_KEY}"
    assert received.headers["accept"] == "application/json"
    assert received.headers["user-agent"] == (
        f"airflow-provider-kling/{__version__} apache-airflow/3.3.2 python/{platform.python_version()}"
    )


def test_a_submission_goes_out_as_json(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    make_caller(url=server.url).call(SUBMISSION)
    [received] = server.requests
    assert (received.method, received.target) == ("POST", "/api/v1/kling/kling-video-o1/async")
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {"prompt": "A paper boat, 纸船 🎬", "duration": 5}


def test_a_webhook_travels_as_a_header(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    gateway = make_gateway(webhook_url="https://hooks.example/1")
    make_caller(url=server.url).call(gateway.submission(VideoO1Request(prompt="x")))
    assert server.requests[0].headers["x-webhook-url"] == "https://hooks.example/1"


def test_a_base_url_may_have_a_path_of_its_own(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD)
    make_caller(url=f"{server.url}/proxy/kling").call(LOOK)
    assert server.requests[0].target == "/proxy/kling/api/v1/tasks/t"


@pytest.mark.parametrize("task_id", ["a/b", "a b?c#d", "50%2F", "ü"])
def test_a_quoted_task_id_is_not_changed_on_the_way(
    serve: Serve, make_caller: MakeCaller, task_id: str
) -> None:
    server = serve(reply({"code": 0, "data": {"task_id": task_id}}))
    call = GATEWAY.task(task_id)
    assert make_caller(url=server.url).call(call).task_id == task_id
    assert server.requests[0].target == call.request.path


def test_a_redirect_is_not_followed_for_it_would_carry_the_key_away(
    serve: Serve, make_caller: MakeCaller
) -> None:
    elsewhere = serve(GOOD)
    server = serve(reply(status=302, headers={"Location": f"{elsewhere.url}/api/v1/tasks/t"}))
    with pytest.raises(KlingAPIError):
        make_caller(url=server.url).call(LOOK)
    assert elsewhere.connections == 0


def test_patience_and_pool_are_bounded() -> None:
    options = httpx_options(ClientSettings(base_url="http://x", api_key=API_KEY))
    assert options["timeout"] == httpx.Timeout(30.0, connect=5.0)
    assert options["limits"] is LIMITS
    assert LIMITS.max_connections is not None


# -- looks are repeated ---------------------------------------------------------------------------


@pytest.mark.parametrize(("trouble", "error_class"), TRANSIENT.values(), ids=TRANSIENT)
def test_a_look_is_repeated_until_trouble_has_passed(
    serve: Serve, make_caller: MakeCaller, trouble: Answer, error_class: type[KlingError]
) -> None:
    server = serve(trouble, trouble, trouble, GOOD)
    caller = make_caller(url=server.url, read_timeout_s=patience_with(trouble))
    assert caller.call(LOOK).task_id == "t"
    assert (server.connections, caller.slept) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize(("trouble", "error_class"), TRANSIENT.values(), ids=TRANSIENT)
def test_a_look_gives_up_after_four_attempts_and_says_why(
    serve: Serve, make_caller: MakeCaller, trouble: Answer, error_class: type[KlingError]
) -> None:
    server = serve(trouble)
    with pytest.raises(KlingError, match="GET /api/v1/tasks/t") as caught:
        make_caller(url=server.url, read_timeout_s=patience_with(trouble)).call(LOOK)
    assert type(caught.value) is error_class
    assert caught.value.retryable
    assert server.connections == 4


def test_a_service_that_is_not_there_is_asked_again_too(make_caller: MakeCaller, closed_port: str) -> None:
    caller = make_caller(url=closed_port)
    with pytest.raises(KlingConnectionError, match="nothing was sent") as caught:
        caller.call(LOOK)
    assert caught.value.request_sent is False
    assert len(caller.slept) == 3


@pytest.mark.parametrize("status", LASTING)
def test_a_look_that_would_be_answered_the_same_again_is_not_repeated(
    serve: Serve, make_caller: MakeCaller, status: int
) -> None:
    server = serve(failing(status))
    caller = make_caller(url=server.url)
    with pytest.raises(KlingAPIError) as caught:
        caller.call(LOOK)
    assert caught.value.status_code == status
    assert (server.connections, caller.slept) == (1, [])


def test_a_wait_that_the_service_asks_for_is_kept(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(reply(status=503, headers={"Retry-After": "17"}), GOOD)
    caller = make_caller(url=server.url)
    caller.call(LOOK)
    assert caller.slept == [17.5]


def test_a_spent_minute_is_waited_out(serve: Serve, make_caller: MakeCaller) -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(START) + 20),
    }
    caller = make_caller(url=serve(reply(status=429, headers=headers), GOOD).url)
    caller.call(LOOK)
    assert caller.slept == [20.5]


def test_trouble_is_repeated_although_every_answer_tells_when_the_minute_ends(
    serve: Serve, make_caller: MakeCaller
) -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "80",
        "X-RateLimit-Reset": str(int(START) + 55),
    }
    server = serve(reply(status=503, headers=headers), GOOD)
    caller = make_caller(url=server.url)
    caller.call(LOOK)
    assert caller.slept == [0.5]


def test_a_wait_that_is_too_long_ends_the_call_and_is_told(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(reply(status=429, headers={"Retry-After": "31"}), GOOD)
    caller = make_caller(url=server.url)
    with pytest.raises(KlingRateLimitError) as caught:
        caller.call(LOOK)
    assert caught.value.retry_after == 31.0
    assert (server.connections, caller.slept) == (1, [])


# -- a submission is sent once --------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TRANSIENT if name not in ("429", "another task")])
def test_a_submission_is_sent_once_and_then_nobody_knows(
    serve: Serve, make_caller: MakeCaller, name: str
) -> None:
    trouble, error_class = TRANSIENT[name]
    server = serve(trouble)
    caller = make_caller(url=server.url, read_timeout_s=patience_with(trouble))
    with pytest.raises(KlingSubmissionUnknownError) as caught:
        caller.call(SUBMISSION)
    assert type(caught.value.__cause__) is error_class
    assert (server.connections, caller.slept) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422, 429])
def test_a_refused_submission_is_sent_once(serve: Serve, make_caller: MakeCaller, status: int) -> None:
    server = serve(reply(status=status, headers={"Retry-After": "1"}))
    caller = make_caller(url=server.url)
    with pytest.raises(KlingAPIError) as caught:
        caller.call(SUBMISSION)
    assert caught.value.status_code == status
    assert (server.connections, caller.slept) == (1, [])


def test_a_submission_that_reached_nobody_is_not_made_again_by_itself(
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


# -- an answer has a size -------------------------------------------------------------------------


def padded(size: int) -> bytes:
    start = json.dumps(TASK)[:-1] + ', "padding": "'
    return (start + "x" * (size - len(start) - 2) + '"}').encode()


def test_an_answer_of_16_mib_is_read(serve: Serve, make_caller: MakeCaller) -> None:
    assert MAX_ANSWER_BYTES == 16 * 1024 * 1024
    server = serve(reply(padded(MAX_ANSWER_BYTES)))
    assert make_caller(url=server.url).call(LOOK).task_id == "t"


ONE_TOO_MANY = padded(MAX_ANSWER_BYTES + 1)
TOO_LARGE = {
    "declared": reply(ONE_TOO_MANY),
    "undeclared": reply(ONE_TOO_MANY, chunked=True),
    "compressed": reply(gzip.compress(ONE_TOO_MANY), headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_answer_over_16_mib_is_dropped(serve: Serve, make_caller: MakeCaller, answer: Answer) -> None:
    server = serve(answer, GOOD)
    with pytest.raises(KlingProtocolError, match="more than 16 MiB"):
        make_caller(url=server.url, retry=RetryPolicy(attempts=1)).call(LOOK)
    server.then(answer, GOOD)
    assert make_caller(url=server.url).call(LOOK).task_id == "t"
    server.then(answer)
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url=server.url).call(SUBMISSION)


# -- the budget -----------------------------------------------------------------------------------


def budget(remaining: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": "99"}


def test_the_latest_answer_tells_the_budget_also_when_it_is_an_error(
    serve: Serve, make_caller: MakeCaller
) -> None:
    server = serve(reply(TASK, headers=budget(7)), GOOD, reply(status=400, headers=budget(3)))
    caller = make_caller(url=server.url)
    assert caller.rate_limit is None
    caller.call(LOOK)
    assert caller.rate_limit == RateLimit(limit=100, remaining=7, reset_at=99.0)
    caller.call(LOOK)
    assert caller.rate_limit == RateLimit(limit=100, remaining=7, reset_at=99.0)
    with pytest.raises(KlingBadRequestError):
        caller.call(SUBMISSION)
    assert caller.rate_limit == RateLimit(limit=100, remaining=3, reset_at=99.0)


def test_requests_are_spaced_as_the_connection_says(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(GOOD, failing(500), GOOD)
    caller = make_caller(url=server.url, requests_per_minute=30, jitter=0.25)
    caller.call(LOOK)
    caller.call(LOOK)  # 2 s for its place, a back-off of 0.25 s, and what is left until the next place
    assert caller.slept == [2.0, 0.25, 1.75]
    caller.now += 100
    caller.call(LOOK)
    assert caller.slept == [2.0, 0.25, 1.75]


async def test_an_interrupted_call_leaves_the_client_usable(serve: Serve) -> None:
    arrived = threading.Event()

    def never(connection: socket.socket) -> None:
        arrived.set()
        silence(connection)

    server = serve(never, GOOD)
    client = AsyncKlingClient(settings=ClientSettings(base_url=server.url, api_key=API_KEY))
    try:
        submitting = asyncio.create_task(client.call(SUBMISSION))
        assert await asyncio.to_thread(arrived.wait, 5)
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        assert (await client.call(LOOK)).task_id == "t"
    finally:
        await client.aclose()
    assert [request.method for request in server.requests] == ["POST", "GET"]
