"""A client of the sandbox, written from the documents: plain HTTP, without the package's own client."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.sandbox.connected import fresh
from tests.sandbox.paths import FILES, O1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of these tests: they start servers and encode videos, so they take seconds."""
    for item in items:
        if item.nodeid.startswith("tests/sandbox/"):
            item.add_marker(pytest.mark.contract)


# The fastest video to render with April's fields; 5 s of 720p cost $0.0869 each in August 2026.
VIDEO_BODY = {"prompt": "a lighthouse in the fog", "mode": "std", "duration": 5, "aspect_ratio": "1:1"}
PRICE = 0.4345
# The fastest with August's fields.
T2V_BODY = {"prompt": "a lighthouse in the fog", "duration": 3, "aspect_ratio": "1:1"}


@dataclass(frozen=True)
class Client:
    """Submits and polls with a valid key."""

    http: httpx.Client
    sandbox: SandboxProcess

    def submit(self, body: Any, path: str = O1, **headers: str) -> httpx.Response:
        return self.http.post(path, content=json.dumps(body), headers=headers)

    def submitted(self, body: Any, path: str = O1) -> str:
        response = self.submit(body, path)
        assert response.status_code == 200, response.text
        return response.json()["data"]["task_id"]

    def poll(self, task_id: str) -> httpx.Response:
        return self.http.get(f"/api/v1/tasks/{task_id}")

    def state(self, task_id: str) -> dict[str, Any]:
        return self.poll(task_id).json()["data"]

    def upload(self, data: bytes, filename: str = "still.png", part: str = "file") -> httpx.Response:
        return self.http.post(FILES, files={part: (filename, data, "application/octet-stream")})

    def uploaded(self, data: bytes, filename: str = "still.png") -> dict[str, Any]:
        response = self.upload(data, filename)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def finished(self, body: Any, path: str = O1) -> dict[str, Any]:
        """Submit, move the clock, and return the final state."""
        task_id = self.submitted(body, path)
        self.sandbox.advance(600)
        return self.state(task_id)


def connected(sandbox: SandboxProcess) -> Iterator[Client]:
    with fresh(sandbox) as http:
        yield Client(http, sandbox)


@contextlib.contextmanager
def started(*options: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Run the command; it is killed at the end, whatever the test finds."""
    command = [sys.executable, "-m", "airflow_provider_kling.sandbox", "--port=0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how) as server:
        try:
            yield server
        finally:
            server.kill()


def announced_url(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    line = server.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    return line.removeprefix("listening on ").strip()


@pytest.fixture
def client(kling_sandbox: SandboxProcess) -> Iterator[Client]:
    """A client of the fixture that users get."""
    yield from connected(kling_sandbox)


@pytest.fixture(scope="session")
def lifelike_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(speed=1, tier="10", retired="served")


@pytest.fixture
def lifelike(lifelike_process: SandboxProcess) -> Iterator[Client]:
    """A client of a sandbox at real speed: nothing happens unless the clock is moved."""
    yield from connected(lifelike_process)


@pytest.fixture(scope="session")
def april_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(
        speed=1,
        api_version="2026-04",
        allow_unknown_fields=True,
        cover=True,
        result_ttl=3600,
        balance=1,
        retired="served",
    )


@pytest.fixture
def april_only(april_process: SandboxProcess) -> Iterator[Client]:
    """A service of April: unknown fields, covers, results for an hour, a balance for two videos."""
    yield from connected(april_process)


@pytest.fixture(scope="session")
def august_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(
        speed=1, api_version="2026-08", tier="<10", optional_fields="none", retired="served"
    )


@pytest.fixture
def august_only(august_process: SandboxProcess) -> Iterator[Client]:
    """A service of August: two concurrent tasks, and responses without optional fields."""
    yield from connected(august_process)


@pytest.fixture(scope="session")
def small_image() -> str:
    """An image smaller than every documented minimum, in Base64."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
