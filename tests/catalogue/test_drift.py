"""What differs between this release and a published schema is told, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from airflow_provider_kling.catalogue.drift import differences, field_rules
from airflow_provider_kling.models import VideoO1EditRequest, VideoO1Request, find_model

AVATAR: dict[str, Any] = {
    "type": "object",
    "required": ["image"],
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string", "minLength": 1, "description": "Portrait."},
        "audio_id": {"type": "string"},
        "sound_file": {"type": "string"},
        "prompt": {"type": "string", "minLength": 1, "maxLength": 2500},
        "mode": {"type": "string", "enum": ["pro", "std"], "default": "std"},
    },
    "allOf": [{"if": {"required": ["audio_id"]}, "then": {"properties": {"sound_file": False}}}],
}


def drift(change: Any, schema: dict[str, Any] = AVATAR, model: str = "kling-avatar") -> list[str]:
    published = copy.deepcopy(schema)
    change(published)
    return differences(find_model(model), published)


def test_the_documented_schema_does_not_differ() -> None:
    assert drift(lambda schema: None) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda schema: schema["properties"]["prompt"].update(maxLength=3000),
            "prompt: maxLength is 2500 here, 3000 at the service",
        ),
        (
            lambda schema: schema["properties"]["mode"].update(enum=["std", "pro", "4k"]),
            "mode: enum is ['std', 'pro'] here, ['std', 'pro', '4k'] at the service",
        ),
        (
            lambda schema: schema["properties"]["mode"].update(default="pro"),
            "mode: default is 'std' here, 'pro' at the service",
        ),
        (
            lambda schema: schema["required"].append("sound_file"),
            "sound_file: required is False here, True at the service",
        ),
        (
            lambda schema: schema["properties"].update(voice={"type": "string"}),
            "voice: is at the service, but this release does not know it",
        ),
        (lambda schema: schema["properties"].pop("audio_id"), "audio_id: is not at the service"),
        (
            lambda schema: schema["properties"]["image"].update(type="array", items={"type": "string"}),
            "image: type is 'string' here, 'array' at the service",
        ),
    ],
)
def test_each_change_is_told_with_its_field(change: Any, told: str) -> None:
    assert f"{told} (2026-04)" in drift(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema["properties"]["mode"].pop("default"),
        lambda schema: schema["properties"]["image"].pop("minLength"),
        lambda schema: schema["properties"]["sound_file"].update(minLength=1),
        lambda schema: schema.pop("allOf"),
        lambda schema: schema["properties"]["image"].update(description="Another text."),
    ],
)
def test_what_changes_nothing_that_is_sent_is_not_told(change: Any) -> None:
    assert drift(change) == []


def test_items_of_lists_are_compared_too() -> None:
    schema = VideoO1Request.model_json_schema()
    told = drift(
        lambda schema: schema["properties"].update(
            videos={"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "object"}}
        ),
        schema,
        "kling-video-o1",
    )
    assert told == ["videos[]: type is 'string' here, 'object' at the service (2026-04)"]


@pytest.mark.parametrize("request_class", [VideoO1Request, VideoO1EditRequest])
def test_the_api_version_that_fits_is_the_one_compared(request_class: Any) -> None:
    assert differences(find_model("kling-video-o1"), request_class.model_json_schema()) == []


def test_a_range_and_a_list_of_its_numbers_are_the_same() -> None:
    as_list = {"properties": {"n": {"type": "integer", "enum": [3, 4, 5]}}}
    as_range = {"properties": {"n": {"type": "integer", "minimum": 3, "maximum": 5}}}
    with_gap = {"properties": {"n": {"type": "integer", "enum": [3, 5]}}}
    assert field_rules(as_list) == field_rules(as_range) != field_rules(with_gap)
