"""What the tests of the operators share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.operators.harness import look_often


@pytest.fixture
def sandbox(
    kling_sandbox: SandboxProcess, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> SandboxProcess:
    """A sandbox that the connection leads to, and waiting that takes no longer than it does."""
    connect(host=kling_sandbox.url, password=kling_sandbox.api_key)
    look_often(monkeypatch)
    return kling_sandbox
