"""One Airflow for all crashes. What can run side by side starts together, before the first test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__ as airflow_version

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack
from dev.service import sandbox_connection
from dev.waiting import PATIENCE_S
from tests.crash.cases import CASES, LOST_ANSWERS, PLATFORM_CASES, Case
from tests.crash.clears import CLEAR_CASES, CONNECTIONS, ClearCase, State
from tests.crash.harness import CAPACITY, SCENES, SLOTS, CapacityDriver, Harness
from tests.crash.monitor import StateMonitor
from tests.crash.report import Row, table
from tests.crash.scenario import Scenario
from tests.e2e.held import HELD

HERE = Path(__file__).parent
ROWS = pytest.StashKey[list[Row]]()

SETTINGS = {
    **PATIENT,
    "CORE__PARALLELISM": "8",
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    # The other triggerer takes over this soon. One that only seems dead because the machine is slow goes on
    # beside it, and two that wait for the same task do no harm.
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
}

PLATFORM = {"gateway": "kling", "video_slots": 1000, "video_units": 100_000, "speed": 20}

# Faults hit the request that comes first, and counts are of all requests: each purpose has its own sandbox.
SANDBOXES: dict[str, dict[str, Any]] = {
    "kling_killed": {"tier": "1000", "speed": 20},
    "kling_tier_10": {"tier": "10", "speed": HELD},
    "kling_lossy": {"tier": "1000", "speed": 20},
    "kling_failing": {"tier": "1000", "speed": 20},
    "kling_cleared": {"tier": "1000", "speed": 20},
    "kling_cleared_running": {"tier": "1000", "speed": HELD},
    "kling_cleared_unknown": {"tier": "1000", "speed": 20},
    "kling_platform_killed": PLATFORM,
    "kling_platform_lossy": PLATFORM,
}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test waits for several things, one after another; pytest is to end none that still may go on."""
    for item in items:
        if item.nodeid.startswith("tests/crash/"):
            item.add_marker(pytest.mark.crash)
            item.add_marker(pytest.mark.timeout(4 * PATIENCE_S))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("what the crashes led to")
        for line in table(rows, airflow=airflow_version):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> list[Row]:
    """The rows of the table that ends the run."""
    return request.config.stash[ROWS]


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("crash"), sandboxes=SANDBOXES, settings=SETTINGS) as running:
        running.stack.api.create_pool("three", slots=SLOTS)
        yield running


@pytest.fixture
def lonely_harness(tmp_path: Path) -> Iterator[Harness]:
    """A harness of a test's own, which may end what would end other tests' tasks, too."""
    settings = {**SETTINGS, "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30"}
    with running_harness(tmp_path, sandboxes={}, settings=settings) as running:
        yield running


@contextlib.contextmanager
def running_harness(
    folder: Path, *, sandboxes: Mapping[str, dict[str, Any]], settings: Mapping[str, str]
) -> Iterator[Harness]:
    shutil.copytree(HERE / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    with contextlib.ExitStack() as running:
        started = {
            conn_id: running.enter_context(SandboxProcess(**options))
            for conn_id, options in sandboxes.items()
        }
        connections = {
            f"AIRFLOW_CONN_{conn_id.upper()}": sandbox_connection(
                sandbox, gateway=sandboxes[conn_id].get("gateway", "modellix")
            )
            for conn_id, sandbox in started.items()
        }
        stack = running.enter_context(
            AirflowStack(
                home=folder / "home", dags_folder=folder / "dags", env=connections, settings=settings
            )
        )
        yield Harness(stack=stack, folder=folder, sandboxes=started)


SIDE_BY_SIDE = (
    *("scenes", "killed", "lost", "failed", "marked", "fetched", "to_clear"),
    *("killed_on_platform", "lost_on_platform"),
)


@pytest.fixture(scope="session", autouse=True)
def _start_together(request: pytest.FixtureRequest) -> None:
    """Start the runs that the chosen tests are about, so that none waits for another's test."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in SIDE_BY_SIDE:
        if name in wanted:
            request.getfixturevalue(name)


@pytest.fixture(scope="session")
def killed(harness: Harness) -> dict[Case, Scenario]:
    """A run for each point at which the task's process dies."""
    return {
        case: harness.start(f"killed_{case.mode}", conn_id="kling_killed", point=case.point) for case in CASES
    }


@pytest.fixture(scope="session")
def killed_on_platform(harness: Harness) -> dict[Case, Scenario]:
    """The same on Kling's own platform."""
    return {
        case: harness.start(f"killed_{case.mode}", conn_id="kling_platform_killed", point=case.point)
        for case in PLATFORM_CASES
    }


@pytest.fixture(scope="session")
def lost_on_platform(harness: Harness) -> dict[str, Scenario]:
    """Runs on Kling's own platform, one for each way to lose the answer to a submission."""
    faults = [{"method": "POST", "action": action} for action in LOST_ANSWERS.values()]
    harness.sandboxes["kling_platform_lossy"].faults(faults)
    return {what: harness.start("plain", conn_id="kling_platform_lossy") for what in LOST_ANSWERS}


@pytest.fixture(scope="session")
def scenes(harness: Harness) -> Iterator[StateMonitor]:
    """A mapped task with more clips than the service or the workers have capacity for."""
    conn_id = "kling_tier_10"
    driver = CapacityDriver(harness.sandboxes[conn_id], capacity=CAPACITY, total=SCENES)
    with StateMonitor(harness.start("scenes", conn_id=conn_id), then=driver.on_poll) as monitor:
        yield monitor


@pytest.fixture(scope="session")
def lost(harness: Harness) -> Scenario:
    """A run whose submission takes effect, and whose response is lost."""
    harness.sandboxes["kling_lossy"].faults([{"method": "POST", "action": {"drop": "after"}}])
    return harness.start("plain", conn_id="kling_lossy")


@pytest.fixture(scope="session")
def failed(harness: Harness) -> Scenario:
    """A run whose first generation the service fails."""
    failure = {"task": {"status": "failed", "error": {"code": "InternalError", "message": "melted"}}}
    harness.sandboxes["kling_failing"].faults([{"method": "POST", "action": failure}])
    return harness.start("plain", conn_id="kling_failing")


@pytest.fixture(scope="session")
def marked(harness: Harness) -> Iterator[Scenario]:
    """A deferred run, for a person to mark failed."""
    with harness.held() as scenario:
        yield scenario


@pytest.fixture(scope="session")
def fetched(harness: Harness) -> Iterator[Scenario]:
    """A deferred run, for a person to mark failed and, when its generation is done, to clear."""
    with harness.held() as scenario:
        yield scenario


@pytest.fixture(scope="session")
def to_clear(harness: Harness) -> Mapping[ClearCase, Scenario]:
    """A run for each way to clear a task, in each state."""
    lost = sum(case.state is State.UNKNOWN for case in CLEAR_CASES)
    harness.sandboxes[CONNECTIONS[State.UNKNOWN]].faults(
        [{"method": "POST", "times": lost, "action": {"drop": "after"}}]
    )
    no_output = {State.SUCCEEDED_WITHOUT_OUTPUT: {"output": ""}}
    return {
        case: harness.start(case.dag_id, conn_id=CONNECTIONS[case.state], **no_output.get(case.state, {}))
        for case in CLEAR_CASES
    }
