"""The operators' own arguments: read as their types while the DAG is parsed, or an error that names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, ObjectStoragePath

from airflow_provider_kling.decorators.kling import generate_task, video_task
from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.models import find_model, list_models
from airflow_provider_kling.operators.kling import (
    KlingDownloadOperator,
    KlingGenerateOperator,
    KlingVideoOperator,
)
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException

NAN = float("nan")
ODD_TIMES = ["soon", "", -1, -0.5, True, NAN, float("inf"), "1e400", [60], timedelta(seconds=-1), 1e12]
ODD_SIZES = [0, -1, 1.5, "100MB", "", True, NAN, [1]]
ODD_SWITCHES = ["maybe", 2, "", [], {}]
ODD_AMOUNTS = ["$1", "", True, NAN, "inf", [1]]


def video(**arguments: Any) -> KlingVideoOperator:
    return KlingVideoOperator(**{"task_id": "make", "prompt": "A paper boat", **arguments})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("timeout", odd) for odd in ODD_TIMES),
        *(("queue_timeout", odd) for odd in [*ODD_TIMES, None]),
        *(("max_bytes", odd) for odd in ODD_SIZES),
        *(("min_balance", odd) for odd in ODD_AMOUNTS),
        *(("deferrable", odd) for odd in ODD_SWITCHES),
        *(("keep_uploads", odd) for odd in [*ODD_SWITCHES, None]),
        *(("upload", odd) for odd in ("sometimes", None, 5, True)),
        *(("on_rerun", odd) for odd in ("again", None, 5)),
        *(("on_unknown_submission", odd) for odd in ("hope", None, 5)),
        *(("output", odd) for odd in ("", 5, ["s3://a"], {"uri": "s3://a"}, "s3://a/b\nc", "/a\x1bb")),
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


ODD_GIVEN = [
    ("timeout", "soon"),
    ("queue_timeout", -1),
    ("max_bytes", "100MB"),
    ("min_balance", "$1"),
    ("deferrable", "maybe"),
    ("keep_uploads", None),
    ("upload", "sometimes"),
    ("on_rerun", "again"),
    ("on_unknown_submission", 5),
    ("output", 5),
    ("extra_parameters", "a"),
    ("conn_id", None),
    ("model", "kling-video-01"),
]


@pytest.mark.parametrize(("name", "value"), ODD_GIVEN)
@pytest.mark.parametrize(
    "make", [KlingVideoOperator.partial, KlingGenerateOperator.partial, video_task, generate_task]
)
def test_what_makes_no_sense_fails_the_import_of_a_mapped_task_too(
    make: Callable[..., Any], name: str, value: object
) -> None:
    task_id = {} if make in (video_task, generate_task) else {"task_id": "make"}
    with pytest.raises(AirflowFailException) as caught:
        make(**task_id, **{name: value})
    assert [rule.field for rule in getattr(caught.value, "broken", ())] == [name]


@pytest.mark.parametrize(
    ("operator", "name", "value"),
    [
        (KlingDownloadOperator, "source", "../t"),
        (KlingDownloadOperator, "max_bytes", "100MB"),
        (KlingDownloadOperator, "output", 5),
        (KlingDownloadOperator, "conn_id", None),
        (KlingTaskSensor, "kling_task_id", ""),
        (KlingTaskSensor, "max_bytes", 1.5),
        (KlingTaskSensor, "deferrable", "maybe"),
        (KlingTaskSensor, "timeout", "soon"),
        (KlingTaskSensor, "soft_fail", "perhaps"),
        (VideoFrameOperator, "source", "clip.mp4"),
        (VideoFrameOperator, "at", "middle"),
        (VideoFrameOperator, "quality", 101),
        (VideoFrameOperator, "output", "s3://b/frames/"),
        (VideoConcatOperator, "clips", ["s3://b/a.mp4"]),
        (VideoConcatOperator, "size", (1280,)),
        (VideoConcatOperator, "size", (1281, 720)),
        (VideoConcatOperator, "fps", 121),
        (VideoConcatOperator, "fade_s", -1),
        (VideoConcatOperator, "trim_frames", -1),
    ],
)
def test_what_makes_no_sense_to_the_other_operators_fails_the_import_of_a_mapped_task_too(
    operator: Any, name: str, value: object
) -> None:
    with pytest.raises((KlingRequestError, AirflowFailException)) as caught:
        operator.partial(task_id="make", **{name: value})
    assert [rule.field for rule in getattr(caught.value, "broken", ())] == [name]


def test_the_other_operators_take_templates_and_what_is_expanded_in_mapped_tasks() -> None:
    made = "{{ ti.xcom_pull('make') }}"
    with DAG("mapped"):
        KlingDownloadOperator.partial(task_id="a", source=made, max_bytes="5").expand(output=["s3://b/"])
        KlingTaskSensor.partial(task_id="b", timeout="60").expand(kling_task_id=["t"])
        frame = VideoFrameOperator.partial(task_id="c", at=made, output="s3://b/{{ ti.map_index }}.png")
        frame.expand(source=["s3://b/a.mp4"])
        concat = VideoConcatOperator.partial(task_id="d", size=[1280, 720], fps="24000/1001", clips=made)
        concat.expand(output=["s3://b/c.mp4"])


ODD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"duration": 99}, "duration"),
    ({"duration": 7, "mode": "std"}, "duration"),  # which is right in the API version without a mode
    ({"prompt": ""}, "prompt"),
    ({"mode": "4k"}, "mode"),
    ({"prompt": "a", "images": ["clip.txt"]}, "images[0]"),
    ({"videos": ["https://example.com/a.mp4"], "duration": 5, "mode": "std"}, "duration"),
    ({"shot_type": "intelligence", "multi_shot": False}, "shot_type"),
]


@pytest.mark.parametrize(("fields", "named"), ODD_FIELDS)
def test_a_field_that_breaks_a_rule_whatever_is_expanded_fails_the_import_of_a_mapped_task(
    fields: dict[str, Any], named: str
) -> None:
    model = {"model": "kling-video-o1"}
    for make in (
        lambda: KlingVideoOperator.partial(task_id="make", **model, **fields),
        lambda: KlingGenerateOperator.partial(task_id="make", **model, parameters=fields),
        lambda: video_task(**model, **fields),
        lambda: generate_task(**model, parameters=fields),
    ):
        with pytest.raises(AirflowFailException) as caught:
            make()
        assert [rule.field for rule in getattr(caught.value, "broken", ())] == [named]


@pytest.mark.parametrize(
    ("given", "expanded"),
    [
        ({"prompt": "a"}, {"duration": [5, 10]}),
        ({"prompt": "a", "duration": 5}, {"sound": ["on", "off"]}),
        ({"duration": "{{ params.d }}"}, {"prompt": ["a", "b"]}),
        ({"shot_type": "intelligence"}, {"multi_shot": [True], "prompt": ["a"]}),
        ({"duration": 5, "videos": None}, {"prompt": ["a"]}),
        ({"prompt": "a", "duration": 3}, {"model": ["kling-v3-t2v", "kling-v3-omni-video"]}),
    ],
)
def test_a_rule_that_an_expanded_field_decides_is_checked_when_the_task_runs(
    given: dict[str, Any], expanded: dict[str, Any]
) -> None:
    with DAG("mapped"):
        KlingVideoOperator.partial(task_id="make", **given).expand(**expanded)


def test_a_rule_of_a_model_that_comes_from_elsewhere_is_checked_when_the_task_runs() -> None:
    with DAG("default", default_args={"model": "kling-v3-t2v"}):
        KlingVideoOperator.partial(task_id="mapped", prompt="p", duration=3).expand(mode=["std", "pro"])

        @video_task(duration=3)
        def make() -> str:
            return "A paper boat"

        make()


def test_a_field_that_a_function_returns_may_decide_the_api_version() -> None:
    with DAG("versions"):

        @generate_task(model="kling-video-o1", parameters={"duration": 7})
        def make() -> dict[str, Any]:
            return {"prompt": "A paper boat", "resolution": "720p"}

        make()


def test_what_is_not_given_to_partial_is_not_missed() -> None:
    given: dict[str, Any] = {"timeout": timedelta(minutes=30), "deferrable": "true", "min_balance": "1.10"}
    with DAG("mapped"):
        partial = KlingVideoOperator.partial(task_id="make", output="{{ params.o }}", **given)
        mapped: Any = partial.expand(prompt=["a", "b"])
        templated = {"extra_parameters": '{"seed": 5}', "conn_id": "{{ params.c }}"}
        KlingGenerateOperator.partial(task_id="other", **templated).expand(parameters=[{"prompt": "a"}])
    assert mapped.partial_kwargs.items() >= given.items()


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


PROMPTED = [model.slug for model in list_models() if "prompt" in model.versions[0].schema.get("required", [])]
EMPTY_TEMPLATES = [
    "{{ params.x }}",
    "  {{ params['x'] }} ",
    "{{ params.get('y', {}).get('x') }}",
    "{% if true %}{{ params.x }}{% endif %}",
    "{# a note #}{{ params.x }}",
    "{% set it = params.x %}\n{{ it }}",
]


@pytest.mark.parametrize("template", EMPTY_TEMPLATES)
def test_a_template_without_a_value_is_not_the_word_none(template: str) -> None:
    operator = rendered(video(aspect_ratio=template, images=["https://a/{{ params.z }}"]), x=None, z=1)
    parameters = operator.rendered_parameters()
    assert parameters["aspect_ratio"] is None
    assert parameters["images"] == ["https://a/1"]


@pytest.mark.parametrize("template", EMPTY_TEMPLATES)
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (lambda text: {"parameters": {"prompt": "x", "images": ["https://a/1", text]}}, r"images\[1\]"),
        (lambda text: {"parameters": {"deep": {"list": [[text]]}}}, r"deep\.list\[0\]\[0\]"),
        (lambda text: {"extra_parameters": {"images": [text]}}, r"extra_parameters\.images\[0\]"),
    ],
)
@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
def test_an_item_without_a_value_is_refused_before_anything_is_sent(
    connect: Any, task_instance: Any, template: str, arguments: Any, field: str
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    given = {"model": "google/veo-3", "parameters": {"prompt": "x"}, **arguments(template)}
    operator = rendered(KlingGenerateOperator(task_id="make", **given), x=None)
    with pytest.raises(AirflowFailException, match=f"{field}: must have a value"):
        operator.execute({"ti": task_instance})


@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
@pytest.mark.parametrize("model", PROMPTED)
def test_a_required_prompt_whose_template_has_no_value_is_refused_for_every_model(
    connect: Any, task_instance: Any, model: str
) -> None:
    """The host refuses connections: reaching it would be another error."""
    connect(host="http://127.0.0.1:9")
    parameters = dict.fromkeys(find_model(model).versions[0].fields, "{{ params.x }}")
    operator = KlingGenerateOperator(task_id="make", model=model, parameters=parameters)
    with pytest.raises(KlingRequestError) as caught:
        rendered(operator, x=None).execute({"ti": task_instance})
    assert ("prompt", "is required") in [(rule.field, rule.rule) for rule in caught.value.broken]


def test_a_text_that_says_none_stays_as_it_is() -> None:
    operator = rendered(video(prompt="None", aspect_ratio="None {{ params.x }}"), x=None)
    assert operator.rendered_parameters()["prompt"] == "None"
    assert operator.rendered_parameters()["aspect_ratio"] == "None None"


def test_a_template_without_a_value_deep_inside_is_left_out() -> None:
    operator = KlingGenerateOperator(
        task_id="make",
        model="google/veo-3",
        parameters={"prompt": "x", "deep": {"list": [{"seed": "{{ params.seed }}", "n": None}]}},
        extra_parameters={"negative": "{{ params.seed }}", "style": None},
    )
    rendered(operator, seed=None)
    assert operator.rendered_parameters()["deep"] == {"list": [{"n": None}]}
    assert operator._read_templated().extra_parameters == {"style": None}


def test_an_output_that_is_natively_rendered_as_none_stores_nothing() -> None:
    """A DAG decides so whether a run stores its results; as a text, the word None is no place for a file."""
    operator = video(output="{{ params.output or None }}")
    operator.output_uri = None
    assert operator._read_templated().output is None
    operator.output_uri = "None"
    with pytest.raises(KlingRequestError, match="output: must be the URI of a storage"):
        operator._read_templated()


def test_a_path_object_in_a_field_for_media_is_rendered_as_its_text(tmp_path: Path) -> None:
    operator = rendered(video(images=[tmp_path / "{{ params.x }}.png"]), x="still")
    assert operator.rendered_parameters()["images"] == [f"file://{tmp_path}/still.png"]


class Lazy(Sequence[Any]):
    """A sequence that is no list, as Airflow gives the results of a mapped task."""

    def __init__(self, *items: Any) -> None:
        self._items = items

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)


@pytest.mark.parametrize("argument", ["parameters", "extra_parameters"])
def test_results_of_a_mapped_task_are_plain_lists_at_any_depth(argument: str) -> None:
    results = {"deep": [{"stills": Lazy("https://a", Lazy("b"))}], "top": Lazy("https://c")}
    operator = KlingGenerateOperator(
        task_id="make", model="google/veo-3", **{"parameters": {"prompt": "x"}, argument: results}
    )
    read = operator.rendered_parameters() if argument == "parameters" else operator.extra_parameters
    assert read == {"deep": [{"stills": ["https://a", ["b"]]}], "top": ["https://c"]}


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


@pytest.mark.parametrize("field", ["max_bytes", "timeout", "min_balance"])
def test_a_value_that_cannot_be_shown_is_named_all_the_same(field: str) -> None:
    with pytest.raises(KlingRequestError, match=f"{field}: must be "):
        video(**{field: [10**5000]})


def test_a_number_of_any_size_is_taken_or_named() -> None:
    with pytest.raises(KlingRequestError, match=r"timeout: .*a value of type int that cannot be shown"):
        video(timeout=10**5000)
