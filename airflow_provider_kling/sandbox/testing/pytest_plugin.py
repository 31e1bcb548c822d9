"""Pytest fixtures with a running sandbox. Pytest loads them when the package is installed.

``kling_sandbox`` is one server for the whole session, reset before each test; it simulates Modellix.
``kling_platform_sandbox`` is the same for Kling's own platform. ``kling_sandbox_factory`` starts others with
other options. The ini options ``kling_sandbox_args`` and ``kling_platform_sandbox_args`` set those of the
two.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from airflow_provider_kling.sandbox.testing.process import Option, SandboxProcess


class SandboxFactory(Protocol):
    """Starts a sandbox with its own options; it stops at the end of the session."""

    def __call__(self, **options: Option) -> SandboxProcess:
        """Start one; the options are those of SandboxProcess."""


# No test waits for a slot or runs out of units, unless it wants to.
_AMPLE = ["video_slots=1000", "image_slots=1000", "video_units=1e6", "image_units=1e6"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini options."""
    parser.addini(
        "kling_sandbox_args",
        "options of the kling_sandbox fixture, as name=value pairs such as: speed=200 tier=1000 cover=true",
        type="args",
        default=["speed=200", "tier=1000"],
    )
    parser.addini(
        "kling_platform_sandbox_args",
        "options of the kling_platform_sandbox fixture, as name=value pairs such as: speed=200 video_slots=5",
        type="args",
        default=["speed=200", *_AMPLE],
    )


@pytest.fixture(scope="session")
def kling_sandbox_factory() -> Iterator[SandboxFactory]:
    """Start sandboxes with other options: ``kling_sandbox_factory(tier="<10", speed=20)``.

    :returns: a function that starts a sandbox with the options of :class:`SandboxProcess`, and returns it.
        The sandbox stops at the end of the session.
    """
    # Imported here: every pytest run loads this module if the package is installed, with the extra or not.
    from airflow_provider_kling.sandbox.testing.process import SandboxProcess

    started: list[SandboxProcess] = []
    with contextlib.ExitStack() as stack:

        def start(**options: Option) -> SandboxProcess:
            started.append(stack.enter_context(SandboxProcess(**options)))
            return started[-1]

        yield start
        for sandbox in started:  # all at the same time; the stack waits for each
            sandbox.terminate()


@pytest.fixture(scope="session")
def _kling_sandbox_server(
    pytestconfig: pytest.Config, kling_sandbox_factory: SandboxFactory
) -> SandboxProcess:
    return kling_sandbox_factory(**_options(pytestconfig.getini("kling_sandbox_args")))


@pytest.fixture(scope="session")
def _kling_platform_sandbox_server(
    pytestconfig: pytest.Config, kling_sandbox_factory: SandboxFactory
) -> SandboxProcess:
    options = _options(pytestconfig.getini("kling_platform_sandbox_args"))
    return kling_sandbox_factory(gateway="kling", **options)


def _options(arguments: list[str]) -> dict[str, Option]:
    pairs = (argument.partition("=") for argument in arguments)
    return {name: {"true": True, "false": False}.get(value, value) for name, _, value in pairs}


@pytest.fixture
def kling_sandbox(_kling_sandbox_server: SandboxProcess) -> SandboxProcess:
    """Return a running sandbox without tasks, faults, uploads or records of earlier tests."""
    _kling_sandbox_server.reset()
    return _kling_sandbox_server


@pytest.fixture
def kling_platform_sandbox(_kling_platform_sandbox_server: SandboxProcess) -> SandboxProcess:
    """Return a running sandbox of Kling's own platform, without tasks, faults or records of earlier tests."""
    _kling_platform_sandbox_server.reset()
    return _kling_platform_sandbox_server
