"""Which API version a request is for: its distinctive fields tell, else the caller, else it is the oldest."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.models import (
    ImageO1FixedRatioRequest,
    ImageO1Request,
    find_model,
    list_models,
    parse_request,
)

OLD, NEW = "2026-04", "2026-08"

pytestmark = pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")


@pytest.mark.parametrize("asked", [None, OLD, NEW])
@pytest.mark.parametrize(
    ("model", "parameters", "api_version"),
    [
        ("kling-video-o1", {"prompt": "x", "mode": "std"}, OLD),
        ("kling-video-o1", {"prompt": "x", "videos": ["a"], "resolution": "720p"}, NEW),
        ("kling-v3-t2v", {"prompt": "x", "sound": "on"}, OLD),
        ("kling-v3-t2v", {"prompt": "x", "audio": "native", "resolution": "4k"}, NEW),
        ("kling-v3-t2v", {"prompt": "x", "multi_shot": False}, NEW),
        ("kling-v3-i2v", {"prompt": "x", "image": "a", "image_tail": "b"}, NEW),
        ("kling-v3-i2v", {"prompt": "x", "image": "a", "cfg_scale": 0.5}, OLD),
        ("kling-v3-t2v", {"prompt": "x", "multi_shot": False, "sound": None}, NEW),
        # Models in one API version, whatever is asked for.
        ("kling-video-o1-t2v", {"prompt": "x"}, NEW),
        ("kling-v3-turbo-i2v", {"prompt": "x", "unheard": 1}, NEW),
        ("kling-avatar", {"image": "a", "sound_file": "b"}, OLD),
    ],
)
def test_distinctive_fields_tell_the_api_version_whatever_is_asked_for(
    model: str, parameters: dict[str, Any], api_version: str, asked: str | None
) -> None:
    assert parse_request(model, parameters, api_version=asked).api_version == api_version


@pytest.mark.parametrize(
    ("asked", "request_class"),
    [
        (None, ImageO1Request),
        (OLD, ImageO1Request),
        (NEW, ImageO1FixedRatioRequest),
        ("2030-01", ImageO1Request),
    ],
)
def test_without_distinctive_fields_the_caller_chooses_and_the_oldest_is_the_default(
    asked: str | None, request_class: type
) -> None:
    request = parse_request("kling-image-o1", {"prompt": "x", "n": 2}, api_version=asked)
    assert type(request) is request_class


def test_the_rules_are_those_of_the_chosen_api_version() -> None:
    parameters = {"prompt": "x", "aspect_ratio": "auto"}
    assert parse_request("kling-image-o1", parameters).body() == parameters
    with pytest.raises(KlingRequestError, match="aspect_ratio: must be '16:9'"):
        parse_request("kling-image-o1", parameters, api_version=NEW)


def test_fields_of_two_api_versions_are_refused_and_each_is_named() -> None:
    mixed = {"prompt": "x", "mode": "std", "sound": "on", "resolution": "720p", "audio": "off"}
    with pytest.raises(KlingRequestError) as caught:
        parse_request("kling-v3-t2v", mixed, api_version=NEW)
    assert caught.value.subject == "kling-v3-t2v"
    text = str(caught.value)
    assert [rule.field for rule in caught.value.broken] == ["audio", "resolution"]
    assert "resolution: is a field of API version 2026-08, but mode, sound of 2026-04; " in text


def test_the_fewer_fields_are_the_ones_to_change() -> None:
    mixed = {"prompt": "x", "mode": "std", "resolution": "720p", "audio": "off"}
    with pytest.raises(KlingRequestError) as caught:
        parse_request("kling-v3-t2v", mixed)
    assert [rule.field for rule in caught.value.broken] == ["mode"]


def test_while_a_dag_is_parsed_a_mixture_is_refused_unless_a_template_may_leave_a_field_out() -> None:
    model = find_model("kling-v3-t2v")
    mixed = {"prompt": "{{ p }}", "mode": "std", "resolution": "{{ r }}"}
    with pytest.raises(KlingRequestError, match="is a field of API version"):
        model.check_known(mixed, unknown=frozenset({"prompt"}))
    model.check_known(mixed, unknown=frozenset({"prompt", "resolution"}))


def test_fields_are_distinctive_only_among_the_api_versions_of_one_model() -> None:
    old, new = find_model("kling-v3-t2v").versions
    assert find_model("kling-v3-t2v").distinctive_fields(new) == {"audio", "multi_shot", "resolution"}
    assert find_model("kling-v3-t2v").distinctive_fields(old) == {
        *("mode", "sound", "cfg_scale", "negative_prompt")
    }
    for model in list_models():
        for version in model.versions:
            others = [one for one in model.versions if one is not version]
            found = model.distinctive_fields(version)
            assert found <= version.fields
            assert all(found.isdisjoint(other.fields) for other in others)
