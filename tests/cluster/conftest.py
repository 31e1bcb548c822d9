"""An Airflow as in production: PostgreSQL, Celery on Redis, and two of each component that does the work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_settings import PATIENT
from dev.airflow_stack import ONE_OF_EACH, AirflowStack, Component
from dev.postgres import Postgres, has_postgres, running_postgres
from dev.redis import has_redis, running_redis
from dev.service import sandbox_connection
from dev.waiting import PATIENCE_S
from tests.cluster.cluster import Cluster
from tests.cluster.dags.fan_out import DAG_ID, POOL
from tests.cluster.report import Report

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "benchmarks" / "results" / "cluster.md"
REPORT = pytest.StashKey[Report]()

# Generations at a time at the service, and in the pool: some tasks always wait for room at the service. With
# all three hundred in the pool, most of the time would go into submissions that are rejected.
ROOM, SLOTS = 50, 60

WORKERS = dict.fromkeys(("celery-worker", "second-celery-worker"), Component.CELERY_WORKER)
SECOND = {f"second-{each}": each for each in (Component.SCHEDULER, Component.TRIGGERER)}

SETTINGS = {
    **PATIENT,
    "CORE__EXECUTOR": "CeleryExecutor",
    "CORE__PARALLELISM": "4",  # of each scheduler: what is queued is soon with a worker
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "CELERY__WORKER_CONCURRENCY": "4",
    # So many components, when they idle, are to leave the processor to the tasks.
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "5",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "5",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "10",
    # What a killed component held is taken over this soon. What only seems dead because the machine is slow
    # costs a try, and nothing else.
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "30",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "60",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "90",
    "SCHEDULER__TASK_QUEUED_TIMEOUT": "120",
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    "SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "100",
}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test waits for several things, one after another; pytest is to end none that still may go on."""
    for item in items:
        if item.nodeid.startswith("tests/cluster/"):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(8 * PATIENCE_S))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash[REPORT]
    if report.blows:
        terminalreporter.section("the run on the cluster")
        for line in report.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """What ends the run of pytest, and is kept as a page when the test has counted everything."""
    report = request.config.stash[REPORT]
    yield report
    if report.counts:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text("\n".join(report.lines()) + "\n")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    need(has_postgres(), "PostgreSQL")
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    need(has_redis(), "Redis")
    with running_redis() as url:
        yield url


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    """Kling's own platform: it finds a submission that a crash interrupts, so that nobody has to be asked."""
    with SandboxProcess(gateway="kling", video_slots=ROOM, video_units=100_000, speed=1) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(
    postgres: Postgres, redis: str, sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    shutil.copytree(HERE / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    with AirflowStack(
        home=folder / "home",
        dags_folder=folder / "dags",
        env={"AIRFLOW_CONN_KLING_DEFAULT": sandbox_connection(sandbox, gateway="kling")},
        settings={**SETTINGS, "DATABASE__SQL_ALCHEMY_CONN": postgres.url, "CELERY__BROKER_URL": redis},
        components={**ONE_OF_EACH, **SECOND, **WORKERS},
        supervised=True,
    ) as stack:
        stack.wait_for(lambda: stack.api.has_dag(DAG_ID), what=f"the DAG {DAG_ID}")
        stack.api.create_pool(POOL, slots=SLOTS, include_deferred=True)
        yield Cluster(stack=stack, postgres=postgres, sandbox=sandbox, folder=folder)


def need(there: bool, what: str) -> None:
    """Skip the test without a program; where all programs are to be, fail it."""
    if not there:
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"there is no {what}")
