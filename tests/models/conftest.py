"""A sandbox in which submissions are checked and nothing is ever rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.models.implementations import Sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that compare the client with the sandbox over HTTP."""
    for item in items:
        if item.nodeid.startswith("tests/models/"):
            fixtures = getattr(item, "fixturenames", ())
            if {"sandbox", "kling_sandbox_factory"}.intersection(fixtures):
                item.add_marker(pytest.mark.contract)


@pytest.fixture(scope="session")
def sandbox(kling_sandbox_factory: Callable[..., SandboxProcess]) -> Iterator[Sandbox]:
    process = kling_sandbox_factory(speed=0.0001, tier="1000", balance=1e9, retired="served")
    with httpx.Client(trust_env=False) as http:
        yield Sandbox(process, http)
