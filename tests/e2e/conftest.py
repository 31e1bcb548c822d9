"""One Airflow and one sandbox for all end-to-end tests: starting them is most of the cost."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.service import connection_json
from tests.e2e.run import Run

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "dags"
DAGS = Path(__file__).with_name("dags")


@pytest.fixture(scope="session")
def canary() -> str:
    """The key of the good connection. It must never be seen anywhere."""
    return f"canary-{secrets.token_hex(16)}"


@pytest.fixture(scope="session")
def sandbox(canary: str) -> Iterator[SandboxProcess]:
    with SandboxProcess(api_key=canary, tier="1000", speed=20) as running:
        yield running


@pytest.fixture(scope="session")
def stack(
    sandbox: SandboxProcess, canary: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStack]:
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    shutil.copytree(EXAMPLES, dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(DAGS, dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    connection = connection_json(api_key=canary, url=sandbox.url)
    with AirflowStack(
        home=folder / "home", dags_folder=dags, env={"AIRFLOW_CONN_KLING_DEFAULT": connection}
    ) as running:
        yield running


@pytest.fixture
def start_run(stack: AirflowStack, tmp_path: Path) -> Callable[..., Run]:
    """Trigger a DAG; its films go to ``tmp_path``."""

    def start(dag_id: str, **conf: object) -> Run:
        stack.wait_for(lambda: stack.api.has_dag(dag_id), what=f"the DAG {dag_id}", timeout=120)
        stack.api.unpause(dag_id)
        run_id = stack.api.trigger(dag_id, {"output": f"file://{tmp_path}", **conf})
        return Run(stack=stack, dag_id=dag_id, run_id=run_id)

    return start
