"""The operators' own arguments: read as their types while the DAG is parsed, or an error that names them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, ObjectStoragePath

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.models import find_model
from airflow_provider_kling.operators.kling import (
    KlingDownloadOperator,
    KlingGenerateOperator,
    KlingVideoOperator,
)
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException

NAN = float("nan")
ODD_TIMES = [None, "soon", "", -1, -0.5, True, NAN, float("inf"), "1e400", [60], timedelta(seconds=-1), 1e12]
ODD_SIZES = [None, 0, -1, 1.5, "100MB", "", True, NAN, [1]]
ODD_SWITCHES = ["maybe", 2, "", [], {}]
ODD_AMOUNTS = ["$1", "", True, NAN, "inf", [1]]


def video(**arguments: Any) -> KlingVideoOperator:
    return KlingVideoOperator(**{"task_id": "make", "prompt": "A paper boat", **arguments})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("timeout", odd) for odd in ODD_TIMES),
        *(("queue_timeout", odd) for odd in ODD_TIMES),
        *(("max_bytes", odd) for odd in ODD_SIZES),
        *(("min_balance", odd) for odd in ODD_AMOUNTS),
        *(("deferrable", odd) for odd in ODD_SWITCHES),
        *(("keep_uploads", odd) for odd in [*ODD_SWITCHES, None]),
        *(("upload", odd) for odd in ("sometimes", None, 5, True)),
        *(("on_rerun", odd) for odd in ("again", None, 5)),
        *(("on_unknown_submission", odd) for odd in ("hope", None, 5)),
        *(("output", odd) for odd in ("", 5, ["s3://a"], {"uri": "s3://a"})),
        *(("extra_parameters", odd) for odd in ("a", 5, ["a"])),
        *(("conn_id", odd) for odd in (None, 5)),
    ],
)
def test_what_makes_no_sense_fails_the_import_and_is_named(name: str, value: object) -> None:
    with pytest.raises(KlingRequestError) as caught:
        video(**{name: value})
    assert isinstance(caught.value, AirflowFailException)
    assert [rule.field for rule in caught.value.broken] == [name]
    assert caught.value.subject == "KlingVideoOperator"


class Odd:
    """Anything that is no plain value."""


@pytest.mark.parametrize("name", ["timeout", "max_bytes", "deferrable", "min_balance", "upload"])
def test_an_object_of_another_kind_is_not_taken_for_a_template(name: str) -> None:
    with pytest.raises(KlingRequestError, match=f"{name}: must be"):
        video(**{name: Odd()})


@pytest.mark.parametrize("name", ["max_bytes", "output", "conn_id"])
@pytest.mark.parametrize("odd", [5.5, ["a"], True])
def test_the_other_operators_check_their_arguments_too(name: str, odd: Any) -> None:
    for make in (
        lambda **given: KlingDownloadOperator(**{"task_id": "a", "source": "t", "output": "s3://a", **given}),
        lambda **given: KlingTaskSensor(**{"task_id": "a", "kling_task_id": "t", **given}),
    ):
        with pytest.raises(KlingRequestError, match=f"{name}: must be"):
            make(**{name: odd})


@pytest.mark.parametrize("odd", [5, ["s3://a"], None, Odd()])
def test_what_a_template_renders_to_is_checked_before_anything_is_sent(
    connect: Any, task_instance: Any, odd: object
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    operator = video(conn_id="{{ params.x }}")
    operator.conn_id = odd
    with pytest.raises(KlingRequestError, match="conn_id: must be"):
        operator.execute({"ti": task_instance})


def test_all_that_makes_no_sense_is_named_at_once() -> None:
    with pytest.raises(KlingRequestError) as caught:
        video(timeout="soon", max_bytes="100MB", min_balance="$1")
    assert [rule.field for rule in caught.value.broken] == ["timeout", "max_bytes", "min_balance"]


@pytest.mark.parametrize("name", ["timeout", "queue_timeout"])
@pytest.mark.parametrize(
    ("written", "seconds"),
    [(0, 0.0), (90, 90.0), (1.5, 1.5), ("90", 90.0), ("1.5", 1.5), (timedelta(minutes=30), 1800.0)],
)
def test_a_time_is_seconds_or_a_timedelta(name: str, written: Any, seconds: float) -> None:
    assert getattr(video(**{name: written}), name) == seconds


@pytest.mark.parametrize(("written", "meant"), [("false", False), ("true", True), (0, False), (True, True)])
def test_a_switch_is_what_its_text_says(written: Any, meant: bool) -> None:
    assert video(deferrable=written).deferrable is meant
    assert video(keep_uploads=written).keep_uploads is meant


@pytest.mark.parametrize("written", ["1.10", Decimal("1.10")])
def test_an_amount_is_exact(written: Any) -> None:
    assert video(min_balance=written).min_balance == Decimal("1.10")


def test_an_amount_may_be_a_number() -> None:
    assert video(min_balance=5).min_balance == 5
    assert video(min_balance=None).min_balance is None


# -- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("s3://bucket/folder/", "s3://bucket/folder/"),
        (Path("/data/clips"), "file:///data/clips"),
        (ObjectStoragePath("file:///data/clips"), "file:///data/clips"),
        (
            ObjectStoragePath("s3://bucket/clip.mp4", conn_id="aws_default"),
            "s3://aws_default@bucket/clip.mp4",
        ),
    ],
    ids=str,
)
def test_a_path_may_be_an_object(path: Any, uri: str) -> None:
    assert video(output=path).output_uri == uri
    download = KlingDownloadOperator(task_id="get", source="task-1", output=path)
    assert download.output_uri == uri


def test_a_path_may_be_a_reference_picture() -> None:
    paths = [ObjectStoragePath("file:///data/a.png"), Path("/data/b.png"), ObjectStoragePath("/data/c.png")]
    uris = [f"file:///data/{name}.png" for name in "abc"]
    assert video(images=paths).rendered_parameters()["images"] == uris


# -- templates ------------------------------------------------------------------------------------


def rendered(operator: Any, **params: Any) -> Any:
    with DAG("rendering", schedule=None):
        pass
    operator.render_template_fields({"params": params})
    return operator


@pytest.mark.parametrize("template", ["{{ params.x }}", "  {{ params['x'] }} "])
def test_a_template_without_a_value_is_not_the_word_none(template: str) -> None:
    operator = rendered(
        video(aspect_ratio=template, images=[template, "https://a/{{ params.y }}"]), x=None, y=1
    )
    parameters = operator.rendered_parameters()
    assert parameters["aspect_ratio"] is None
    assert parameters["images"] == [None, "https://a/1"]


def test_a_text_that_says_none_stays_as_it_is() -> None:
    operator = rendered(video(prompt="None", aspect_ratio="None {{ params.x }}"), x=None)
    assert operator.rendered_parameters()["prompt"] == "None"
    assert operator.rendered_parameters()["aspect_ratio"] == "None None"


def test_a_template_without_a_value_deep_inside_is_none_too() -> None:
    operator = KlingGenerateOperator(
        task_id="make",
        model="google/veo-3",
        parameters={"prompt": "x", "deep": {"list": [{"seed": "{{ params.seed }}"}]}},
        extra_parameters={"negative": "{{ params.seed }}"},
    )
    rendered(operator, seed=None)
    assert operator.rendered_parameters()["deep"] == {"list": [{"seed": None}]}


class Lazy(list[Any]):
    """A sequence that is no plain list, as Airflow gives the results of a mapped task."""


def test_results_of_a_mapped_task_are_plain_lists_at_any_depth() -> None:
    operator = KlingGenerateOperator(
        task_id="make",
        model="google/veo-3",
        parameters={"deep": [{"stills": Lazy(["https://a", Lazy(["b"])])}]},
    )
    stills = operator.rendered_parameters()["deep"][0]["stills"]
    assert type(stills) is list
    assert type(stills[1]) is list


def test_a_number_that_a_template_renders_natively_is_the_text_that_it_was() -> None:
    operator = rendered(video(prompt="{{ params.x }}", duration="{{ params.y }}"), x="42", y=5)
    operator.prompt = 42  # as a DAG with render_template_as_native_obj=True renders it
    request = find_model("kling-video-o1").parse(
        operator.rendered_parameters(), rendered=True, templated=operator.templated()
    )
    assert request.body() == {"prompt": "42", "duration": 5}


def test_a_number_that_is_written_for_a_text_is_refused() -> None:
    with pytest.raises(KlingRequestError, match="prompt: must be a string"):
        video(prompt=42)
