"""Finding a model by its name: known ones, typos, others of the service, retired ones."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_kling.models
from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.models import (
    KlingModel,
    TextToImageRequest,
    UncheckedRequest,
    V26TextToVideoRequest,
    VideoO1Request,
    find_model,
    list_models,
    parse_request,
)

FOLDER = Path(airflow_provider_kling.models.__file__).parent / "facts"


@pytest.mark.parametrize("model", ["kling-video-o1", "kling/kling-video-o1"])
def test_a_model_is_found_with_and_without_its_provider(model: str) -> None:
    assert str(find_model(model).name) == "kling-video-o1"
    assert parse_request(model, {"prompt": "x"}) == VideoO1Request(prompt="x")


def test_the_list_has_each_model_once_and_each_is_found_by_its_name() -> None:
    models = list_models()
    assert len({model.name for model in models}) == len(models) > 0
    assert [find_model(str(model.name)) for model in models] == list(models)


@pytest.mark.parametrize("name", ["google/kling-video-o1", "kling/Kling-Video-O1", "kling/schema"])
def test_a_model_of_another_provider_or_case_is_not_one_of_kling(name: str) -> None:
    assert find_model(name).type is None


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("kling-v2-6-t2v", "kling-v2.6-t2v"),  # as in the address of its page
        ("kling-v2.6-tv2", "kling-v2.6-t2v"),
        ("Kling-Video-O1", "kling-video-o1"),
        ("kling-vide-o1", "kling-video-o1"),
        ("kolors-virtual-try-on-v1.5", "kolors-virtual-try-on-v1-5"),
    ],
)
def test_a_typo_is_refused_with_the_name_that_was_meant(typo: str, meant: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        find_model(typo)
    (rule,) = caught.value.broken
    assert (rule.field, rule.value) == ("model", typo)
    assert f"did you mean {meant!r}?" in rule.rule


@pytest.mark.parametrize("name", ["veo-3", "", "a/b/c", "google/", "/veo", "google/ve o", "../x", None, 5])
def test_a_name_that_is_no_model_is_refused_and_says_where_they_are_listed(name: Any) -> None:
    with pytest.raises(KlingRequestError, match=r"docs/models\.md") as caught:
        find_model(name)
    assert "did you mean" not in str(caught.value)


def test_another_model_of_the_service_is_sent_unchecked_with_one_warning() -> None:
    asked = {"prompt": "x", "seconds": 8, "camera": {"zoom": [1, None]}}
    with pytest.warns(KlingRequestWarning) as warned:
        request = parse_request("google/veo-3", {**asked, "seed": None})
    assert request.body() == asked
    assert (request.model.provider, request.model.slug) == ("google", "veo-3")
    (warning,) = warned
    assert str(warning.message) == (
        "google/veo-3: This release has no rules for it, so its fields are sent unchecked."
    )


def test_a_model_newer_than_this_release_passes_and_the_close_one_is_named() -> None:
    with pytest.warns(KlingRequestWarning, match=r"kling-v3\.1-t2v: .* Did you mean 'kling-v3-t2v'\?"):
        request = parse_request("kling/kling-v3.1-t2v", {"prompt": "x"})
    assert isinstance(request, UncheckedRequest)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"x", r"picture: must be plain JSON"),
        ({"of": [1, {1, 2}]}, r"picture\.of\[1\]: must be plain JSON"),
        (float("nan"), r"picture: must be a finite number"),
        (object(), r"picture: must be plain JSON"),
    ],
)
def test_what_json_cannot_say_is_not_sent_to_an_unknown_model(value: object, rule: str) -> None:
    with pytest.warns(KlingRequestWarning), pytest.raises(KlingRequestError, match=rule):
        parse_request("google/veo-3", {"prompt": "x", "picture": value})


@pytest.mark.parametrize(
    ("model", "parameters", "said"),
    [
        ("kling-v1.6-t2v", {"prompt": "x"}, "was retired on 2026-09-15.*Use 'kling-v3-t2v' instead"),
        ("kling-v1.6-mi2v", {"prompt": "x", "images": ["a"]}, "retired.*Use 'kling-video-o1-i2v' instead"),
        ("kolors-virtual-try-on-v1", {"human_image": "a", "cloth_image": "b"}, "retired.*No other model"),
        ("kling-v2-new-t2i", {"prompt": "x"}, "retired on 2026-09-15.*kling-v3-t2i"),
    ],
)
def test_a_retired_model_warns_and_names_its_successor(
    model: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.warns(KlingRequestWarning, match=said):
        assert parse_request(model, parameters).body() == parameters


def test_successors_are_known_and_not_retired() -> None:
    for model in list_models():
        if model.successor:
            successor = find_model(model.successor)
            assert successor.retired is None
            assert successor.output is model.output


def test_a_current_model_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_request("kling-v3-t2v", {"prompt": "x"})


@pytest.mark.parametrize(
    ("slug", "day"),
    [
        ("kling-v2.6-t2v", "2026-09-24"),
        ("kling-v2.5-turbo-t2v", "2026-09-24"),
        ("kling-v1-t2i", "2026-09-15"),
    ],
)
def test_every_model_of_v1_and_v2_is_retired(slug: str, day: str) -> None:
    assert str(find_model(slug).retired) == day
    others = {file.stem for file in FOLDER.glob("*.json") if file.stem.startswith(("kling-v1", "kling-v2"))}
    assert {one for one in others if find_model(one).retired is None} == set()


def test_a_model_that_has_only_left_the_documents_warns() -> None:
    facts = json.loads((FOLDER / "kling-v2-new-t2i.json").read_text())
    del facts["retired"]
    with pytest.warns(KlingRequestWarning, match="left the service's documents after 2026-04-04"):
        KlingModel.from_facts(facts).warn()


def test_parameters_are_held_to_the_models_rules() -> None:
    with pytest.raises(KlingRequestError, match="duration: must be 5 or 10; got 7"):
        parse_request("kling-video-o1", {"prompt": "x", "duration": 7})


def test_a_request_can_be_taken_to_another_model_with_its_fields() -> None:
    request = parse_request("kling-v2.6-t2v", V26TextToVideoRequest(prompt="x", sound="off"))
    assert request == V26TextToVideoRequest(prompt="x", sound="off")
    with pytest.raises(KlingRequestError, match="sound: is not a field of this model"):
        parse_request("kling-v1.6-t2v", request)


def test_a_request_that_several_models_take_has_to_be_told_which() -> None:
    request = TextToImageRequest(prompt="x")
    with pytest.raises(KlingRequestError, match=r"TextToImageRequest.*\n.*model: must be named"):
        _ = request.model
    assert parse_request("kling-v1.5-t2i", request).model.slug == "kling-v1.5-t2i"
