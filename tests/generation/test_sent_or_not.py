"""The record says ``intent`` exactly when a byte of the submission may have reached the service."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_kling.exceptions import KlingError, KlingSubmissionUnknownError
from airflow_provider_kling.http.library import httpcore
from airflow_provider_kling.http.network import _Backend, tls_context
from airflow_provider_kling.journal.stores import VariableStore
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.http.raw_server import Answer, RawServer, hang_up, raw, reply, reset, silence, unread
from tests.task_runner import context, retry_often, run, video

Connect = Callable[..., None]
Serve = Callable[..., RawServer]

HALF_AN_EMOJI = json.loads('"A paper boat \\ud83d"')
CERTAIN = [301, 308, 400, 401, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 421, 422, 425, 426, 431, 451]
UNCERTAIN = [300, 303, 304, 408, 409, 418, 500, 501, 502, 503, 504, 599]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_often(monkeypatch)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *script: stack.enter_context(RawServer(*script))


def phase(task_instance: FakeTaskInstance) -> str | None:
    record = task_instance.store.get("kling")
    return None if record is None else record["phase"]


def fail(operator: Any, task_instance: FakeTaskInstance) -> KlingError:
    with pytest.raises(KlingError) as caught:
        run(operator, task_instance)
    return caught.value


# -- certainly not sent ---------------------------------------------------------------------------

ENVIRONMENTS = [
    {"all_proxy": "socks://127.0.0.1:1"},
    {"https_proxy": "nonsense://127.0.0.1:1"},
    {"https_proxy": "http://[::1"},
    {"https_proxy": "http://127.0.0.1:1"},
    {"https_proxy": "http://no-such-proxy.invalid:3128"},
    {"https_proxy": "http://proxy..corp:3128"},
    {"https_proxy": f"http://{'a' * 70}:3128"},
    {"SSL_CERT_FILE": "/nowhere/certificates.pem"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_an_environment_that_cannot_be_used_leaves_no_record(
    connect: Connect,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
) -> None:
    connect(host="https://api.example.com")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tls_context.cache_clear()
    try:
        error = fail(video(), task_instance)
    finally:
        tls_context.cache_clear()
    assert not isinstance(error, KlingSubmissionUnknownError)
    assert phase(task_instance) is None


REFUSALS = {
    **{str(status): reply(b"no", status=status) for status in (403, 407, 502)},
    "closes": hang_up,
    "speaks no HTTP": raw(b"220 mail\r\n\r\n"),
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
def test_a_proxy_that_passes_nothing_on_leaves_no_record(
    connect: Connect,
    serve: Serve,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    connect(host="https://api.example.com")
    monkeypatch.setenv("https_proxy", serve(answer).url)
    assert "nothing was sent" in str(fail(video(), task_instance))
    assert phase(task_instance) is None


UNKNOWN_MODEL = {"task_id": "make", "model": "google/veo-3"}
ODD_REQUESTS: dict[str, Callable[[], Any]] = {
    "half an emoji": lambda: video(prompt=HALF_AN_EMOJI),
    "in a model without rules": lambda: KlingGenerateOperator(
        **UNKNOWN_MODEL, parameters={"shots": [{"text": HALF_AN_EMOJI}]}
    ),
    "in an extra parameter": lambda: video(extra_parameters={"note": {"deep": [HALF_AN_EMOJI]}}),
    "a name": lambda: video(extra_parameters={HALF_AN_EMOJI: 1}),
    "an object": lambda: video(extra_parameters={"note": [object]}),
    "no number": lambda: video(extra_parameters={"note": float("nan")}),
}


@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
@pytest.mark.parametrize("make", ODD_REQUESTS.values(), ids=ODD_REQUESTS)
def test_a_request_that_cannot_be_encoded_leaves_no_record(
    connect: Connect, serve: Serve, task_instance: FakeTaskInstance, make: Callable[[], Any]
) -> None:
    server = serve(reply({"code": 0, "data": {"task_id": "t"}}))
    connect(host=server.url)
    with pytest.raises(KlingError):
        run(make(), task_instance)
    assert phase(task_instance) is None
    assert server.connections == 0


def test_a_service_that_nobody_serves_leaves_no_record(
    connect: Connect, task_instance: FakeTaskInstance
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        connect(host=f"http://127.0.0.1:{probe.getsockname()[1]}")  # bound, and not listening
        fail(video(), task_instance)
    assert phase(task_instance) is None


@pytest.mark.parametrize("status", CERTAIN)
def test_a_rejection_that_is_certain_leaves_no_record(
    connect: Connect, serve: Serve, task_instance: FakeTaskInstance, status: int
) -> None:
    connect(host=serve(reply({"code": status, "message": "Oops"}, status=status)).url)
    assert "nothing is billed" in str(fail(video(), task_instance))
    assert phase(task_instance) is None


HTTP = "airflow_provider_kling.http"
BEFORE_THE_FIRST_BYTE = {
    "waiting for its turn": f"{HTTP}.rate_limit.RateLimiter.reserve",
    "connecting": f"{HTTP}.network._Backend.connect_tcp",
}
ACCEPTED = reply({"code": 0, "data": {"task_id": "t"}})


def overdue(operator: KlingGenerateOperator) -> None:
    raise AirflowTaskTimeout


def killed(operator: KlingGenerateOperator) -> None:
    operator.on_kill()


def submit(task_instance: FakeTaskInstance) -> None:
    """Run a try that submits, until it is deferred."""
    with pytest.raises(TaskDeferred):
        video().execute(context(video(), task_instance))


@pytest.mark.parametrize("end", [overdue, killed])
@pytest.mark.parametrize("method", BEFORE_THE_FIRST_BYTE.values(), ids=BEFORE_THE_FIRST_BYTE)
def test_a_try_that_ends_before_the_first_byte_leaves_no_record(
    connect: Connect,
    serve: Serve,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    end: Callable[[KlingGenerateOperator], None],
) -> None:
    """Not even for a moment: nothing runs after a SIGKILL."""
    server = serve(ACCEPTED)
    connect(host=server.url)
    operator, phases = video(), []

    def ends(*_: Any, **__: Any) -> None:
        phases.append(phase(task_instance))
        end(operator)

    with monkeypatch.context() as patch:
        patch.setattr(method, ends)
        with pytest.raises((AirflowTaskTimeout, SystemExit)):
            run(operator, task_instance)
    assert phases == [None]
    assert phase(task_instance) is None
    task_instance.retry()
    submit(task_instance)
    assert phase(task_instance) == "submitted"
    assert len(server.requests) == 1


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_timeout_while_the_intent_is_written_takes_it_back(
    connect: Connect,
    serve: Serve,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
) -> None:
    """There are two copies of it, a Variable and one in the task state store."""
    server = serve(ACCEPTED, ACCEPTED)
    connect(host=server.url)
    done = 0

    def overdue_after(write: Callable[..., None]) -> Callable[..., None]:
        def perhaps(*arguments: Any, **options: Any) -> None:
            nonlocal done
            if done == written:
                raise AirflowTaskTimeout
            write(*arguments, **options)
            done += 1
            if done == written == 2:
                raise AirflowTaskTimeout

        return perhaps

    saved: Any = VariableStore.save
    with monkeypatch.context() as patch:
        patch.setattr(VariableStore, "save", overdue_after(saved))
        patch.setattr(task_instance.store, "set", overdue_after(task_instance.store.set))
        with pytest.raises(AirflowTaskTimeout):
            run(video(), task_instance)
    assert phase(task_instance) is None
    task_instance.retry()
    submit(task_instance)
    assert len(server.requests) == 1


def test_a_store_that_is_slow_costs_a_connection_and_no_decision(
    connect: Connect, serve: Serve, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service may close a connection on which no request comes."""
    server = serve(hang_up, ACCEPTED)
    connect(host=server.url)
    monkeypatch.setattr("airflow_provider_kling.generation.intent._LONGEST_SILENCE_S", -1)
    submit(task_instance)
    assert phase(task_instance) == "submitted"
    assert (server.connections, len(server.requests)) == (2, 1)


def test_a_slow_store_and_then_no_connection_leave_no_record(
    connect: Connect, serve: Serve, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(host=serve(hang_up).url)
    monkeypatch.setattr("airflow_provider_kling.generation.intent._LONGEST_SILENCE_S", -1)
    opened, connect_tcp = [], _Backend.connect_tcp

    def once(self: _Backend, *arguments: Any, **options: Any) -> Any:
        opened.append(phase(task_instance))
        if len(opened) > 1:
            raise httpcore.ConnectError
        return connect_tcp(self, *arguments, **options)

    monkeypatch.setattr(_Backend, "connect_tcp", once)
    assert "nothing was sent" in str(fail(video(), task_instance))
    assert opened == [None, "intent"]
    assert phase(task_instance) is None


# -- perhaps sent ---------------------------------------------------------------------------------

LOST = {
    **{str(status): reply(b"", status=status) for status in UNCERTAIN},
    "closes": hang_up,
    "resets": reset,
    "resets unread": unread,
    "is silent": silence,
    "speaks no HTTP": raw(b"220 mail\r\n\r\n"),
    "breaks off": reply({"code": 0, "data": {"task_id": "t"}}, declared=5000),
    "names no task": reply({"code": 0, "data": {}}),
    "names an odd task": reply({"code": 0, "data": {"task_id": "../../x"}}),
    "is compressed": reply({}, headers={"Content-Encoding": "gzip"}),
    "is a page": reply(b"<html>welcome</html>"),
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_submission_that_may_have_arrived_stays_an_intent(
    connect: Connect, serve: Serve, task_instance: FakeTaskInstance, answer: Answer
) -> None:
    server = serve(answer)
    connect(host=server.url, extra={"request_timeout": 0.5})
    assert isinstance(fail(video(), task_instance), KlingSubmissionUnknownError)
    assert phase(task_instance) == "intent"
    posted = len([request for request in server.requests if request.method == "POST"])
    task_instance.retry()
    assert isinstance(fail(video(), task_instance), KlingSubmissionUnknownError)
    assert len([request for request in server.requests if request.method == "POST"]) == posted


@pytest.mark.parametrize("method", [f"{HTTP}.network._Stream.write", f"{HTTP}.network._Stream.read"])
def test_a_try_that_ends_from_the_first_byte_on_stays_an_intent(
    connect: Connect,
    serve: Serve,
    task_instance: FakeTaskInstance,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    connect(host=serve(reply({"code": 0, "data": {"task_id": "t"}})).url)

    def ends(*_: Any, **__: Any) -> None:
        raise AirflowTaskTimeout

    monkeypatch.setattr(method, ends)
    with pytest.raises(AirflowTaskTimeout):
        run(video(), task_instance)
    assert phase(task_instance) == "intent"
