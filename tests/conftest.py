"""What all tests share: an Airflow that needs no database, and ways to run a task without a scheduler."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from pydantic import JsonValue, TypeAdapter

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.storages import any_storage, s3_server, storage  # noqa: F401  # fixtures for all tests

if TYPE_CHECKING:
    from tests.variables import FakeVariables

# Airflow reads these when it is imported, so they have to be set before the first test module. Each process
# has a home, and so a database, of its own: workers of pytest-xdist start with the first one's environment.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="kling-tests-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

# The library that drives a browser is in one environment only.
collect_ignore = [] if find_spec("playwright") else ["browser"]

API_KEY = "sk-canary-0123456789"


# Every run tries the same examples, however slow the machine is; `make fuzz` tries many, and new ones.
_EXAMPLES: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
settings.register_profile("same", max_examples=100, derandomize=True, **_EXAMPLES)
settings.register_profile("fuzz", max_examples=20_000, derandomize=False, **_EXAMPLES)
settings.load_profile("same")
# Newer ones draw constants of the modules that are loaded, too: which those are depends on what ran before.
with contextlib.suppress(ImportError):
    import hypothesis.internal.conjecture.providers as examples

    examples.is_local_module_file = lambda path: False


def connection_json(**fields: Any) -> str:
    """Write a connection the way ``AIRFLOW_CONN_*`` wants it."""
    return json.dumps({"conn_type": "kling", "password": API_KEY, **fields})


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the connection ``kling_default``."""

    def connect(**fields: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_KLING_DEFAULT", connection_json(**fields))

    return connect


@pytest.fixture
def sandbox(
    kling_sandbox: SandboxProcess, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> SandboxProcess:
    """A sandbox that the connection leads to, and waiting that takes no longer than it does."""
    # It imports Airflow, which reads the environment set above.
    from tests.task_runner import poll_often, retry_often

    connect(host=kling_sandbox.url, password=kling_sandbox.api_key)
    poll_often(monkeypatch)
    retry_often(monkeypatch)
    return kling_sandbox


_JSON: TypeAdapter[Any] = TypeAdapter(JsonValue)  # what Airflow's own store takes


class FakeStore:
    """Airflow's task state store, in memory; it keeps what JSON keeps."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        """Store a value."""
        del retention
        self.values[key] = json.dumps(_JSON.validate_python(value, strict=True))

    def delete(self, key: str) -> None:
        """Forget a value."""
        self.values.pop(key, None)


class FakeTaskInstance:
    """A task instance: its identity, the XComs it pushes, and the store that outlives its tries."""

    dag_id = "dag"
    run_id = "run"
    task_id = "make"
    map_index = -1

    def __init__(self) -> None:
        self.try_number = 1
        self.max_tries = 0
        self.xcoms: dict[str, Any] = {}
        self.store = FakeStore()

    def retry(self) -> None:
        """Begin the next try of the same run: XComs are gone, the store is not."""
        self.try_number += 1
        self.xcoms.clear()

    def clear(self) -> None:
        """Begin a new run of the task, as clearing it does."""
        self.max_tries = self.try_number
        self.retry()

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value, as JSON does."""
        self.xcoms[key] = json.loads(json.dumps(value))


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> FakeVariables | None:
    """Airflow's Variables, in memory; None for a test that has nothing to do with Airflow."""
    if "airflow_provider_kling.compat" not in sys.modules:
        return None
    from tests.variables import FakeVariables

    variables = FakeVariables()
    variables.install(monkeypatch)
    return variables


@pytest.fixture
def task_instance() -> FakeTaskInstance:
    """The task instance in the context of ``run_task``."""
    return FakeTaskInstance()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make hostile` ask for more cases than every run needs."""
    parser.addoption(
        "--hostile", type=int, default=2, help="batches of cases of each tests/security/test_hostile"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Split the cases into batches, which run side by side."""
    if "hostile_batch" in metafunc.fixturenames:
        metafunc.parametrize("hostile_batch", range(metafunc.config.getoption("--hostile")))
