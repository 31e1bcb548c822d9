"""A real Airflow under a path, with two users, and generations in every state to look at."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_api import User
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack
from dev.service import sandbox_connection
from dev.waiting import PATIENCE_S
from tests.browser.visitor import Visitor, visiting
from tests.e2e.held import HeldSandbox, held_sandbox
from tests.e2e.run import Run

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "dags"
PICTURES = HERE.parents[1] / "docs" / "images"
CHROMIUM = shutil.which("chromium")

# This machine has no screen, and no internet that the browser could look for.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> \u202eevil\u202c"
# No other test, and no example, has these.
PROMPTS = {"boat": "A paper boat with a lantern, in a flooded street", "lamp": "A lamp that hums, at night"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="write the screenshots that the docs show")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test waits for several things, one after another; pytest is to end none that still may go on."""
    for item in items:
        if item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(4 * PATIENCE_S))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if "CI" in os.environ:
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def users() -> dict[str, User]:
    return {name: User(name, secrets.token_urlsafe(12)) for name in ("admin", "guest")}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(tier="1000", speed=20) as running:
        yield running


@pytest.fixture(scope="session")
def stack(
    sandbox: SandboxProcess, users: dict[str, User], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStack]:
    """Airflow, with no connection yet."""
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    shutil.copytree(HERE / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLES / "kling_quickstart.py", dags)
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({user.username: user.password for user in users.values()}))
    with AirflowStack(
        home=folder / "home",
        dags_folder=dags,
        env={"PYTHONPATH": str(HERE / "auth")},
        settings={
            **PATIENT,
            "CORE__AUTH_MANAGER": "per_dag.PerDagAuthManager",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,guest:viewer",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "KLING__PLAYER_TAB": "True",  # Airflow 3.4 needs no switch
        },
        path="/airflow",
        user=users["admin"],
    ) as running:
        for dag_id in ("seen", "secret", "films", "many", "kling_quickstart"):
            running.wait_for(lambda dag_id=dag_id: running.api.has_dag(dag_id), what=f"the DAG {dag_id}")
            running.api.unpause(dag_id)
        yield running


@pytest.fixture(scope="session")
def connection(stack: AirflowStack, sandbox: SandboxProcess) -> str:
    """A connection to the sandbox, which the tests of the form do not touch."""
    stack.api.create_connection("kling_seen", **json.loads(sandbox_connection(sandbox)))
    return "kling_seen"


@pytest.fixture(scope="session")
def start(stack: AirflowStack, connection: str) -> Callable[..., Run]:
    def start(dag_id: str = "seen", **conf: object) -> Run:
        conf = {"conn_id": connection, **conf}
        return Run(stack=stack, dag_id=dag_id, run_id=stack.api.trigger(dag_id, conf))

    return start


@pytest.fixture(scope="session")
def generations(start: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs that have ended, by what is to be seen of each."""
    output = f"file://{tmp_path_factory.mktemp('clips')}"
    runs = {
        **{name: start(prompt=prompt, output=output) for name, prompt in PROMPTS.items()},
        "hostile": start(prompt=HOSTILE, output=output),
        "linked": start(prompt="A clip that nobody stored"),
        "secret": start("secret", prompt="A secret boat", output=output),
    }
    for run in runs.values():
        assert run.finish() == "success"
    return runs


@pytest.fixture
def held(stack: AirflowStack) -> Iterator[HeldSandbox]:
    """A sandbox whose generations end when the test says so."""
    with held_sandbox(stack.api) as running:
        yield running


@pytest.fixture
def visit(
    chromium: Browser, stack: AirflowStack, users: dict[str, User]
) -> Callable[..., AbstractContextManager[Visitor]]:
    """Open a browser that has logged in: ``with visit("guest") as visitor``."""

    class Visit(AbstractContextManager["Visitor"]):
        def __init__(self, name: str = "admin", **context: Any) -> None:
            self._name = name
            self._opened = visiting(chromium, stack.url, **context)

        def __enter__(self) -> Visitor:
            visitor = self._opened.__enter__()
            visitor.log_in(users[self._name])
            return visitor

        def __exit__(self, *error: object) -> None:
            self._opened.__exit__(*error)  # type: ignore[arg-type]

    return Visit


@pytest.fixture
def admin(visit: Callable[..., AbstractContextManager[Visitor]]) -> Iterator[Visitor]:
    """The admin's browser. Nothing that it shows may leave Airflow's origin, or break."""
    with visit() as visitor:
        yield visitor
        assert visitor.foreign() == []
        assert visitor.errors == []
