"""What all tests share: an Airflow that needs no database, and ways to run a task without a scheduler."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

# Airflow reads these when it is imported, so they have to stand before the first test module.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="kling-tests-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

API_KEY = "sk-canary-0123456789"


def connection_json(**fields: Any) -> str:
    """Write a connection the way ``AIRFLOW_CONN_*`` wants it."""
    return json.dumps({"conn_type": "kling", "password": API_KEY, **fields})


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the connection ``kling_default``."""

    def connect(**fields: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_KLING_DEFAULT", connection_json(**fields))

    return connect


class FakeTaskInstance:
    """Records the XComs that a task pushes."""

    def __init__(self) -> None:
        self.try_number = 1
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value, as JSON does."""
        self.xcoms[key] = json.loads(json.dumps(value))


@pytest.fixture
def task_instance() -> FakeTaskInstance:
    """The task instance in the context of ``run_task``."""
    return FakeTaskInstance()
