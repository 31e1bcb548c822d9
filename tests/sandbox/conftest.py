"""A client of the sandbox, written from the documents: plain HTTP, nothing of the package's own client."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.process import SandboxProcess

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests are the contract's other side: they take servers and encoded clips, not milliseconds."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.contract)


FILES = "/api/v1/media/files"
O1 = "/api/v1/kling/kling-video-o1"
# The cheapest clip to make under the April contract; 5 s of 720p cost $0.0869 each in August 2026.
CLIP = {"prompt": "a lighthouse in the fog", "mode": "std", "duration": 5, "aspect_ratio": "1:1"}
PRICE = 0.4345
# The cheapest under the August contract.
T2V = f"{O1}-t2v"
TEXT = {"prompt": "a lighthouse in the fog", "duration": 3, "aspect_ratio": "1:1"}


@dataclass(frozen=True)
class Client:
    """Submits and polls with a valid key."""

    http: httpx.Client
    sandbox: SandboxProcess

    def submit(self, body: Any, path: str = f"{O1}/async", **headers: str) -> httpx.Response:
        return self.http.post(path, content=json.dumps(body), headers=headers)

    def submitted(self, body: Any, path: str = f"{O1}/async") -> str:
        answer = self.submit(body, path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["task_id"]

    def poll(self, task_id: str) -> httpx.Response:
        return self.http.get(f"/api/v1/tasks/{task_id}")

    def state(self, task_id: str) -> dict[str, Any]:
        return self.poll(task_id).json()["data"]

    def upload(self, data: bytes, filename: str = "still.png", part: str = "file") -> httpx.Response:
        return self.http.post(FILES, files={part: (filename, data, "application/octet-stream")})

    def uploaded(self, data: bytes, filename: str = "still.png") -> dict[str, Any]:
        answer = self.upload(data, filename)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def finished(self, body: Any, path: str = f"{O1}/async") -> dict[str, Any]:
        """Submit, pass the time, and return the final state."""
        task_id = self.submitted(body, path)
        self.sandbox.advance(600)
        return self.state(task_id)


def connected(sandbox: SandboxProcess) -> Iterator[Client]:
    sandbox.reset()
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False, timeout=30) as http:
        yield Client(http, sandbox)


@contextlib.contextmanager
def started(*options: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Run the command; whatever the test finds, it does not run on."""
    command = [sys.executable, "-m", "airflow_provider_kling.sandbox", "--port=0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how) as server:
        try:
            yield server
        finally:
            server.kill()


def announced(server: subprocess.Popen[str]) -> str:
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
    return kling_sandbox_factory(speed=1, tier="10")


@pytest.fixture
def lifelike(lifelike_process: SandboxProcess) -> Iterator[Client]:
    """A client of a sandbox where nothing happens unless the clock is moved."""
    yield from connected(lifelike_process)


@pytest.fixture(scope="session")
def april_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(
        speed=1, contract="2026-04", allow_unknown_fields=True, cover=True, result_ttl=3600, balance=1
    )


@pytest.fixture
def april(april_process: SandboxProcess) -> Iterator[Client]:
    """A client of a service of April: lenient, a cover in front, results for an hour, money for two clips."""
    yield from connected(april_process)


@pytest.fixture(scope="session")
def august_process(kling_sandbox_factory) -> SandboxProcess:
    return kling_sandbox_factory(speed=1, contract="2026-08", tier="<10", optional_fields="none")


@pytest.fixture
def august(august_process: SandboxProcess) -> Iterator[Client]:
    """A client of a service of August: two tasks at a time, and answers with nothing optional in them."""
    yield from connected(august_process)


@pytest.fixture(scope="session")
def small_image() -> str:
    """A picture below every documented size, in Base64."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
