"""A rule that no document states never refuses a request: it warns, and the request is sent as it is."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.models import find_model, parse_request


@pytest.mark.parametrize(
    ("model", "parameters", "named"),
    [
        ("kling-v2-master-t2v", {"prompt": "x", "duration": 7}, "duration: must be 5 or 10; got 7"),
        ("kling-v2-master-t2v", {"duration": 5}, "prompt: is required"),
        ("kling-v2-master-t2v", {"prompt": "x", "mode": "pro"}, "mode: is not a field of this model"),
        ("kling-v2-i2i", {"prompt": "x", "image": "a", "n": "3"}, "n: must be a whole number; got '3'"),
        ("kling-v2.5-turbo-t2v", {"prompt": "x", "aspect_ratio": "4:3"}, "aspect_ratio: must be '16:9'"),
        ("kling-v3-omni-t2v", {"prompt": "x", "duration": 20}, "duration: must be 3, 4, 5"),
        ("kling-v3-omni-video", {"prompt": "x", "videos": ["a"], "resolution": "8k"}, "resolution: must be"),
    ],
)
def test_a_model_whose_documents_were_never_seen_refuses_nothing(
    model: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.warns(KlingRequestWarning) as warned:
        request = parse_request(model, parameters)
    assert request.body() == parameters
    assert str(request.model) == model
    assert any(f"\n  - {named}" in str(one.message) for one in warned)


@pytest.mark.parametrize(
    ("model", "parameters", "named"),
    [
        ("kling-video-o1", {"prompt": "x", "images": ["a"] * 8}, "images should have at most 7 items"),
        ("kling-video-o1-t2v", {"prompt": "x" * 2501}, "prompt should have at most 2500 characters"),
        ("kling-v3-omni-image", {"prompt": "x", "n": 10}, "n should be at most 9"),
        ("kling-v3-omni-image", {"prompt": "x", "series_amount": 1}, "series_amount should be at least 2"),
        ("kling-v3-omni-image", {"prompt": "x", "resolution": "8k"}, "resolution should be one of .*4k"),
        ("kling-v2-mi2i", {"prompt": "x", "aspect_ratio": "5:4"}, "aspect_ratio should be one of .*21:9"),
        ("kling-v3-turbo-t2v", {"prompt": "x", "duration": 16}, "duration should be at most 15"),
        ("kling-v3-turbo-t2v", {"prompt": "x" * 3073}, "prompt should have at most 3072 characters"),
    ],
)
def test_an_inferred_bound_of_a_documented_model_warns(
    model: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.warns(KlingRequestWarning, match=f"{model}: {named}, as far as can be inferred"):
        assert parse_request(model, parameters).body() == parameters


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("kling-video-o1", {"prompt": "x", "images": ["a"] * 7}),
        ("kling-video-o1-t2v", {"prompt": "x" * 2500}),
        ("kling-v3-omni-image", {"prompt": "x", "n": 9, "series_amount": 9, "resolution": "4k"}),
        ("kling-v3-turbo-t2v", {"prompt": "x", "aspect_ratio": "9:16", "duration": 15}),
        ("kling-v3-omni-t2v", {"prompt": "x", "duration": 15, "resolution": "4k"}),
    ],
)
def test_within_the_inferred_bounds_nothing_is_said(model: str, parameters: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_request(model, parameters).body() == parameters


def test_a_documented_rule_of_the_same_model_is_still_a_rule() -> None:
    with pytest.raises(KlingRequestError, match="result_type: must be 'single' or 'series'"):
        parse_request("kling-v3-omni-image", {"prompt": "x", "n": 10, "result_type": "many"})


@pytest.mark.parametrize(
    ("field", "value"), [("audio", "native"), ("audio", "off"), ("multi_shot", True), ("resolution", "4k")]
)
def test_what_the_documents_say_turbo_does_not_take_is_refused(field: str, value: object) -> None:
    with pytest.raises(KlingRequestError, match=f"kling-v3-turbo-t2v(.|\n)*{field}: "):
        parse_request("kling-v3-turbo-t2v", {"prompt": "x", field: value})


def test_an_effect_that_does_nothing_is_warned_of() -> None:
    asked = {"prompt": "x", "image": "a", "human_fidelity": 0.5}
    with pytest.warns(KlingRequestWarning, match="human_fidelity has no effect"):
        assert parse_request("kling-v1.5-i2i", asked).body() == asked
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*no effect")
        parse_request("kling-v1.5-i2i", {**asked, "image_reference": "subject"})


def test_while_a_dag_is_parsed_only_what_is_certain_is_warned_of() -> None:
    model = find_model("kling-v3-omni-t2v")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.check_known({"prompt": "{{ p }}", "duration": 5}, unknown=frozenset({"prompt"}))
    with pytest.warns(KlingRequestWarning, match="duration: must be 3, 4"):
        model.check_known({"prompt": "{{ p }}", "duration": 20}, unknown=frozenset({"prompt"}))
