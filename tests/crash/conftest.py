"""One Airflow for all crashes. What can run side by side starts together, before the first test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.service import connection_json
from tests.crash.cases import CASES, Case
from tests.crash.lab import HELD, ROOM, SCENES, SLOTS, Doorkeeper, Lab
from tests.crash.ledger import Row, table
from tests.crash.trial import Trial
from tests.crash.watcher import Watcher

DAGS = Path(__file__).with_name("dags")
ROWS = pytest.StashKey[list[Row]]()

SETTINGS = {
    "CORE__PARALLELISM": "8",
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
}

# Faults hit whoever comes first, so a run that is to be hit has a sandbox to itself.
SANDBOXES: dict[str, dict[str, str | int]] = {
    "kling_default": {"tier": "1000", "speed": 20},
    "kling_tier_10": {"tier": "10", "speed": HELD},
    "kling_lossy": {"tier": "1000", "speed": 20},
    "kling_failing": {"tier": "1000", "speed": 20},
}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("what the crashes led to")
        for line in table(rows, airflow=airflow_version):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest) -> list[Row]:
    """The rows of the table that ends the run."""
    return request.config.stash[ROWS]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("crash")
    shutil.copytree(DAGS, folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    with contextlib.ExitStack() as running:
        sandboxes = {
            conn_id: running.enter_context(SandboxProcess(**options))
            for conn_id, options in SANDBOXES.items()
        }
        connections = {
            f"AIRFLOW_CONN_{conn_id.upper()}": connection_json(api_key=sandbox.api_key, url=sandbox.url)
            for conn_id, sandbox in sandboxes.items()
        }
        stack = running.enter_context(
            AirflowStack(
                home=folder / "home", dags_folder=folder / "dags", env=connections, settings=SETTINGS
            )
        )
        stack.api.create_pool("three", slots=SLOTS)
        yield Lab(stack=stack, folder=folder, sandboxes=sandboxes)


SIDE_BY_SIDE = ("scenes", "killed", "lost", "failed", "marked", "cleared")


@pytest.fixture(scope="session", autouse=True)
def _start_together(request: pytest.FixtureRequest) -> None:
    """Start the runs that the chosen tests look at, so that none waits for another's test."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in SIDE_BY_SIDE:
        if name in wanted:
            request.getfixturevalue(name)


@pytest.fixture(scope="session")
def killed(lab: Lab) -> dict[Case, Trial]:
    """A run for each point at which the task's process dies."""
    return {case: lab.start(f"killed_{case.mode}", point=case.point) for case in CASES}


@pytest.fixture(scope="session")
def scenes(lab: Lab) -> Iterator[Watcher]:
    """A mapped task with more clips than the service or the workers have room for."""
    door = Doorkeeper(lab.sandboxes["kling_tier_10"], room=ROOM, guests=SCENES)
    with Watcher(lab.start("scenes", conn_id="kling_tier_10"), then=door.look) as watcher:
        yield watcher


@pytest.fixture(scope="session")
def lost(lab: Lab) -> Trial:
    """A run whose submission takes effect, and whose answer is lost."""
    lab.sandboxes["kling_lossy"].faults([{"method": "POST", "action": {"drop": "after"}}])
    return lab.start("plain", conn_id="kling_lossy")


@pytest.fixture(scope="session")
def failed(lab: Lab) -> Trial:
    """A run whose first generation the service fails."""
    failure = {"task": {"status": "failed", "error": {"code": "InternalError", "message": "melted"}}}
    lab.sandboxes["kling_failing"].faults([{"method": "POST", "action": failure}])
    return lab.start("plain", conn_id="kling_failing")


@pytest.fixture(scope="session")
def marked(lab: Lab) -> Iterator[Trial]:
    """A deferred run, for a person to mark failed."""
    with lab.held() as trial:
        yield trial


@pytest.fixture(scope="session")
def cleared(lab: Lab) -> Iterator[Trial]:
    """A deferred run, for a person to clear."""
    with lab.held() as trial:
        yield trial
