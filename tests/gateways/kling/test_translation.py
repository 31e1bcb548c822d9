"""An author's fields in the platform's own: each example of its documents, and what cannot be expressed."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.kling import KlingGateway
from airflow_provider_kling.gateways.kling.gateway import LEGACY as LEGACY_VERSION
from airflow_provider_kling.gateways.kling.gateway import NEW as NEW_VERSION
from airflow_provider_kling.models import list_models, parse_request
from tests.gateways.kling.examples import IMAGE, LEGACY, LEGACY_VIDEOS, NEW, OTHER, VIDEO, WORDS, Example

pytestmark = pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")

# Kling withdrew them, or never offered them here (docs: updates; image-generation).
NOT_OFFERED = {
    *("kling-v1-t2v", "kling-v1-i2v", "kling-v1-t2i", "kling-v1-i2i", "kling-v1.5-t2i", "kling-v1.5-i2i"),
    *("kling-v2-t2i", "kling-v2-i2i", "kling-v2-new-t2i", "kling-v2-new-i2i", "kling-v2-mi2i"),
}
ONLY_NEW = {"kling-v3-turbo-t2v", "kling-v3-turbo-i2v"}


VOICED = {"image": IMAGE, "mode": "pro"}
MOTION = {"image": IMAGE, "video": VIDEO, "character_orientation": "video"}
SIDES = [f"{side}_expansion_ratio" for side in ("up", "down", "left", "right")]


def encode(
    model: str, given: Any, *, api_version: str = NEW_VERSION, extra: dict[str, Any] | None = None
) -> EncodedRequest:
    gateway = make_gateway(name="kling", api_version=api_version)
    return gateway.encode(parse_request(model, given), extra_parameters=extra)


def refused(model: str, given: Any, **options: Any) -> dict[str, str]:
    """Return the rules that are broken, by field."""
    with pytest.raises(KlingRequestError) as caught:
        encode(model, given, **options)
    return {rule.field: rule.rule for rule in caught.value.broken}


def name(example: Example) -> str:
    return f"{example.model}: {', '.join(example.given)}"


@pytest.mark.parametrize("example", [*NEW, *LEGACY], ids=name)
def test_each_example_is_sent_as_the_documents_show_it(example: Example) -> None:
    encoded = encode(example.model, example.given)
    assert (encoded.path, encoded.body) == (example.path, example.body)


@pytest.mark.parametrize("example", [*LEGACY_VIDEOS, *LEGACY], ids=name)
def test_with_an_access_key_each_example_is_in_the_legacy_standard(example: Example) -> None:
    encoded = encode(example.model, example.given, api_version=LEGACY_VERSION)
    assert (encoded.path, encoded.body) == (example.path, example.body)


@pytest.mark.parametrize("example", [*NEW, *LEGACY, *LEGACY_VIDEOS], ids=name)
def test_each_file_can_be_replaced_where_it_is_sent(example: Example) -> None:
    """So a file of the user's storage is sent inline, whichever field it is in."""
    version = LEGACY_VERSION if example in LEGACY_VIDEOS else NEW_VERSION
    encoded = encode(example.model, example.given, api_version=version)
    assert str(encoded.body).count("https://") == len(encoded.media)
    replaced = encoded.with_media({one.path: "new" for one in encoded.media})
    assert "https://" not in str(replaced.body)
    assert str(replaced.body).count("'new'") == len(encoded.media)


def test_every_model_of_the_catalogue_is_offered_or_refused_by_name() -> None:
    for model in list_models():
        for version, missing in ((NEW_VERSION, NOT_OFFERED), (LEGACY_VERSION, NOT_OFFERED | ONLY_NEW)):
            gateway = make_gateway(name="kling", api_version=version)
            assert isinstance(gateway, KlingGateway)
            if model.slug in missing:
                with pytest.raises(KlingRequestError, match=r"model: (is not offered|is not in the legacy)"):
                    gateway.recovery_of(model.slug, gateway=gateway.label)
            else:
                gateway.recovery_of(model.slug, gateway=gateway.label)


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        ("kling-video-o1", {"prompt": "x", "sound": "on"}, "sound"),
        ("kling-video-o1", {"prompt": "x", "multi_shot": True, "shot_type": "intelligence"}, "multi_shot"),
        ("kling-video-o1", {"prompt": "x", "images": [IMAGE] * 5, "videos": [VIDEO]}, "images"),
        ("kling-video-o1-omni", {"prompt": "x", "images": [IMAGE] * 5, "feature_video": VIDEO}, "images"),
        (
            "kling-video-o1-omni",
            {"prompt": "x", "images": [IMAGE], "element_ids": ["1"] * 4, "base_video": VIDEO},
            "images",
        ),
        ("kling-v3-omni", {"prompt": "x", "element_ids": ["1"] * 5, "base_video": VIDEO}, "element_ids"),
        ("kling-v3-omni", {"prompt": "x", "element_ids": ["1"] * 4, "first_frame": IMAGE}, "element_ids"),
        (
            "kling-v3-omni-video",
            {"prompt": "x", "videos": [VIDEO], "multi_shot": True, "shot_type": "intelligence"},
            "multi_shot",
        ),
        ("kling-v3-t2v", {"prompt": "x", "negative_prompt": "y"}, "negative_prompt"),
        ("kling-v3-t2v", {"prompt": "x", "cfg_scale": 0.5}, "cfg_scale"),
        ("kling-v3-i2v", {"prompt": "x", "image": IMAGE, "aspect_ratio": "1:1"}, "aspect_ratio"),
        ("kling-v3-turbo-i2v", {"prompt": "x", "images": [IMAGE, OTHER]}, "images"),
        ("kling-v3-turbo-i2v", {"prompt": "x", "images": [IMAGE], "audio": "off"}, "audio"),
        ("kling-v2.6-t2v", {"prompt": "x", "sound": "on"}, "sound"),
        ("kling-v2.6-t2v", {"prompt": "x", "sound": "on", "mode": "std"}, "sound"),
        ("kling-v2.6-i2v", {"image": IMAGE, "image_tail": OTHER}, "image_tail"),
        ("kling-v2.6-i2v", {"image": IMAGE, "static_mask": OTHER}, "static_mask"),
        ("kling-v2.6-i2v", {**VOICED, "voice_ids": ["1", "2", "3"], "sound": "on"}, "voice_ids"),
        ("kling-v2.6-i2v", {**VOICED, "voice_ids": ["1"]}, "voice_ids"),
        ("kling-image-expansion", {"image": IMAGE, **dict.fromkeys(SIDES, 0.5)}, "up_expansion_ratio"),
        ("kling-v2.5-turbo-i2v", {"image": IMAGE, "image_tail": OTHER, "mode": "std"}, "image_tail"),
        ("kling-video-effects", {"effect_scene": "a", "image": IMAGE, "duration": 5}, "duration"),
        ("kling-v3-omni-image", {"prompt": "x", "element_ids": ["one"]}, "element_ids"),
    ],
)
def test_what_cannot_be_expressed_is_named_in_the_authors_words(
    model: str, given: dict[str, Any], field: str
) -> None:
    assert list(refused(model, given)) == [field]


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        ("kling-video-o1-t2v", {"prompt": "x", "duration": 3}, "duration"),
        ("kling-video-o1-omni", {"prompt": "x", "element_ids": ["1"], "duration": 3}, "duration"),
        ("kling-video-o1-omni", {"prompt": "x", "audio": "original"}, "audio"),
        ("kling-v3-omni", {"prompt": "x", "audio": "original", "first_frame": IMAGE}, "audio"),
        ("kling-v3-omni", {"prompt": "x", "element_ids": ["one"]}, "element_ids"),
        ("kling-v3-omni", {"prompt": "x", "images": [IMAGE] * 7, "first_frame": IMAGE}, "images"),
        (
            "kling-v3-omni",
            {"prompt": "x", "images": [IMAGE], "first_frame": IMAGE, "last_frame": OTHER},
            "images",
        ),
        ("kling-v3-motion-control", {**MOTION, "element_id": "one"}, "element_id"),
    ],
)
def test_what_the_legacy_standard_cannot_express_is_named(
    model: str, given: dict[str, Any], field: str
) -> None:
    assert list(refused(model, given, api_version=LEGACY_VERSION)) == [field]


def test_a_field_of_the_legacy_standard_leads_there() -> None:
    rules = refused("kling-v3-t2v", {"prompt": "x", "negative_prompt": "y"})
    assert "api_version='v1'" in rules["negative_prompt"]


def test_further_fields_are_merged_into_what_is_sent() -> None:
    element = {"type": "element", "element_id": "829", "id": "hero"}
    extra = {"contents": [element], "settings": {"seed": 1}, "options": {"watermark_info": {"enabled": True}}}
    encoded = encode("kling-video-o1", {"prompt": "@hero", "mode": "std"}, extra=extra)
    assert encoded.body["contents"][-1] == element
    assert encoded.body["settings"] == {"resolution": "720p", "seed": 1}
    assert encoded.body["options"] == {"watermark_info": {"enabled": True}}


@pytest.mark.parametrize(
    "extra",
    [
        {"settings": {"resolution": "4k"}},
        {"contents": "x"},
        {"external_task_id": "mine"},
        {"options": {"external_task_id": "mine"}},
        {"options": "x"},
        {"settings": {"odd": float("nan")}},
    ],
)
def test_further_fields_never_replace_what_is_sent(extra: dict[str, Any]) -> None:
    with pytest.raises(KlingRequestError):
        encode("kling-video-o1", {"prompt": "x", "mode": "std"}, extra=extra)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("omni-video/kling-4.0", "/omni-video/kling-4.0"),
        ("/v1/videos/text2video", "/v1/videos/text2video"),
        ("/text-to-video/kling-4.0-flash", "/text-to-video/kling-4.0-flash"),
    ],
)
def test_what_this_release_does_not_know_passes_as_it_is_with_one_warning(model: str, path: str) -> None:
    body = {"contents": [{"type": "prompt", "text": "x"}, {"type": "first_frame", "url": "file:///a.png"}]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoded = encode(model, body)
    assert (encoded.path, encoded.body) == (path, body)
    assert [warning.category for warning in caught] == [KlingRequestWarning]
    assert ("contents", 1, "url") in [one.path for one in encoded.media]


@pytest.mark.parametrize(
    "model", ["/", "//", "/v1/../x", "/v1//x", "/v1/x?y", "/v1/x#y", "/v1/%2e", "/v1/ü", "/v1/x/"]
)
def test_a_path_that_is_none_is_refused(model: str) -> None:
    with pytest.raises(KlingRequestError, match="model"):
        encode(model, {"prompt": WORDS})
