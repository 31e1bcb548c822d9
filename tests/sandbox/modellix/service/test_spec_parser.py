"""What to render for a request body: the fields of each API version, and their absence."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.sandbox.modellix.service.catalogue import Catalogue, PathForm, read_models
from airflow_provider_kling.sandbox.modellix.service.spec_parser import parse_spec
from airflow_provider_kling.sandbox.modellix.settings import AcceptedVersions
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, ImageSpec, MediaKind, VideoSpec
from airflow_provider_kling.sandbox.render.video.yuv_frame import FRAME_SIZES


def _spec(slug: str, form: PathForm, body: dict[str, Any]) -> VideoSpec:
    found = Catalogue(models=read_models(), accepts=AcceptedVersions.BOTH).find("kling", slug, form)
    assert found is not None
    spec = parse_spec(*found, {"prompt": "x", **body})
    assert isinstance(spec, VideoSpec)
    return spec


@pytest.mark.parametrize(
    ("body", "resolution", "aspect_ratio", "seconds", "audio"),
    [
        ({}, "1080p", None, 5, AudioSource.NONE),
        ({"mode": "std", "duration": 10, "sound": "on"}, "720p", None, 10, AudioSource.TONE),
        ({"mode": "pro", "aspect_ratio": "9:16"}, "1080p", "9:16", 5, AudioSource.NONE),
        ({"images": ["i"]}, "1080p", None, 5, AudioSource.NONE),
        ({"videos": ["v"]}, "1080p", None, None, AudioSource.NONE),  # as long as the video
    ],
)
def test_a_spec_of_the_fields_of_april(body, resolution, aspect_ratio, seconds, audio):
    spec = _spec("kling-video-o1", PathForm.ASYNC, body)
    assert (spec.resolution, spec.aspect_ratio, spec.seconds) == (resolution, aspect_ratio, seconds)
    assert spec.audio is audio
    given = {(entry.kind, entry.text) for entry in spec.inputs}
    assert given == {(kind, text) for kind in MediaKind for text in body.get(f"{kind}s", ())}


@pytest.mark.parametrize(
    ("slug", "body", "resolution", "aspect_ratio", "seconds", "audio"),
    [
        ("kling-video-o1", {"videos": ["v"]}, "720p", "16:9", 5, AudioSource.NONE),
        ("kling-video-o1", {"videos": ["v"], "duration": 7}, "720p", "16:9", 7, AudioSource.NONE),
        (
            "kling-video-o1",
            {"videos": ["v"], "audio": "original"},
            "720p",
            "16:9",
            5,
            AudioSource.SOURCE_VIDEO,
        ),
        ("kling-video-o1-t2v", {"resolution": "1080p"}, "1080p", "16:9", 5, AudioSource.NONE),
        ("kling-video-o1-i2v", {"images": ["i"]}, "720p", None, 5, AudioSource.NONE),
    ],
)
def test_a_spec_of_the_fields_of_august(slug, body, resolution, aspect_ratio, seconds, audio):
    spec = _spec(slug, PathForm.PLAIN, body)
    assert (spec.resolution, spec.aspect_ratio, spec.seconds) == (resolution, aspect_ratio, seconds)
    assert spec.audio is audio


def test_there_are_several_shots_only_on_request():
    parameters = {"multi_shot": True, "shot_type": "intelligence"}
    assert _spec("kling-video-o1", PathForm.ASYNC, parameters).multi_shot is True
    assert _spec("kling-video-o1", PathForm.ASYNC, {}).multi_shot is False
    assert _spec("kling-video-o1-t2v", PathForm.PLAIN, {}).multi_shot is False


@pytest.mark.parametrize(
    ("slug", "body", "resolution", "aspect_ratio", "seconds", "audio"),
    [
        ("kling-v2.6-t2v", {}, "720p", "16:9", 5, AudioSource.TONE),  # on by default
        ("kling-v2.6-i2v", {"image": "i"}, "720p", None, 5, AudioSource.NONE),
        ("kling-v3-i2v", {"image": "i", "sound": "on", "mode": "pro"}, "1080p", None, 5, AudioSource.TONE),
        ("kling-v2.1-master-t2v", {"duration": 10}, "1080p", "16:9", 10, AudioSource.NONE),
        ("kling-avatar", {"image": "i", "sound_file": "s"}, "720p", None, None, AudioSource.AUDIO_FILE),
        ("kling-avatar", {"image": "i", "audio_id": "a", "mode": "pro"}, "1080p", None, 5, AudioSource.TONE),
        ("kling-video-effects", {"effect_scene": "e", "image": "i"}, "720p", None, 5, AudioSource.NONE),
    ],
)
def test_a_spec_of_the_other_models_of_april(slug, body, resolution, aspect_ratio, seconds, audio):
    spec = _spec(slug, PathForm.ASYNC, body)
    assert (spec.resolution, spec.aspect_ratio, spec.seconds) == (resolution, aspect_ratio, seconds)
    assert spec.audio is audio


def test_v3_has_several_shots_by_default_in_august():
    assert _spec("kling-v3-t2v", PathForm.PLAIN, {}).multi_shot is True
    assert _spec("kling-v3-t2v", PathForm.PLAIN, {"multi_shot": False}).multi_shot is False
    assert _spec("kling-v3-t2v", PathForm.ASYNC, {}).multi_shot is False


def test_the_first_frame_comes_first_and_the_last_frame_last():
    spec = _spec("kling-v2.5-turbo-i2v", PathForm.PLAIN, {"image_tail": "z", "image": "a"})
    assert [(entry.name, entry.text) for entry in spec.inputs] == [("image", "a"), ("image_tail", "z")]
    assert spec.ends_with_last_image is True
    assert _spec("kling-v2.5-turbo-i2v", PathForm.PLAIN, {"image": "a"}).ends_with_last_image is False


def test_v3_takes_a_last_frame_in_augusts_fields():
    spec = _spec("kling-v3-i2v", PathForm.PLAIN, {"image": "a", "image_tail": "z", "audio": "native"})
    assert [entry.text for entry in spec.inputs] == ["a", "z"]
    assert (spec.ends_with_last_image, spec.resolution, spec.audio) == (True, "720p", AudioSource.TONE)


def test_turbo_comes_with_an_audio_track_that_nobody_asked_for():
    assert _spec("kling-v3-turbo-t2v", PathForm.PLAIN, {}).audio is AudioSource.TONE


def test_masks_are_no_input_images():
    spec = _spec("kling-v1-i2v", PathForm.PLAIN, {"image": "a", "static_mask": "m"})
    assert [entry.name for entry in spec.inputs] == ["image"]


def test_the_name_of_an_effect_is_its_prompt():
    found = Catalogue(models=read_models(), accepts=AcceptedVersions.BOTH).find(
        "kling", "kling-video-effects", PathForm.PLAIN
    )
    assert found is not None
    assert parse_spec(*found, {"effect_scene": "hug_pro", "images": ["a", "b"]}).prompt == "hug_pro"


UNUSABLE: dict[str, Any] = {
    "prompt": 5,
    "duration": "10",
    "resolution": "8k",
    "mode": ["pro"],
    "aspect_ratio": {"a": 1},
    "audio": True,
    "sound": None,
    "multi_shot": "yes",
    "image": 1,
    "images": [None, "", 2],
    "n": True,
}


@pytest.mark.parametrize("slug", ["kling-v3-turbo-t2v", "kling-v3-omni-i2v", "kling-v2.1-master-t2v"])
def test_an_unusable_value_counts_as_absent(slug: str):
    nothing = _spec(slug, PathForm.PLAIN, {"prompt": ""})
    assert _spec(slug, PathForm.PLAIN, UNUSABLE) == nothing
    assert _spec(slug, PathForm.PLAIN, {"prompt": "", "duration": True}) == nothing
    assert nothing.seconds == 5


def test_where_rules_are_inferred_the_known_fields_are_read():
    body = {
        "images": ["a", "b"],
        "audio": "native",
        "duration": 12,
        "resolution": "4k",
        "aspect_ratio": "9:16",
    }
    spec = _spec("kling-v3-turbo-i2v", PathForm.PLAIN, body)
    assert [entry.text for entry in spec.inputs] == ["a", "b"]
    assert (spec.resolution, spec.aspect_ratio, spec.seconds) == ("4k", "9:16", 12)
    assert spec.audio is AudioSource.TONE


def test_a_field_that_the_model_does_not_have_is_not_read():
    spec = _spec("kling-video-o1", PathForm.ASYNC, {"resolution": "4k", "image_tail": "z"})
    assert (spec.resolution, spec.inputs) == ("1080p", ())


def test_every_offer_has_enough_defaults_for_a_spec():
    growth = {f"{side}_expansion_ratio": 0 for side in ("up", "down", "left", "right")}
    for model, _ in Catalogue(models=read_models(), accepts=AcceptedVersions.BOTH).listed():
        for offer in model.offers.values():
            spec = parse_spec(model, offer, growth)
            if isinstance(spec, VideoSpec):
                assert (spec.resolution in FRAME_SIZES, spec.seconds) == (True, 5), model.slug
            elif isinstance(spec, ImageSpec):
                assert (spec.resolution, spec.count) == ("1k", 1), model.slug
