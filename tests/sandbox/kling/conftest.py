"""A client of Kling's platform, written from the documents: plain HTTP, without the package's own client."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.sandbox.connected import fresh

TURBO = "/text-to-video/kling-3.0-turbo"
IMAGES = "/v1/images/generations"
T2V = "/v1/videos/text2video"
# What is rendered the fastest.
VIDEO_BODY = {"prompt": "a lighthouse", "settings": {"duration": 3, "aspect_ratio": "1:1"}}
IMAGE_BODY = {"prompt": "a lighthouse", "aspect_ratio": "1:1"}
LEGACY_BODY = {"model_name": "kling-v3", "prompt": "a lighthouse", "duration": "3", "aspect_ratio": "1:1"}


# Nothing happens by itself while a test runs, on a slow machine neither; everything ends within this time.
SLOW = 0.05
LONG_S = 36_000


@dataclass(frozen=True)
class Client:
    """Creates and reads tasks with a valid key."""

    http: httpx.Client
    sandbox: SandboxProcess

    def create(self, path: str = TURBO, body: Any = VIDEO_BODY, **more: Any) -> httpx.Response:
        return self.http.post(path, json=body | more)

    def created(self, path: str = TURBO, body: Any = VIDEO_BODY, **more: Any) -> str:
        """Return the id of a new task."""
        response = self.create(path, body, **more)
        assert response.status_code == 200, response.text
        data = response.json()["data"]
        return str(data.get("id") or data["task_id"])

    def tasks(self, *ids: str, external: bool = False) -> list[dict[str, Any]]:
        key = "external_task_ids" if external else "task_ids"
        response = self.http.get("/tasks", params={key: ",".join(ids)})
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["data"]
        return found

    def task(self, task_id: str) -> dict[str, Any]:
        (task,) = self.tasks(task_id)
        return task

    def finished(self, path: str = TURBO, body: Any = VIDEO_BODY, **more: Any) -> dict[str, Any]:
        """Create a task, move the clock, and return it as /tasks shows it."""
        task_id = self.created(path, body, **more)
        self.sandbox.advance(LONG_S)
        return self.task(task_id)

    def legacy(self, path: str, task_id: str) -> dict[str, Any]:
        response = self.http.get(f"{path}/{task_id}")
        assert response.status_code == 200, response.text
        task: dict[str, Any] = response.json()["data"]
        return task

    def legacy_finished(self, path: str, body: Any, **more: Any) -> dict[str, Any]:
        task_id = self.created(path, body, **more)
        self.sandbox.advance(LONG_S)
        return self.legacy(path, task_id)

    def called(self, path: str, body: Any) -> dict[str, Any]:
        response = self.http.post(path, json=body)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        response = self.http.post("/_sandbox/clock", json={"advance_s": 0})
        return float(response.json()["now"])

    def token(self, **claims: Any) -> str:
        """Return a token of the account."""
        now = self.now()
        signed = {"iss": self.sandbox.access_key, "exp": now + 1800, "nbf": now - 5} | claims
        return jwt.encode(signed, self.sandbox.secret_key, "HS256")


def error(response: httpx.Response) -> tuple[int, int, str]:
    """Return status, code and message of a rejection."""
    body = response.json()
    return response.status_code, body["code"], body["message"]


def connected(sandbox: SandboxProcess) -> Iterator[Client]:
    with fresh(sandbox) as http:
        yield Client(http, sandbox)


@pytest.fixture(scope="session")
def lifelike_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(
        gateway="kling",
        speed=SLOW,
        video_slots=1000,
        image_slots=1000,
        video_units=1e6,
        image_units=1e6,
        webhook_secret="whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=",
    )


@pytest.fixture
def client(lifelike_process: SandboxProcess) -> Iterator[Client]:
    """A client of a sandbox that is slow: nothing happens unless the clock is moved."""
    yield from connected(lifelike_process)


@pytest.fixture(scope="session")
def trial_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(
        gateway="kling", speed=SLOW, video_units=10, read_lag=30, failed_frees_external_id=True
    )


@pytest.fixture
def trial(trial_process: SandboxProcess) -> Iterator[Client]:
    """The slots of the trial packs, ten units for videos, and other answers to what is not established."""
    yield from connected(trial_process)


def picture(size: tuple[int, int] = (400, 400)) -> str:
    """Return an image in Base64."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


PICTURE = picture()
