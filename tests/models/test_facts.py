"""Request classes agree with the facts of their models: fields, bounds, defaults, files, texts."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_kling.models
from airflow_provider_kling.catalogue.drift import FieldRules, field_rules, rule_differences
from airflow_provider_kling.models import (
    Certainty,
    KlingModel,
    KlingRequest,
    ModelVersion,
    UncheckedRequest,
    V26TextToVideoRequest,
    find_model,
    list_models,
)

FOLDER = Path(airflow_provider_kling.models.__file__).parent / "facts"
VERSIONS = [(model, version) for model in list_models() for version in model.versions]
each_version = pytest.mark.parametrize(
    ("model", "version"), VERSIONS, ids=[f"{model.slug} {version.api_version}" for model, version in VERSIONS]
)


def annotations(schema: Any) -> dict[str, Any]:
    """Return the client's keywords of the fact files, which no service publishes, from any depth."""
    found: dict[str, Any] = {}
    for name, inner in enumerate(schema) if isinstance(schema, list) else dict(schema).items():
        if name in ("x-media", "x-prompt", "x-inferred"):
            found |= {} if inner is None else {name: inner}
        elif isinstance(inner, dict | list):
            found |= annotations(inner)
    return found


def all_rules(schema: Any) -> dict[str, FieldRules]:
    fields = schema["properties"]
    return {name: rules | annotations(fields[name]) for name, rules in field_rules(schema).items()}


def differences(version: ModelVersion, schema: Any) -> list[str]:
    return list(rule_differences(all_rules(version.request_class.model_json_schema()), all_rules(schema)))


@each_version
def test_a_request_class_has_the_rules_of_each_model_that_it_serves(
    model: KlingModel, version: ModelVersion
) -> None:
    assert differences(version, version.schema) == []


@pytest.mark.parametrize(
    ("field", "change", "told"),
    [
        ("prompt", {"maxLength": 3}, "prompt: maxLength is 2500 here, 3 at the service"),
        ("prompt", {"x-prompt": None}, "prompt: x-prompt is True here, not given at the service"),
        ("images", {"items": {"type": "string", "x-media": "video"}}, "images: x-media is 'image' here"),
        ("images", {"x-inferred": {"maxItems": 9}}, "images: x-inferred is {'maxItems': 7} here"),
        ("duration", {"enum": [5, 7]}, "duration: enum is [5, 10] here, [5, 7] at the service"),
        ("sound", {"default": "on"}, "sound: default is 'off' here, 'on' at the service"),
    ],
)
def test_each_rule_of_a_field_is_compared(field: str, change: dict[str, Any], told: str) -> None:
    version = find_model("kling-video-o1").versions[0]
    schema = copy.deepcopy(dict(version.schema))
    schema["properties"][field] |= change
    assert any(line.startswith(told) for line in differences(version, schema))


def test_every_request_class_serves_a_model() -> None:
    used = {version.request for _, version in VERSIONS} | {"KlingRequest", "UncheckedRequest"}
    exported = {name for name in dir(airflow_provider_kling.models) if name.endswith("Request")}
    assert exported == used


@pytest.mark.parametrize("request_class", sorted({version.request_class for _, version in VERSIONS}, key=str))
def test_no_request_class_says_that_its_models_are_others(request_class: type[KlingRequest]) -> None:
    bases = {base for base in request_class.__mro__ if base.__name__ in dir(airflow_provider_kling.models)}
    assert bases == {request_class, KlingRequest}


def test_a_class_that_is_derived_from_one_of_a_model_makes_requests_for_that_model() -> None:
    class OwnRequest(V26TextToVideoRequest):
        pass

    request = OwnRequest(prompt="x")
    assert (str(request.model), request.api_version) == ("kling-v2.6-t2v", "2026-04")


@each_version
def test_a_class_makes_requests_only_for_a_model_that_it_serves(
    model: KlingModel, version: ModelVersion
) -> None:
    request_class = version.request_class
    serves = {one.slug for one in list_models() for own in one.versions if own.request == version.request}
    if request_class.default_model is None:
        assert len(serves) > 1, "a class of one model names it"
    else:
        assert request_class.default_model in serves


# Fields that no schema requires, but a rule between fields does.
NEEDED = {
    "kling-avatar": {"sound_file": "b"},
    "kling-video-effects": {"image": "a"},
    "kling-lip-sync": {"sound_file": "b", "sound_end_time": 2000},
    "kling-multi-elements": {"edit_mode": "removal"},
    "kling-video-to-audio": {"video": "a"},
}


def smallest(model: KlingModel, request: type[KlingRequest]) -> dict[str, Any]:
    """Return the parameters without which there is no request."""
    values: dict[str, Any] = {
        "prompt": "x",
        "effect_scene": "x",
        "image": "a",
        "images": ["a"],
        "element_ids": ["1"],
        "videos": ["a"],
        "video": "a",
        "video_id": "1",
        "session_id": "1",
        "face_id": "1",
        "text": "x",
        "voice_id": "1",
        "voice_language": "en",
        "character_orientation": "video",
        "duration": 3.0,
        **dict.fromkeys(("sound_start_time", "sound_end_time", "sound_insert_time"), 0),
    }
    names = [name for name, field in request.model_fields.items() if field.is_required()]
    return {**{name: values.get(name, 1.0) for name in names}, **NEEDED.get(model.slug, {})}


@pytest.mark.parametrize(
    ("model", "version"),
    [one for one in VERSIONS if one[1].request_class.default_model == one[0].slug],
    ids=lambda one: getattr(one, "slug", getattr(one, "request", "")),
)
def test_a_request_made_by_its_class_is_the_one_that_is_parsed(
    model: KlingModel, version: ModelVersion
) -> None:
    values = smallest(model, version.request_class)
    made = version.request_class(**values)
    assert (made.model, made.api_version) == (model.name, version.api_version)
    assert made.media_limits == version.media_limits
    assert made == model.parse(values, api_version=version.api_version)


def test_the_facts_of_a_model_are_read_as_its_file_has_them() -> None:
    model = find_model("kling-v3-omni-video")
    facts = json.loads((FOLDER / "kling-v3-omni-video.json").read_text())
    assert [version.api_version for version in model.versions] == list(facts["api_versions"])
    for version in model.versions:
        said = facts["api_versions"][version.api_version]
        assert (version.certainty, list(version.sources)) == (said["certainty"], said["sources"])
        assert version.is_enforced is (version.certainty is Certainty.DOCUMENTED)
        assert version.price is not None
        assert version.price.usd == said["price"]["usd"]
    assert model.expected_s == tuple(facts["expected_seconds"])
    assert model.fields == {
        name for said in facts["api_versions"].values() for name in said["schema"]["properties"]
    }


def test_the_limits_of_files_are_read_by_media_type() -> None:
    limits = find_model("kling-video-o1").versions[1].media_limits
    assert {str(kind) for kind in limits} == {"image", "video"}
    (video,) = (limit for kind, limit in limits.items() if kind == "video")
    assert (video.min_side, video.max_side, video.max_bytes) == (700, 2160, 200 * 1024**2)
    assert (video.min_seconds, video.max_seconds, video.min_fps, video.max_fps) == (3, 10, 24, 60)
    assert (video.formats, video.max_ratio) == (None, None)


def test_of_a_model_that_is_not_known_there_are_no_facts() -> None:
    (version,) = find_model("google/veo-3").versions
    assert version.request_class is UncheckedRequest
    assert (version.api_version, version.fields, version.media_limits) == (None, frozenset(), {})
