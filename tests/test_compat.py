"""The differences between Airflow's versions, and its settings, found by feature."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.compat import default_deferrable, task_state_store

NAME = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


@pytest.fixture(autouse=True)
def _fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(NAME, raising=False)
    default_deferrable.cache_clear()
    yield
    default_deferrable.cache_clear()


def test_without_a_setting_tasks_are_deferred() -> None:
    """Airflow's own default is false: it would hold a worker for minutes."""
    assert default_deferrable() is True


@pytest.mark.parametrize(
    ("value", "deferrable"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_setting_of_the_environment_is_honoured(
    monkeypatch: pytest.MonkeyPatch, value: str, deferrable: bool
) -> None:
    monkeypatch.setenv(NAME, value)
    assert default_deferrable() is deferrable


def in_a_new_airflow(home: Path, code: str, **environment: str) -> str:
    """Run code with the configuration of a home folder, and return the last line that it prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, "AIRFLOW_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return ran.stdout.splitlines()[-1]


ASK = "from airflow_provider_kling.compat import default_deferrable as f; print(f())"
GENERATE = "from airflow.configuration import write_default_airflow_configuration_if_needed as w; w()"


@pytest.mark.parametrize(
    ("setting", "deferrable"),
    [("default_deferrable = true", True), ("default_deferrable = false", False), ("", True)],
    ids=["true", "false", "unset"],
)
def test_a_setting_of_the_file_is_honoured(tmp_path: Path, setting: str, deferrable: bool) -> None:
    (tmp_path / "airflow.cfg").write_text(f"[core]\nload_examples = False\n[operators]\n{setting}\n")
    assert in_a_new_airflow(tmp_path, ASK) == str(deferrable)


def test_a_file_that_airflow_generated_sets_nothing(tmp_path: Path) -> None:
    in_a_new_airflow(tmp_path, f"{GENERATE}; print()")
    assert "\ndefault_deferrable = false" in (tmp_path / "airflow.cfg").read_text()
    assert in_a_new_airflow(tmp_path, ASK) == "True"
    assert in_a_new_airflow(tmp_path, ASK, **{NAME: "false"}) == "False"


def test_it_is_found_where_the_database_is_kept_from_tasks_and_dags(tmp_path: Path) -> None:
    """By a command for its address that fails, so the sources of all options cannot be asked for."""
    database = f"[database]\nsql_alchemy_conn = sqlite:///{tmp_path}/x.db\n"
    (tmp_path / "airflow.cfg").write_text(f"[operators]\ndefault_deferrable = false\n{database}")
    block = "from airflow.providers.common.compat.sdk import conf as c; "
    block += "c.set('database', 'sql_alchemy_conn_cmd', '/bin/false'); "  # as 3.1's supervisor does
    assert in_a_new_airflow(tmp_path, block + ASK) == "False"


def test_the_setting_is_read_once_because_every_task_of_a_dag_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert default_deferrable() is True
    monkeypatch.setenv(NAME, "false")
    assert default_deferrable() is True


@pytest.mark.parametrize(("context", "store"), [({}, None), ({"task_state_store": "a store"}, "a store")])
def test_the_task_state_store_is_the_contexts_or_none(context: Any, store: str | None) -> None:
    assert task_state_store(context) == store
