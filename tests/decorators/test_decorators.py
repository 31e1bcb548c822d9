"""``@task.kling_video`` and ``@task.kling_generate``: the request is what the function returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_kling.decorators.kling import generate_task, video_task
from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.models import VideoO1Request
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.dagbag import parse
from tests.task_runner import context, run


def operator_of(decorate: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Decorate a function, call it in a DAG, and return the operator that this makes."""
    function.__name__ = "make"  # the task is named after it
    with DAG("decorated", schedule=None):
        return decorate(function)(*arguments).operator


CHEAP: dict[str, Any] = {"mode": "std", "duration": 5}
EXPECTED: dict[str, Any] = {"prompt": "A paper boat", **CHEAP}


@pytest.mark.contract
@pytest.mark.parametrize(
    ("decorate", "returned"),
    [
        (video_task(**CHEAP), "A paper boat"),
        (video_task(mode="std"), {"prompt": "A paper boat", "duration": 5}),
        (video_task(), VideoO1Request(**EXPECTED)),
        (video_task(mode="pro", duration=5), {"prompt": "A paper boat", "mode": "std"}),
        (generate_task(model="kling-video-o1", parameters=CHEAP), "A paper boat"),
        (generate_task(model="kling-video-o1"), EXPECTED),
        (generate_task(model="kling-video-o1"), VideoO1Request(**EXPECTED)),
    ],
)
def test_a_function_returns_the_request(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, decorate: Any, returned: Any
) -> None:
    operator = operator_of(decorate, lambda: returned)
    assert run(operator, task_instance)["status"] == "success"
    (post,) = sandbox.requests("POST")
    assert post["body"] == EXPECTED


@pytest.mark.contract
def test_a_function_takes_arguments_and_the_context(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    def describe(subject: str, ds: str | None = None) -> str:
        return f"{subject} on {ds}"

    operator = operator_of(video_task(**CHEAP), describe, "A boat")
    run(operator, task_instance, ds="2026-11-22")
    (post,) = sandbox.requests("POST")
    assert post["body"]["prompt"] == "A boat on 2026-11-22"


@pytest.mark.contract
def test_a_function_may_be_asynchronous(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    async def describe() -> str:
        await asyncio.sleep(0)
        return "A paper boat"

    assert run(operator_of(video_task(**CHEAP), describe), task_instance)["status"] == "success"
    (post,) = sandbox.requests("POST")
    assert post["body"] == EXPECTED


def test_an_asynchronous_function_may_be_called_where_an_event_loop_runs(
    connect: Any, task_instance: FakeTaskInstance
) -> None:
    """As in Jupyter. The prompt breaks a rule; reaching the host, which refuses, would be another error."""
    connect(host="http://127.0.0.1:9")
    meant = ContextVar[str]("meant")

    async def describe() -> str:
        await asyncio.sleep(0)
        return meant.get()

    async def cell() -> None:
        meant.set("")
        operator = operator_of(video_task(**CHEAP), describe)
        operator.execute(context(operator, task_instance))

    with pytest.raises(KlingRequestError, match="prompt: must have at least 1 character"):
        asyncio.run(cell())


@pytest.mark.parametrize("decorate", [video_task(), generate_task(model="kling-video-o1")])
@pytest.mark.parametrize("returned", [{}, {"prompt": None}, {"mode": "std"}])
def test_a_prompt_that_the_function_leaves_out_is_told_to_be_required(
    connect: Any, task_instance: FakeTaskInstance, decorate: Any, returned: Any
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    operator = operator_of(decorate, lambda: returned)
    with pytest.raises(AirflowFailException, match=r"prompt: is required$"):
        operator.execute(context(operator, task_instance))


@pytest.mark.contract
def test_the_function_is_called_again_after_a_wait_for_capacity(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.01)
    full = {"code": 429, "message": "Concurrent limit exceeded: full"}
    sandbox.faults([{"method": "POST", "action": {"status": 429, "body": full}}])
    calls: list[str] = []
    operator = operator_of(video_task(**CHEAP), lambda: calls.append("called") or "A paper boat")
    assert run(operator, task_instance)["status"] == "success"
    assert len(calls) == 2


@pytest.mark.contract
@pytest.mark.parametrize(
    "returned", [None, 7, ["A paper boat"], {"prompt": ""}, {"prompt": "x", "colour": 1}]
)
def test_a_return_value_that_is_no_request_is_rejected_before_anything_is_sent(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, returned: Any
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        run(operator_of(video_task(), lambda: returned), task_instance)
    assert isinstance(caught.value, AirflowFailException)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
@pytest.mark.parametrize("parameters", [["mode", "std"], "nonsense", '["mode"]', "null", 5])
def test_parameters_that_are_no_dict_are_never_dropped(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, parameters: Any
) -> None:
    with pytest.raises(KlingRequestError, match="parameters: must be a dict"):
        operator_of(generate_task(model="kling-video-o1", parameters=parameters), lambda: "A boat")
    operator = operator_of(
        generate_task(model="kling-video-o1", parameters="{{ params.p }}"), lambda: "A boat"
    )
    operator.parameters = parameters  # as Airflow renders it
    with pytest.raises(KlingRequestError, match="parameters: must be a dict"):
        run(operator, task_instance)
    assert sandbox.requests("POST") == []


@pytest.mark.contract
def test_parameters_that_are_json_of_a_dict_are_sent(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    make = generate_task(model="kling-video-o1", parameters="{{ params.p | tojson }}")
    operator = operator_of(make, lambda: "A paper boat")
    operator.render_template_fields({"params": {"p": CHEAP}})
    assert run(operator, task_instance)["status"] == "success"
    (post,) = sandbox.requests("POST")
    assert post["body"] == EXPECTED


@pytest.mark.contract
def test_a_returned_request_for_another_model_is_rejected_before_anything_is_sent(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    for decorate in (generate_task(model="kling-v3-t2v"), video_task(model="kling-v3-t2v")):
        operator = operator_of(decorate, lambda: VideoO1Request(**EXPECTED))
        with pytest.raises(AirflowFailException, match=r"must be for kling-v3-t2v; .* for kling-video-o1"):
            run(operator, task_instance)
    assert sandbox.requests("POST") == []


def test_a_decorators_literal_that_breaks_a_rule_fails_the_import() -> None:
    with pytest.raises(KlingRequestError, match="duration: must be 5 or 10"):
        operator_of(video_task(duration=99), lambda: "A paper boat")


@pytest.mark.parametrize("given", [{}, {"multi_shot": True}, {"sound": "on"}])
def test_a_field_that_the_function_may_still_return_is_not_missed_at_the_import(
    given: dict[str, Any],
) -> None:
    operator_of(video_task(**given), lambda: "A paper boat")
    operator_of(generate_task(model="kling-video-o1", parameters=given), lambda: "A paper boat")


def test_the_parts_of_the_result_are_xcoms_whatever_the_function_returns() -> None:
    def describe() -> str:
        return "A paper boat"

    assert operator_of(video_task(), describe).multiple_outputs
    assert not operator_of(video_task(multiple_outputs=False), describe).multiple_outputs


def test_airflow_finds_the_decorators_by_name() -> None:
    names = {entry["name"]: entry["class-name"] for entry in get_provider_info()["task-decorators"]}
    module = "airflow_provider_kling.decorators.kling"
    assert names == {"kling_video": f"{module}.video_task", "kling_generate": f"{module}.generate_task"}


def test_a_dag_file_uses_them_as_airflows_own(tmp_path: Path) -> None:
    (tmp_path / "decorated.py").write_text(
        "from airflow.sdk import DAG, task\n"
        "with DAG('decorated', schedule=None):\n"
        "    @task.kling_video(mode='std', duration=5)\n"
        "    def clip(ds=None):\n"
        "        return f'A paper boat on {ds}'\n"
        "    @task.kling_video(mode='std')\n"
        "    def restyle(url):\n"
        "        return {'prompt': 'As a watercolour', 'videos': [url]}\n"
        "    @task.kling_generate(model='kling-video-o1')\n"
        "    def other():\n"
        "        return 'A paper plane'\n"
        "    restyle(clip()['url'])\n"
        "    other()\n"
    )
    bag = parse(tmp_path)
    assert bag.import_errors == {}
    tasks = bag.dags["decorated"].task_dict
    assert tasks["restyle"].upstream_task_ids == {"clip"}
    assert tasks["other"].model == "kling-video-o1"
