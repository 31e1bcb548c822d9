"""The record on an Airflow that has no task state store: a Variable, until Airflow knows of the success."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.task_runner import run, video
from tests.variables import FakeVariables

pytestmark = pytest.mark.contract


def succeed(operator: Any) -> None:
    """Do what Airflow does once it has stored the success."""
    for callback in operator.on_success_callback:
        callback({})


def test_the_record_stays_until_airflow_knows_of_the_success(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    operator = video()
    first = run(operator, task_instance, task_state_store=None)
    assert [json.loads(value)["phase"] for value in variables.values.values()] == ["finished"]

    task_instance.retry()  # the worker died before it told Airflow
    retried = video()
    assert run(retried, task_instance, task_state_store=None)["task_id"] == first["task_id"]
    assert sandbox.stats()["submissions_accepted"] == 1

    succeed(retried)
    assert variables.values == {}


def test_the_callbacks_of_the_dag_are_kept(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    told: list[Any] = []
    operator = video(on_success_callback=told.append)
    run(operator, task_instance, task_state_store=None)
    succeed(operator)
    assert len(told) == 1
    assert variables.values == {}
