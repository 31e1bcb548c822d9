"""What is checked while the DAG is parsed, what waits for the templates, and what templates turn into."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, XComArg, task

from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.generation.templates import is_rendered_later
from airflow_provider_kling.models import (
    TextToVideoRequest,
    UncheckedRequest,
    VideoO1Request,
    find_model,
    parse_request,
)
from airflow_provider_kling.operators.kling import KlingGenerateOperator, KlingVideoOperator
from tests.airflow_names import AirflowFailException
from tests.dagbag import parse


def video(**arguments: Any) -> KlingVideoOperator:
    return KlingVideoOperator(**{"task_id": "make", "prompt": "A paper boat", **arguments})


def generate(**arguments: Any) -> KlingGenerateOperator:
    return KlingGenerateOperator(**{"task_id": "make", "model": "kling-video-o1", **arguments})


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"duration": 7}, "duration"),
        ({"multi_shot": True}, "shot_type"),
        ({"videos": ["https://a/v.mp4"], "sound": "on"}, "sound"),
        ({"prompt": "{{ params.prompt }}", "duration": 7}, "duration"),
        ({"prompt": "{{ params.prompt }}", "videos": ["{{ x }}"], "mode": "ultra"}, "mode"),
    ],
)
def test_a_literal_that_breaks_a_rule_fails_the_import(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(KlingRequestError) as broken:
        video(**arguments)
    assert [rule.field for rule in broken.value.broken] == [field]


@pytest.mark.parametrize(
    "arguments",
    [
        {"prompt": "{{ params.prompt }}"},
        {"duration": "{{ params.seconds }}"},
        {"sound": "on", "videos": "{{ params.videos }}"},
        {"duration": 5, "videos": ["{{ params.video }}"]},
        {"multi_shot": True, "shot_type": "{{ params.shots }}"},
        {"model": "{{ params.model }}", "duration": 7},
    ],
)
def test_a_rule_about_a_template_waits_until_it_is_rendered(arguments: dict[str, Any]) -> None:
    video(**arguments)


def test_a_link_from_a_step_before_waits_and_makes_the_order() -> None:
    with DAG("chain", schedule=None):
        first = video(task_id="first")
        second = video(task_id="second", videos=[first.output["url"]])
        third = video(task_id="third", prompt=first.output["task_id"])
    # An XComArg's key is the key of an XCom, so each part of the result has to be one.
    assert first.multiple_outputs
    assert second.upstream_task_ids == {"first"}
    assert third.upstream_task_ids == {"first"}


def test_the_result_of_a_task_can_be_the_whole_request() -> None:
    with DAG("whole", schedule=None):

        @task
        def plan() -> dict[str, Any]:
            return {}

        operator = KlingGenerateOperator(task_id="make", model="kling-video-o1", parameters=plan())
    assert isinstance(operator.parameters, XComArg)
    assert operator.upstream_task_ids == {"plan"}


def test_a_typo_in_the_models_name_fails_the_import() -> None:
    with pytest.raises(KlingRequestError, match="did you mean 'kling-video-o1'"):
        KlingGenerateOperator(task_id="make", model="kling-video-01", parameters={"prompt": "x"})


@pytest.mark.parametrize("parameters", [{"prompt": "{{ params.prompt }}"}, "{{ params.request }}"])
def test_a_retired_model_warns_at_parse_time_and_names_the_successor(parameters: Any) -> None:
    with pytest.warns(KlingRequestWarning, match="kling-v1-t2v was retired on 2026-09-15.*kling-v3-t2v"):
        KlingGenerateOperator(task_id="make", model="kling-v1-t2v", parameters=parameters)


def test_a_model_of_another_provider_passes_with_one_warning() -> None:
    with pytest.warns(KlingRequestWarning) as warned:
        KlingGenerateOperator(task_id="make", model="google/veo-3", parameters={"prompt": "x", "fps": 24})
    assert [str(one.message).partition(":")[0] for one in warned] == ["google/veo-3"]


def test_a_templated_model_waits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KlingGenerateOperator(task_id="make", model="{{ params.model }}", parameters={"prompt": "x"})


def test_the_warning_about_a_dag_file_is_kept_with_it(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(
        "from airflow.sdk import DAG\n"
        "from airflow_provider_kling.operators.kling import KlingGenerateOperator\n"
        "with DAG('old', schedule=None):\n"
        "    KlingGenerateOperator(task_id='make', model='kling-v1-t2v', parameters={'prompt': 'x'})\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        bag = parse(tmp_path)
    assert bag.import_errors == {}
    (told,) = (text for texts in bag.captured_warnings.values() for text in texts)
    assert "kling-v1-t2v was retired" in told


def test_a_request_object_becomes_a_dict_that_can_be_templated() -> None:
    request = VideoO1Request(prompt="{{ ds }}", duration=5)
    operator = KlingGenerateOperator(task_id="make", model="kling-video-o1", parameters=request)
    assert operator.parameters == {"prompt": "{{ ds }}", "duration": 5}


@pytest.mark.parametrize("parameters", [["mode", "std"], "nonsense", '["mode"]', "null", None, 5, {"mode"}])
def test_parameters_that_are_no_dict_fail_the_import_or_the_task(
    parameters: Any, connect: Any, task_instance: Any
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    if not is_rendered_later(parameters):
        with pytest.raises(KlingRequestError, match="parameters: must be a dict"):
            generate(parameters=parameters)
    operator = generate(parameters="{{ params.p }}")
    operator.parameters = parameters
    with pytest.raises(KlingRequestError, match="parameters: must be a dict"):
        operator.execute({"ti": task_instance})


def test_json_of_a_dict_is_taken_as_the_dict() -> None:
    filtered = {"parameters": "{{ params.p | tojson }}", "extra_parameters": "{{ params.x | tojson }}"}
    operator = rendered(generate(**filtered), params={"p": {"prompt": "x", "duration": 5}, "x": {"seed": 7}})
    assert operator.rendered_parameters() == {"prompt": "x", "duration": 5}
    assert operator._read_templated().extra_parameters == {"seed": 7}
    with pytest.raises(KlingRequestError, match="duration: must be 5 or 10"):
        generate(parameters='{"prompt": "x", "duration": 7}')


OTHERS: list[tuple[str, Any, str]] = [
    ("kling-v3-t2v", VideoO1Request(prompt="x"), "must be for kling-v3-t2v; .* for kling-video-o1"),
    ("kling-v3-t2v", parse_request("kling-image-o1", {"prompt": "x"}), "for kling-image-o1"),
    ("google/veo-3", VideoO1Request(prompt="x"), "must be for google/veo-3; .* for kling-video-o1"),
    (
        "kling-v2.1-master-t2v",
        parse_request("kling-v2-master-t2v", {"prompt": "x"}),
        "for kling-v2-master-t2v",
    ),
    ("kling-video-o1", TextToVideoRequest(prompt="x"), "for TextToVideoRequest"),
]


@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
@pytest.mark.parametrize(("model", "request_object", "message"), OTHERS)
def test_a_request_for_another_model_fails_the_import_or_the_task(
    model: str, request_object: Any, message: str, connect: Any, task_instance: Any
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    with pytest.raises(AirflowFailException, match=f"parameters: .*{message}"):
        generate(model=model, parameters=request_object)
    operator = rendered(generate(model="{{ params.m }}", parameters=request_object), params={"m": model})
    with pytest.raises(AirflowFailException, match=f"parameters: .*{message}"):
        operator.execute({"ti": task_instance})


@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
@pytest.mark.parametrize(
    ("model", "request_object"),
    [
        ("kling/kling-video-o1", VideoO1Request(prompt="x")),
        ("kling-v2-master-t2v", TextToVideoRequest(prompt="x")),
        ("kling-v2.1-master-t2v", TextToVideoRequest(prompt="x")),
        ("google/veo-3", UncheckedRequest(prompt="x")),
        ("google/veo-3", parse_request("google/veo-3", {"prompt": "x"})),
        ("kling-video-o1", UncheckedRequest(prompt="x")),
    ],
)
def test_a_request_of_a_class_that_serves_the_model_is_taken(model: str, request_object: Any) -> None:
    assert generate(model=model, parameters=request_object).parameters == {"prompt": "x"}


def test_the_operators_arguments_are_the_fields_of_its_request_and_all_are_templated() -> None:
    fields = list(VideoO1Request.model_fields)
    assert list(video().request_parameters()) == fields
    assert set(fields) <= set(KlingVideoOperator.template_fields)
    assert {"model", "conn_id", "output_uri", "extra_parameters"} <= set(KlingVideoOperator.template_fields)


def rendered(operator: Any, **context: Any) -> Any:
    with DAG("rendering", schedule=None):
        pass
    operator.render_template_fields(context)
    return operator


def test_rendered_text_becomes_the_type_of_its_field() -> None:
    operator = rendered(
        video(
            prompt="{{ params.prompt }}",
            duration="{{ params.seconds }}",
            multi_shot="{{ params.shots }}",
            shot_type="intelligence",
            images="{{ params.images | tojson }}",
        ),
        params={"prompt": "42", "seconds": 10, "shots": True, "images": ["https://a/i.png"]},
    )
    request = find_model("kling-video-o1").parse(operator.request_parameters(), rendered=True)
    assert request.body() == {
        "prompt": "42",
        "duration": 10,
        "multi_shot": True,
        "shot_type": "intelligence",
        "images": ["https://a/i.png"],
    }


def test_what_a_template_breaks_is_refused_before_anything_is_sent(connect: Any, task_instance: Any) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    operator = rendered(video(duration="{{ params.seconds }}"), params={"seconds": 7})
    with pytest.raises(KlingRequestError, match=r"duration: must be 5 or 10") as refused:
        operator.execute({"ti": task_instance})
    assert isinstance(refused.value, AirflowFailException), "a retry would break the same rule"


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("A boat", False),
        ("{{ ds }}", True),
        ("{% if a %}b{% endif %}", True),
        (["https://a", "{{ b }}"], True),
        (("https://a",), False),
        ({"a": {"b": ["{{ c }}"]}}, True),
        ({"a": 1}, False),
        (5, False),
        (True, False),
        (None, False),
        (object(), True),
    ],
)
def test_what_is_known_now_is_told_from_what_comes_later(value: object, later: bool) -> None:
    assert is_rendered_later(value) is later


def test_a_broken_rule_in_a_dag_file_is_an_import_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from airflow.sdk import DAG\n"
        "from airflow_provider_kling.operators.kling import KlingVideoOperator\n"
        "with DAG('broken', schedule=None):\n"
        "    KlingVideoOperator(task_id='make', prompt='x', duration=7)\n"
    )
    (error,) = parse(tmp_path).import_errors.values()
    assert "duration: must be 5 or 10; got 7" in error
