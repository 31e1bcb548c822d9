"""The hook against the sandbox, over real HTTP."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingError,
    KlingNotFoundError,
    KlingRequestError,
    KlingTaskFailedError,
    KlingTimeoutError,
    KlingUnsupportedError,
)
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.hooks.waiter import PollOutcome, TaskWaiter
from airflow_provider_kling.http.client import AsyncKlingClient, KlingClient
from airflow_provider_kling.http.network import tls_context
from airflow_provider_kling.http.observer import CallInfo, Observer, WaitReason
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.models import VideoO1Request, find_model
from airflow_provider_kling.polling import PollEnd, PollingPlan, PollWindow
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import API_KEY
from tests.gateways.bare import register
from tests.http.raw_server import RawServer, reply

REQUEST = VideoO1Request(prompt="A paper boat", mode="std", duration=5)


@pytest.fixture
def hook(sandbox: SandboxProcess) -> Iterator[KlingHook]:
    with KlingHook() as hook:
        yield hook


@pytest.fixture(scope="module")
def small_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    return file.getvalue()


Method = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> Callable[[KlingHook, str], Method]:
    """Return a method of a hook, or its asynchronous twin, both called synchronously."""

    def twin(hook: KlingHook, name: str) -> Method:
        if request.param == "sync":
            method: Method = getattr(hook, name)
            return method
        coroutine = getattr(hook, f"{name}_async")
        return lambda *arguments, **options: asyncio.run(coroutine(*arguments, **options))

    return twin


Twin = Callable[[KlingHook, str], Method]


# -- generations ----------------------------------------------------------------------------------


@pytest.mark.contract
def test_a_generation_is_submitted_and_followed_to_its_end(hook: KlingHook, twin: Twin) -> None:
    submitted: Task = twin(hook, "submit")(REQUEST)
    assert submitted.status is TaskStatus.PENDING
    finished: Task = twin(hook, "wait_for_task")(submitted.task_id, timeout=60)
    assert finished.task_id == submitted.task_id
    assert twin(hook, "get_task")(submitted.task_id) == finished
    primary = finished.primary("video")
    assert primary is not None
    assert (primary.width, primary.height, primary.duration_s) == (1280, 720, 5.0)


@pytest.mark.contract
def test_extra_parameters_are_sent_with_the_request(
    hook: KlingHook, twin: Twin, sandbox: SandboxProcess
) -> None:
    twin(hook, "submit")(VideoO1Request(prompt="A paper boat"), extra_parameters={"mode": "std"})
    (post,) = sandbox.requests("POST")
    assert post["body"] == {"prompt": "A paper boat", "mode": "std"}


@pytest.mark.contract
def test_what_the_connections_api_version_cannot_express_is_not_sent(
    connect: Callable[..., None], sandbox: SandboxProcess, twin: Twin
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"api_version": "2026-08"})
    with KlingHook() as hook, pytest.raises(KlingRequestError, match="in API version 2026-08"):
        twin(hook, "submit")(VideoO1Request(prompt="x", multi_shot=True, shot_type="intelligence"))
    assert sandbox.requests() == []


@pytest.mark.contract
def test_a_failed_task_raises_with_the_services_reason(
    hook: KlingHook, twin: Twin, sandbox: SandboxProcess
) -> None:
    failed = {"status": "failed", "error": {"code": 77, "message": "melted"}}
    sandbox.faults([{"method": "POST", "action": {"task": failed}}])
    task = twin(hook, "submit")(REQUEST)
    with pytest.raises(KlingTaskFailedError, match="melted") as caught:
        twin(hook, "wait_for_task")(task.task_id, timeout=60)
    assert (caught.value.task_id, caught.value.code) == (task.task_id, "77")


@pytest.mark.contract
def test_a_passed_deadline_says_that_the_task_goes_on(
    hook: KlingHook, twin: Twin, sandbox: SandboxProcess
) -> None:
    running = {"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}
    sandbox.faults([running])
    task = twin(hook, "submit")(REQUEST)
    with pytest.raises(KlingTimeoutError, match="goes on at the service") as caught:
        twin(hook, "wait_for_task")(task.task_id, timeout=0)
    assert caught.value.task_id == task.task_id


@pytest.mark.parametrize("gateway", ["modellix", "kling"])
def test_a_poll_that_fails_is_not_repeated_before_the_next_is_due(
    gateway: str, connect: Callable[..., None], twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[float | None] = []

    def call(client: object, call: object, *, until: float | None = None, **options: object) -> Task:
        ends.append(until)
        return Task(task_id="t", status=TaskStatus.SUCCESS, raw_status="success")

    async def call_async(client: object, poll: object, **options: Any) -> Task:
        return call(client, poll, **options)

    monkeypatch.setattr(KlingClient, "call", call)
    monkeypatch.setattr(AsyncKlingClient, "call", call_async)
    connect(password="key", extra={"gateway": gateway})
    with KlingHook() as hook:
        twin(hook, "wait_for_task")("t", timeout=3600, submitted_at=1000.0)
    assert ends == [0.0], "it is not repeated after 1970"


@pytest.mark.parametrize(
    ("webhook_url", "listens"), [("https://airflow.example/kling/callbacks/kling", True), (None, False)]
)
async def test_polls_are_rarer_only_where_the_service_is_asked_to_report(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, webhook_url: str | None, listens: bool
) -> None:
    heard: list[str] = []

    async def hear(ears: object, own_id: str, window: PollWindow, read: Any) -> Task:
        heard.append(own_id)
        return await read(window)

    async def call(client: object, poll: object, **options: Any) -> Task:
        return Task(task_id="t", status=TaskStatus.SUCCESS, raw_status="success")

    monkeypatch.setattr("airflow_provider_kling.hooks.task_polling.shared_ears", object)
    monkeypatch.setattr("airflow_provider_kling.hooks.task_polling.poll_or_hear", hear)
    monkeypatch.setattr(AsyncKlingClient, "call", call)
    connect(password="key", extra={"gateway": "kling", "webhook_url": webhook_url})
    await KlingHook().wait_for_task_async("t", timeout=3600, submitted_at=1000.0)
    assert heard == (["t"] if listens else [])


@pytest.mark.contract
def test_the_timeout_counts_from_the_submission_where_that_is_known(
    hook: KlingHook, twin: Twin, sandbox: SandboxProcess
) -> None:
    running = {"method": "GET", "times": None, "action": {"task": {"status": "processing"}}}
    sandbox.faults([running])
    task = twin(hook, "submit")(REQUEST)
    with pytest.raises(KlingTimeoutError):
        twin(hook, "wait_for_task")(task.task_id, timeout=3600, submitted_at=1.0)
    assert sandbox.stats()["polls"] == 1


@pytest.mark.contract
def test_an_unknown_task_is_not_found(hook: KlingHook, twin: Twin) -> None:
    with pytest.raises(KlingNotFoundError):
        twin(hook, "get_task")("task-v2v-unknown")


@pytest.mark.contract
def test_submissions_polls_and_waits_are_reported_to_the_hooks_observer(hook: KlingHook, twin: Twin) -> None:
    seen: list[str] = []

    class Recorder(Observer):
        def on_submission(self, call: CallInfo, /) -> None:
            seen.append(call.request)

        def on_poll(self, call: CallInfo, /) -> None:
            seen.append(call.request)

        def on_poll_error(self, _: CallInfo, /, *, error: KlingError) -> None:
            seen.append(type(error).__name__)

        def on_wait(self, _: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
            seen.append(f"{reason} {seconds:.0f} s")

    def waiter(task_id: str) -> TaskWaiter:
        plan = PollingPlan(submitted_at=0.0, deadline=0.0)
        # By its clock no time passes, so a slow machine is not reported as a wait for a turn.
        return TaskWaiter(task_id=task_id, plan=plan, clock=lambda: 1.0)

    hook = KlingHook(conn_id=hook.conn_id, observer=Recorder())
    task = twin(hook, "submit")(REQUEST)
    outcome: PollOutcome = twin(hook, "poll_task")(waiter(task.task_id))
    assert outcome.end in (PollEnd.DEADLINE, PollEnd.FINISHED)
    twin(hook, "poll_task")(waiter("unknown"))
    polled = ["poll 0 s", f"GET /api/v1/tasks/{task.task_id}", "poll 0 s", "KlingNotFoundError"]
    assert seen == ["POST /api/v1/kling/kling-video-o1/async", *polled]


def test_only_what_a_trigger_needs_has_an_asynchronous_twin() -> None:
    coroutines = {name for name, _ in inspect.getmembers(KlingHook, inspect.iscoroutinefunction)}
    public = {name for name in coroutines if not name.startswith("_")}
    assert public - set(dir(KlingHook.__base__)) == {
        "call_async",
        "connection_async",
        "get_task_async",
        "poll_task_async",
        "submit_async",
        "wait_for_task_async",
    }


# -- capabilities ---------------------------------------------------------------------------------


@pytest.mark.contract
def test_the_account_and_the_models_are_read(hook: KlingHook) -> None:
    assert hook.validate_key() is True
    assert hook.balance() == Decimal(100)
    assert "kling/kling-video-o1" in {model.slug for model in hook.list_models()}


@pytest.mark.contract
def test_the_request_log_has_the_newest_submissions(hook: KlingHook) -> None:
    older, newer = hook.submit(REQUEST), hook.submit(REQUEST)
    assert {entry.task_id for entry in hook.request_log()} == {older.task_id, newer.task_id}
    assert [entry.task_id for entry in hook.request_log(entries=1)] == [newer.task_id]


@pytest.mark.contract
def test_the_schema_of_a_model_is_read_without_the_key(hook: KlingHook, sandbox: SandboxProcess) -> None:
    published = hook.fetch_schema("kling/kling-avatar")
    assert published.submit_url == f"{sandbox.url}/api/v1/kling/kling-avatar"
    assert set(published.body["properties"]) == set(find_model("kling-avatar").fields)
    (request,) = sandbox.requests("GET")
    assert "authorization" not in request["headers"]


@pytest.mark.contract
def test_a_model_that_is_not_published_is_not_found(hook: KlingHook) -> None:
    with pytest.raises(KlingNotFoundError, match="Model Not Found"):
        hook.fetch_schema("google/veo-3")


@pytest.mark.contract
def test_a_file_is_stored_listed_used_and_deleted(hook: KlingHook, small_png: bytes) -> None:
    file = hook.upload(small_png, filename="still.png", content_type="image/png")
    assert (file.type, file.filename, file.size) == ("image", "still.png", len(small_png))
    assert [one.file_id for one in hook.list_files()] == [file.file_id]
    request = VideoO1Request(prompt="x", images=[file.url], mode="std", duration=5)
    hook.wait_for_task(hook.submit(request).task_id, timeout=60)
    hook.delete_file(file.file_id)
    assert hook.list_files() == []
    with pytest.raises(KlingNotFoundError):
        hook.delete_file(file.file_id)


EDIT = "prepare a video for an edit"
WITHOUT_CAPABILITY: dict[str, tuple[Callable[[KlingHook], object], str]] = {
    "upload": (lambda hook: hook.upload(b"x", filename="a", content_type="image/png"), "store files"),
    "list_files": (lambda hook: hook.list_files(), "store files"),
    "delete_file": (lambda hook: hook.delete_file("f"), "store files"),
    "identify_faces": (lambda hook: hook.identify_faces(video="https://a.example/a.mp4"), EDIT),
    "init_selection": (lambda hook: hook.init_selection(video_id="7"), EDIT),
    "add_selection": (lambda hook: hook.add_selection("s", frame=0, points=[(0, 0)]), EDIT),
    "delete_selection": (lambda hook: hook.delete_selection("s", frame=0, points=[(0, 0)]), EDIT),
    "clear_selection": (lambda hook: hook.clear_selection("s"), EDIT),
    "preview_selection": (lambda hook: hook.preview_selection("s"), EDIT),
    "balance": (lambda hook: hook.balance(), "tell the account's balance"),
    "validate_key": (lambda hook: hook.validate_key(), "check credentials"),
    "request_log": (lambda hook: hook.request_log(), "list its submissions"),
    "list_models": (lambda hook: hook.list_models(), "list its models"),
    "fetch_schema": (lambda hook: hook.fetch_schema("kling-video-o1"), "publish its models' schemas"),
}


@pytest.mark.parametrize(("use", "purpose"), WITHOUT_CAPABILITY.values(), ids=WITHOUT_CAPABILITY.keys())
def test_what_a_gateway_cannot_do_is_an_error_that_names_it_and_sends_nothing(
    connect: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[KlingHook], object],
    purpose: str,
) -> None:
    register(monkeypatch)
    with RawServer(reply(status=500)) as server:
        connect(host=server.url, login="ak", extra={"gateway": "bare"})
        with KlingHook() as hook, pytest.raises(KlingUnsupportedError) as caught:
            use(hook)
        assert server.connections == 0
    assert (
        str(caught.value)
        == f"The gateway 'bare' of connection 'kling_default' cannot {purpose}. Nothing was sent."
    )
    assert caught.value.retryable is False


def test_a_gateway_without_any_capability_generates_all_the_same(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, twin: Twin
) -> None:
    register(monkeypatch)
    submitted, finished = reply({"id": "t-1", "state": "pending"}), reply({"id": "t-1", "state": "success"})
    with RawServer(submitted, finished) as server:
        connect(host=server.url, login="ak", password="sk", extra={"gateway": "bare", "api_version": "two"})
        with KlingHook() as hook:
            task = twin(hook, "submit")(VideoO1Request(prompt="x"), key="k1")
            done = twin(hook, "wait_for_task")(task.task_id, timeout=0)
    assert (done.task_id, done.status) == ("t-1", TaskStatus.SUCCESS)
    post, get = server.requests
    assert (post.target, post.body) == ("/two/tasks", b'{"prompt":"x","key":"k1"}')
    assert get.target == "/two/tasks/t-1"
    assert post.headers["authorization"] == get.headers["authorization"] == "Bearer ak-sk"


# -- the connection -------------------------------------------------------------------------------


@pytest.mark.contract
def test_a_rejected_key_is_an_authentication_error_that_does_not_quote_it(
    sandbox: SandboxProcess, connect: Callable[..., None], twin: Twin
) -> None:
    connect(host=sandbox.url, password="sk-wrong-key")
    with KlingHook() as hook, pytest.raises(KlingAuthenticationError) as caught:
        twin(hook, "get_task")("t")
    assert "sk-wrong-key" not in str(caught.value)


@pytest.mark.contract
def test_testing_the_connection_costs_nothing(hook: KlingHook, sandbox: SandboxProcess) -> None:
    assert hook.test_connection() == (True, "The key is valid; the account's balance is 100.00 USD.")
    assert [entry["path"] for entry in sandbox.requests()] == ["/api/v1/team/balance"]


@pytest.mark.contract
def test_testing_a_bad_connection_says_why(connect: Callable[..., None], sandbox: SandboxProcess) -> None:
    connect(host=sandbox.url, password="sk-wrong-key")
    accepted, message = KlingHook().test_connection()
    assert not accepted
    assert message.startswith("The service does not accept the key. ")
    assert "sk-wrong-key" not in message
    connect(host="http://127.0.0.1:9")
    reached, message = KlingHook().test_connection()
    assert not reached
    assert "did not reach" in message
    assert API_KEY not in message


@pytest.mark.parametrize(
    "environment",
    [
        {"all_proxy": "socks://127.0.0.1:1"},
        {"https_proxy": "nonsense://127.0.0.1:1"},
        {"https_proxy": "http://[::1"},
        {"SSL_CERT_FILE": "/nowhere/certificates.pem"},
    ],
    ids=str,
)
def test_testing_a_connection_names_what_of_the_environment_cannot_be_used(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    connect(host="https://api.example.com")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tls_context.cache_clear()
    try:
        reached, message = KlingHook().test_connection()
    finally:
        tls_context.cache_clear()
    assert not reached
    assert all(name.lower() in message.lower() for name in environment)
    assert API_KEY not in message


def test_testing_a_connection_of_a_service_without_free_calls_checks_its_parts_only(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch)
    connect(login="ak", extra={"gateway": "bare"})
    complete, message = KlingHook().test_connection()
    assert complete
    assert "no free call that tests the key" in message
    connect(extra={"gateway": "bare"})
    complete, message = KlingHook().test_connection()
    assert not complete
    assert "login: is required" in message


@pytest.mark.contract
def test_the_webhook_url_is_sent_with_the_submission(
    sandbox: SandboxProcess, connect: Callable[..., None], twin: Twin
) -> None:
    extra = {"webhook_url": "https://example.com/hook"}
    connect(host=sandbox.url, password=sandbox.api_key, extra=extra)
    with KlingHook() as hook:
        twin(hook, "submit")(REQUEST)
    (post,) = sandbox.requests("POST")
    assert post["headers"]["x-webhook-url"] == "https://example.com/hook"


@pytest.mark.contract
def test_requests_name_the_package_airflow_and_python(hook: KlingHook, sandbox: SandboxProcess) -> None:
    hook.balance()
    (get,) = sandbox.requests()
    agent = get["headers"]["user-agent"]
    assert [part.partition("/")[0] for part in agent.split()] == [
        "airflow-provider-kling",
        "apache-airflow",
        "python",
    ]


def test_a_hook_looks_its_connection_up_once(
    connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(host="https://first.example")
    hook = KlingHook()
    assert hook.connection.client.base_url == "https://first.example"
    connect(host="https://second.example")
    assert hook.connection is asyncio.run(hook.connection_async())
    assert asyncio.run(KlingHook().connection_async()).client.base_url == "https://second.example"


@pytest.mark.contract
def test_a_closed_hook_can_be_used_again(hook: KlingHook) -> None:
    hook.balance()
    first = hook.get_conn()
    hook.close()
    assert hook.balance() == Decimal(100)
    assert hook.get_conn() is not first
