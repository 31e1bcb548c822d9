"""The hook against the sandbox, over real HTTP."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingNotFoundError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.models import VideoO1Request, find_model
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.conftest import API_KEY

pytestmark = pytest.mark.contract

REQUEST = VideoO1Request(prompt="A paper boat", mode="std", duration=5)


@pytest.fixture
def hook(kling_sandbox: SandboxProcess, connect: Callable[..., None]) -> Iterator[KlingHook]:
    connect(host=kling_sandbox.url, password=kling_sandbox.api_key)
    with KlingHook() as hook:
        yield hook


@pytest.fixture(scope="module")
def small_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, hook: KlingHook) -> Callable[..., Any]:
    """Call a method of the hook, or its asynchronous twin."""

    def call(name: str, *arguments: Any, **options: Any) -> Any:
        if request.param == "sync":
            return getattr(hook, name)(*arguments, **options)
        twin = getattr(hook, {"wait": "await_"}.get(name, f"a{name}"))
        return asyncio.run(twin(*arguments, **options))

    return call


def test_a_generation_is_submitted_and_followed_to_its_end(call: Callable[..., Any]) -> None:
    submitted: Task = call("submit", REQUEST)
    assert submitted.status is TaskStatus.PENDING
    finished: Task = call("wait", submitted.task_id, timeout=60)
    assert finished.task_id == submitted.task_id
    primary = finished.primary("video")
    assert primary is not None
    assert (primary.width, primary.height, primary.duration_s) == (1280, 720, 5.0)


def test_the_accounts_facts_are_read(call: Callable[..., Any]) -> None:
    assert call("validate_key") is True
    assert call("balance") == Decimal(100)
    assert "kling/kling-video-o1" in {model.slug for model in call("list_models")}


def test_what_is_published_of_a_model_is_read_without_the_key(
    call: Callable[..., Any], kling_sandbox: SandboxProcess
) -> None:
    published = call("fetch_schema", "kling/kling-avatar")
    assert published.submit_url == f"{kling_sandbox.url}/api/v1/kling/kling-avatar"
    assert set(published.body["properties"]) == set(find_model("kling-avatar").fields)
    (request,) = kling_sandbox.requests("GET")
    assert "authorization" not in request["headers"]


def test_a_model_of_which_nothing_is_published_is_not_found(call: Callable[..., Any]) -> None:
    with pytest.raises(KlingNotFoundError, match="Model Not Found"):
        call("fetch_schema", "google/veo-3")


def test_a_file_is_left_listed_used_and_deleted(
    call: Callable[..., Any], kling_sandbox: SandboxProcess, small_png: bytes
) -> None:
    file = call("upload", small_png, filename="still.png", content_type="image/png")
    assert (file.type, file.filename, file.size) == ("image", "still.png", len(small_png))
    assert [one.file_id for one in call("list_files")] == [file.file_id]
    request = VideoO1Request(prompt="x", images=[file.url], mode="std", duration=5)
    call("wait", call("submit", request).task_id, timeout=60)
    call("delete_file", file.file_id)
    assert call("list_files") == []
    with pytest.raises(KlingNotFoundError):
        call("delete_file", file.file_id)


def test_a_failed_task_raises_with_the_services_reason(
    call: Callable[..., Any], kling_sandbox: SandboxProcess
) -> None:
    kling_sandbox.faults(
        [
            {
                "method": "POST",
                "action": {"task": {"status": "failed", "error": {"code": 77, "message": "melted"}}},
            }
        ]
    )
    task = call("submit", REQUEST)
    with pytest.raises(KlingTaskFailedError, match="melted") as failed:
        call("wait", task.task_id, timeout=60)
    assert (failed.value.task_id, failed.value.code) == (task.task_id, "77")


def test_a_passed_deadline_says_that_the_task_goes_on(
    call: Callable[..., Any],
    kling_sandbox_factory: Callable[..., SandboxProcess],
    connect: Callable[..., None],
) -> None:
    task = call("submit", REQUEST)
    with pytest.raises(KlingTimeoutError, match="goes on at the service") as late:
        # The look at the deadline comes before the sandbox can be done: no time has passed.
        call("wait", task.task_id, timeout=0)
    assert late.value.task_id == task.task_id


def test_an_unknown_task_is_not_found(call: Callable[..., Any]) -> None:
    with pytest.raises(KlingNotFoundError):
        call("get_task", "task-v2v-unknown")


def test_a_refused_key_is_an_authentication_error_that_does_not_quote_it(
    call: Callable[..., Any], kling_sandbox: SandboxProcess, connect: Callable[..., None]
) -> None:
    connect(host=kling_sandbox.url, password="sk-wrong-key")
    with pytest.raises(KlingAuthenticationError) as refused:
        call("balance")
    assert "sk-wrong-key" not in str(refused.value)
    assert call("validate_key") is False


def test_testing_the_connection_costs_nothing(hook: KlingHook, kling_sandbox: SandboxProcess) -> None:
    assert hook.test_connection() == (True, "The API key is valid; the team's balance is $100.00.")
    paths = {entry["path"] for entry in kling_sandbox.requests()}
    assert paths == {"/api/v1/apikey/validate", "/api/v1/team/balance"}


def test_testing_a_bad_connection_says_why(
    connect: Callable[..., None], kling_sandbox: SandboxProcess
) -> None:
    connect(host=kling_sandbox.url, password="sk-wrong-key")
    assert KlingHook().test_connection() == (False, "The service does not accept the API key.")
    connect(host="http://127.0.0.1:9")
    reached, message = KlingHook().test_connection()
    assert not reached
    assert "did not reach" in message
    assert API_KEY not in message


def test_the_webhook_url_goes_out_with_the_submission(
    kling_sandbox: SandboxProcess, connect: Callable[..., None]
) -> None:
    connect(
        host=kling_sandbox.url,
        password=kling_sandbox.api_key,
        extra={"webhook_url": "https://example.com/hook"},
    )
    with KlingHook() as hook:
        hook.submit(REQUEST)
    (post,) = kling_sandbox.requests("POST")
    assert post["headers"]["x-webhook-url"] == "https://example.com/hook"


def test_requests_name_the_package_airflow_and_python(hook: KlingHook, kling_sandbox: SandboxProcess) -> None:
    hook.balance()
    (get,) = kling_sandbox.requests()
    agent = get["headers"]["user-agent"]
    assert [part.partition("/")[0] for part in agent.split()] == [
        "airflow-provider-kling",
        "apache-airflow",
        "python",
    ]
