"""What each string of a request holds is what its field declares, not what its name sounds like."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import (
    BodyString,
    Media,
    PromptText,
    body_strings,
    list_models,
    parse_request,
)

IMAGE, VIDEO, AUDIO, UNKNOWN = (Media(kind) for kind in (*MediaType, None))
TEXT = PromptText()

pytestmark = pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")


def held(model: str, parameters: dict[str, Any], **more: Any) -> dict[str, Media | PromptText | None]:
    request = parse_request(model, parameters)
    body = {**request.body(), **more} if more else None
    return {one.name: one.holds for one in body_strings(request, body)}


def test_files_and_texts_are_told_from_other_strings() -> None:
    parameters = {"prompt": "x", "images": ["a", "b"], "videos": ["c"], "mode": "std", "multi_shot": False}
    assert held("kling-video-o1", parameters) == {
        "prompt": TEXT,
        "images[0]": IMAGE,
        "images[1]": IMAGE,
        "videos[0]": VIDEO,
        "mode": None,
    }


@pytest.mark.parametrize(
    ("model", "parameters", "files"),
    [
        (
            "kling-avatar",
            {"image": "a", "sound_file": "b", "prompt": "x"},
            {"image": IMAGE, "sound_file": AUDIO},
        ),
        ("kling-v2.6-i2v", {"image": "a", "voice_ids": ["s3://v"], "sound": "on"}, {"image": IMAGE}),
        ("kling-video-effects", {"effect_scene": "s3://e", "image": "a"}, {"image": IMAGE}),
        ("kling-v1-t2v", {"prompt": "x", "camera_control": {"type": "s3://c"}}, {}),
        (
            "kolors-virtual-try-on-v1-5",
            {"human_image": "a", "cloth_image": "b"},
            {"human_image": IMAGE, "cloth_image": IMAGE},
        ),
    ],
)
def test_only_fields_that_hold_files_are_files(
    model: str, parameters: dict[str, Any], files: dict[str, Media]
) -> None:
    found = held(model, parameters)
    assert {name: holds for name, holds in found.items() if isinstance(holds, Media)} == files


def test_a_file_is_found_at_any_depth() -> None:
    masks = [{"mask": "a", "trajectories": [{"x": 1}]}, {"mask": {"prompt": "b"}}]
    strings = list(body_strings(parse_request("kling-v1-i2v", {"image": "i", "dynamic_masks": masks})))
    assert strings[1:] == [
        BodyString(path=("dynamic_masks", 0, "mask"), value="a", holds=IMAGE),
        BodyString(path=("dynamic_masks", 1, "mask", "prompt"), value="b", holds=IMAGE),
    ]
    assert [one.name for one in strings] == ["image", "dynamic_masks[0].mask", "dynamic_masks[1].mask.prompt"]


def test_what_no_class_declares_may_be_a_file_of_any_type_unless_it_is_called_a_prompt() -> None:
    asked = {
        "prompt": "s3://is a place",
        "style": ["s3://bucket/a.png"],
        "shots": [{"prompt": "x", "negative_prompt": "y", "picture": "z", "video_prompt_file": "p"}],
        "tuple": ("t", 5),
    }
    assert held("google/veo-3", asked) == {
        "prompt": TEXT,
        "style[0]": UNKNOWN,
        "shots[0].prompt": TEXT,
        "shots[0].negative_prompt": TEXT,
        "shots[0].picture": UNKNOWN,
        "shots[0].video_prompt_file": UNKNOWN,
        "tuple[0]": UNKNOWN,
    }


def test_extra_parameters_are_not_declared_but_do_not_change_what_is() -> None:
    found = held("kling-video-o1", {"prompt": "x", "images": ["a"]}, seed="s", negative_prompt="n")
    assert found == {"prompt": TEXT, "images[0]": IMAGE, "seed": UNKNOWN, "negative_prompt": TEXT}


def test_an_unchecked_request_of_a_known_model_keeps_what_its_class_declares() -> None:
    asked = {"prompt": "x", "images": ["a"], "duration": 60, "resolution": "8k", "style": "s"}
    assert held("kling-v3-turbo-i2v", asked) == {
        "prompt": TEXT,
        "images[0]": IMAGE,
        "resolution": None,
        "style": UNKNOWN,
    }


# They take an earlier result by its id at the platform.
BY_ID = {"kling-lip-sync", "kling-video-extension", "kling-multi-elements"}


def test_every_model_that_makes_something_of_a_file_declares_one() -> None:
    for model in list_models():
        if model.slug in BY_ID:
            continue
        takes = str(model.type).partition("-to-")[0]
        found = [kind for version in model.versions for kind in _declared(version.request_class)]
        assert (takes == "text") or MediaType(takes) in found, model.slug


def _declared(request: type) -> list[MediaType]:
    schema = str(request.model_json_schema())  # type: ignore[attr-defined]
    return [kind for kind in MediaType if f"'x-media': '{kind}'" in schema]
