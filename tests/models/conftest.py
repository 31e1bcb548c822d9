"""A sandbox in which time stands still: submissions are checked, and nothing is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.models.sides import Sandbox

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these tests hold the client against the sandbox."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.contract)


@pytest.fixture(scope="session")
def sandbox(kling_sandbox_factory: Callable[..., SandboxProcess]) -> Iterator[Sandbox]:
    process = kling_sandbox_factory(speed=0.0001, tier="1000", balance=1e9)
    with httpx.Client(trust_env=False) as http:
        yield Sandbox(process, http)
