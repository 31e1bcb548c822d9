"""One Airflow and one sandbox for all end-to-end tests: starting them is most of the cost."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack
from dev.service import sandbox_connection
from dev.waiting import PATIENCE_S
from tests.e2e.held import HeldSandbox, held_sandbox
from tests.e2e.run import Run

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "dags"

# The examples run when a test starts them: one that is scheduled would submit beside the tests.
SETTINGS = {**PATIENT, "SCHEDULER__USE_JOB_SCHEDULE": "False"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test waits for several things, one after another; pytest is to end none that still may go on."""
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(4 * PATIENCE_S))


@pytest.fixture(scope="session")
def canary() -> str:
    """The key of the good connection. It must never be seen anywhere."""
    return f"canary-{secrets.token_hex(16)}"


@pytest.fixture(scope="session")
def sandbox(canary: str) -> Iterator[SandboxProcess]:
    """The sandbox that all tests share: its counts and faults are everybody's."""
    with SandboxProcess(api_key=canary, tier="1000", speed=20) as running:
        yield running


@pytest.fixture(scope="session")
def stack(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    shutil.copytree(EXAMPLES, dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "dags", dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    with AirflowStack(
        home=folder / "home",
        dags_folder=dags,
        env={"AIRFLOW_CONN_KLING_DEFAULT": sandbox_connection(sandbox)},
        settings=SETTINGS,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def trigger(stack: AirflowStack) -> Callable[..., Run]:
    """Start a run of a DAG with the given params."""

    def start(dag_id: str, **conf: object) -> Run:
        stack.wait_for(lambda: stack.api.has_dag(dag_id), what=f"the DAG {dag_id}")
        stack.api.unpause(dag_id)
        return Run(stack=stack, dag_id=dag_id, run_id=stack.api.trigger(dag_id, conf))

    return start


@pytest.fixture
def start_run(trigger: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """Start a run of a DAG; its clips go to ``tmp_path``."""

    def start(dag_id: str, **conf: object) -> Run:
        return trigger(dag_id, output=f"file://{tmp_path}", **conf)

    return start


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> str:
    """A word for the prompts of this test, which no other test has in its own.

    It is made of the test's name, not of chance, so that pictures that show it are the same in each run.
    """
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]


@pytest.fixture
def held(stack: AirflowStack) -> Iterator[HeldSandbox]:
    """A sandbox that this test alone submits to, and whose generations end when the test says so."""
    with held_sandbox(stack.api) as running:
        yield running
