"""The receiver in the API server: it believes only the services, and answers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from airflow_provider_kling.plugins.callbacks import MOST_BYTES, make_app
from tests.gateways.kling.test_callbacks import AT, BODY, ID, OTHER, SECRET, SIGNATURE, signed

PATH_SECRET = "a-secret-of-the-address"
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
Post = Callable[..., int]


@pytest.fixture
def reports() -> list[str]:
    """The tasks that were passed on."""
    return []


@pytest.fixture
def post(reports: list[str]) -> Post:
    """Post a callback; return the status of the answer."""
    app = make_app(secrets=[SECRET, PATH_SECRET], report=reports.append, clock=lambda: AT)
    client = TestClient(app, raise_server_exceptions=False)

    def send(path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
        return client.post(path, content=body, headers=headers).status_code

    return send


def test_a_signed_report_of_an_end_is_passed_on(post: Post, reports: list[str]) -> None:
    assert post("/kling", BODY, HEADERS) == 200
    assert reports == ["1234567890"]


def test_a_report_to_the_address_with_the_secret_is_passed_on(post: Post, reports: list[str]) -> None:
    body = b'{"code": 0, "data": {"task_id": "task-1", "status": "failed"}}'
    assert post(f"/modellix/{PATH_SECRET}", body) == 200
    assert reports == ["task-1"]


def test_a_report_that_comes_again_is_answered_and_not_passed_on_again(
    post: Post, reports: list[str]
) -> None:
    assert [post("/kling", BODY, HEADERS) for _ in range(3)] == [200, 200, 200]
    assert reports == ["1234567890"]


def test_a_report_that_could_not_be_passed_on_is_when_it_comes_again() -> None:
    passed_on: list[str] = []

    def report(task_id: str) -> None:
        passed_on.append(task_id)
        if len(passed_on) == 1:
            raise OSError("the database is away")

    app = make_app(secrets=[SECRET], report=report, clock=lambda: AT)
    client = TestClient(app)
    assert [client.post("/kling", content=BODY, headers=HEADERS).status_code for _ in range(3)] == [200] * 3
    assert passed_on == ["1234567890"] * 2


def test_a_report_of_a_task_that_runs_is_answered_and_not_passed_on(post: Post, reports: list[str]) -> None:
    body = b'{"id": "7", "status": "processing"}'
    assert post("/kling", body, {**HEADERS, "webhook-signature": signed(body)}) == 200
    assert reports == []


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/kling", {}, 403),
        ("/kling", {**HEADERS, "webhook-signature": signed(BODY, secret=OTHER)}, 403),
        (f"/kling/{PATH_SECRET}", {}, 403),
        ("/modellix", HEADERS, 403),
        (f"/modellix/{SECRET[:-1]}", {}, 403),
        ("/nobody", HEADERS, 404),
        ("/../kling", HEADERS, 200),
        ("/kling/a/b", HEADERS, 404),
        ("/", HEADERS, 404),
    ],
)
def test_nobody_else_is_believed(
    post: Post, reports: list[str], path: str, headers: dict[str, str], status: int
) -> None:
    assert post(path, BODY, headers) == status
    assert reports == (["1234567890"] if status == 200 else [])


def test_a_body_that_is_too_long_is_not_read_to_its_end(post: Post, reports: list[str]) -> None:
    assert post("/kling", b"x" * (MOST_BYTES + 1), HEADERS) == 413
    assert reports == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/kling"])
def test_nothing_can_be_read_there(path: str) -> None:
    client = TestClient(make_app(secrets=[SECRET], report=lambda task_id: None))
    assert client.get(path).status_code in (404, 405)


def test_the_answer_does_not_wait_for_the_report_and_survives_its_failure() -> None:
    threads = []

    def report(task_id: str) -> None:
        threads.append(threading.current_thread())
        raise OSError("the database is down")

    client = TestClient(make_app(secrets=[SECRET], report=report, clock=lambda: AT))
    assert client.post("/kling", content=BODY, headers=HEADERS).status_code == 200
    assert threads
    assert threads[0] is not threading.main_thread()


def test_without_secrets_nobody_is_believed() -> None:
    client = TestClient(make_app(secrets=[], report=lambda task_id: None, clock=lambda: AT))
    assert client.post("/kling", content=BODY, headers=HEADERS).status_code == 403
    assert client.post("/modellix/", content=BODY).status_code in (403, 404)
