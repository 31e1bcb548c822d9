"""An administrator's defaults count where a DAG gives no argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_kling.configuration import Defaults, configured
from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from airflow_provider_kling.triggers.kling import KlingTaskTrigger
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, video

FOLDER = "file:///results/{{ dag.dag_id }}"


def configure(monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__KLING__{name.upper()}", str(value))


def sensor(**arguments: Any) -> KlingTaskSensor:
    return KlingTaskSensor(task_id="wait", kling_task_id="t", **arguments)


def test_the_options_that_are_announced_have_the_defaults_that_count() -> None:
    options = get_provider_info()["config"]["kling"]["options"]
    told = {name: options[name]["default"] for name in Defaults.model_fields}
    assert Defaults.read(told, subject="") == Defaults() == configured()


def test_an_option_counts_where_no_argument_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, default_timeout=7200, default_output=FOLDER, max_download_bytes=1000)
    operator = video()
    assert (operator.timeout, operator.output_uri, operator.max_bytes) == (7200.0, FOLDER, 1000)
    waiting = sensor()
    assert (waiting.output_uri, waiting.max_bytes) == (FOLDER, 1000)
    download = KlingDownloadOperator(task_id="get", source="t", output="file:///x/a.mp4")
    assert download.max_bytes == 1000


def test_an_argument_wins_over_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, default_timeout=7200, default_output=FOLDER, max_download_bytes=1000)
    own: dict[str, Any] = {"output": "file:///own", "max_bytes": 5}
    operator = video(timeout=60, **own)
    assert (operator.timeout, operator.output_uri, operator.max_bytes) == (60.0, "file:///own", 5)
    assert (sensor(**own).output_uri, sensor(**own).max_bytes) == ("file:///own", 5)
    assert video(output=None).output_uri is None
    assert sensor(output=None).output_uri is None


@pytest.mark.contract
def test_the_bounds_of_polling_are_those_of_the_triggers_plan(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    connect: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"max_poll_interval": 3600})
    configure(monkeypatch, min_poll_interval=5, max_poll_interval=20, max_overdue_poll_interval=90)
    operator = video()
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, task_instance))
    trigger = deferred.value.trigger
    assert isinstance(trigger, KlingTaskTrigger)
    assert trigger.plan is not None
    bounds = ("min_interval_s", "max_interval_s", "max_overdue_interval_s")
    assert [trigger.plan[name] for name in bounds] == [5.0, 20.0, 90.0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"default_timeout": "soon"}, "default_timeout: must be a number of seconds"),
        ({"default_timeout": -1}, "default_timeout: must be at least 0"),
        ({"default_output": "results"}, "default_output: must be the URI of a storage"),
        ({"default_output": "file:///results/a.mp4"}, "default_output: must name a folder"),
        ({"max_download_bytes": "2 GiB"}, "max_download_bytes: must be a whole number"),
        ({"min_poll_interval": 0}, "min_poll_interval: must be at least 1"),
        ({"min_poll_interval": 40}, "max_poll_interval: must be at least min_poll_interval"),
        ({"max_poll_interval": 61}, "max_overdue_poll_interval: must be at least max_poll_interval"),
    ],
    ids=str,
)
def test_an_option_that_makes_no_sense_is_named_while_the_dag_is_parsed(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object], told: str
) -> None:
    configure(monkeypatch, **options)
    for make in (video, sensor):
        with pytest.raises(KlingRequestError) as caught:
            make()
        assert "[kling] of Airflow's configuration" in str(caught.value)
        assert told in str(caught.value)
