"""Pytest fixtures that give a test a running sandbox; pytest loads them once the package is installed.

``kling_sandbox`` is one server for the whole session, emptied before each test; ``kling_sandbox_factory``
starts others with other options. The ini option ``kling_sandbox_args`` sets the options of ``kling_sandbox``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from airflow_provider_kling.sandbox.process import Option, SandboxProcess


class SandboxFactory(Protocol):
    """Starts a sandbox with options of its own; it ends with the session."""

    def __call__(self, **options: Option) -> SandboxProcess:
        """Start one; options as for SandboxProcess."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini option."""
    parser.addini(
        "kling_sandbox_args",
        "options of the kling_sandbox fixture, as name=value pairs such as: speed=200 tier=1000 cover=true",
        type="args",
        default=["speed=200", "tier=1000"],
    )


@pytest.fixture(scope="session")
def kling_sandbox_factory() -> Iterator[SandboxFactory]:
    """Start sandboxes with other options: ``kling_sandbox_factory(tier="<10", speed=20)``."""
    # Imported here: every pytest run loads this module where the package is installed, extra or not.
    from airflow_provider_kling.sandbox.process import SandboxProcess

    started: list[SandboxProcess] = []
    with contextlib.ExitStack() as stack:

        def start(**options: Option) -> SandboxProcess:
            started.append(stack.enter_context(SandboxProcess(**options)))
            return started[-1]

        yield start
        for sandbox in started:  # all at once; the stack waits for each
            sandbox.terminate()


@pytest.fixture(scope="session")
def _kling_sandbox_server(
    pytestconfig: pytest.Config, kling_sandbox_factory: SandboxFactory
) -> SandboxProcess:
    pairs = (argument.partition("=") for argument in pytestconfig.getini("kling_sandbox_args"))
    return kling_sandbox_factory(
        **{name: {"true": True, "false": False}.get(value, value) for name, _, value in pairs}
    )


@pytest.fixture
def kling_sandbox(_kling_sandbox_server: SandboxProcess) -> SandboxProcess:
    """Give a running sandbox that remembers nothing of earlier tests."""
    _kling_sandbox_server.reset()
    return _kling_sandbox_server
