"""Models that both API versions document: the author writes April's fields, the connection may use August."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import parse_request

APRIL, AUGUST = "2026-04", "2026-08"


def sent(api_version: str, model: str, body: dict[str, Any]) -> tuple[str, Any]:
    encoded = make_gateway(api_version=api_version).encode(parse_request(model, body))
    return encoded.path.removeprefix("/api/v1/"), encoded.body


@pytest.mark.parametrize(
    ("model", "written", "slug", "body"),
    [
        (
            "kling-v3-t2v",
            {"prompt": "x", "sound": "on", "mode": "pro", "duration": 15},
            "kling-v3-t2v",
            {"prompt": "x", "audio": "native", "resolution": "1080p", "duration": 15},
        ),
        (
            "kling-v3-t2v",
            {"prompt": "x", "sound": "off", "mode": "std", "aspect_ratio": "1:1"},
            "kling-v3-t2v",
            {"prompt": "x", "audio": "off", "resolution": "720p", "aspect_ratio": "1:1"},
        ),
        (
            "kling-v3-i2v",
            {"prompt": "x", "image": "a", "sound": "on", "mode": "pro"},
            "kling-v3-i2v",
            {"prompt": "x", "image": "a", "audio": "native", "resolution": "1080p"},
        ),
        ("kling-image-o1", {"prompt": "x", "images": [], "n": 2}, "kling-image-o1", {"prompt": "x", "n": 2}),
        (
            "kling-v3-omni-video",
            {"prompt": "x", "duration": 3, "sound": "on"},
            "kling-v3-omni-t2v",
            {"prompt": "x", "duration": 3, "audio": "native"},
        ),
        (
            "kling-v3-omni-video",
            {"prompt": "x", "images": ["a"], "mode": "std"},
            "kling-v3-omni-i2v",
            {"prompt": "x", "images": ["a"], "resolution": "720p"},
        ),
        (
            "kling-v3-omni-video",
            {"prompt": "x", "videos": ["a"], "sound": "off"},
            "kling-v3-omni-video",
            {"prompt": "x", "videos": ["a"], "audio": "off"},
        ),
    ],
)
def test_april_fields_are_translated_for_a_connection_of_august(
    model: str, written: dict[str, Any], slug: str, body: dict[str, Any]
) -> None:
    assert sent(AUGUST, model, written) == (f"kling/{slug}", body)
    assert sent(APRIL, model, written) == (f"kling/{model}/async", written)


@pytest.mark.parametrize(
    ("model", "written", "field"),
    [
        ("kling-v3-t2v", {"prompt": "x", "negative_prompt": "y"}, "negative_prompt"),
        ("kling-v3-t2v", {"prompt": "x", "cfg_scale": 0.0}, "cfg_scale"),
        ("kling-image-o1", {"prompt": "x", "aspect_ratio": "auto"}, "aspect_ratio"),
    ],
)
def test_what_august_cannot_express_is_rejected_in_the_authors_field_names(
    model: str, written: dict[str, Any], field: str
) -> None:
    with pytest.raises(KlingRequestError, match=f"{model} in API version 2026-08") as caught:
        sent(AUGUST, model, written)
    assert [rule.field for rule in caught.value.broken] == [field]
    assert sent(APRIL, model, written)[1] == written


def test_what_is_only_inferred_of_august_is_sent_with_a_warning() -> None:
    written = {"prompt": "x", "images": ["a"], "aspect_ratio": "1:1"}
    with pytest.warns(KlingRequestWarning, match="kling-v3-omni-i2v: .*\n.*aspect_ratio: is not a field"):
        assert sent(AUGUST, "kling-v3-omni-video", written) == ("kling/kling-v3-omni-i2v", written)


@pytest.mark.parametrize("api_version", [APRIL, AUGUST])
@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("kling-video-o1-t2v", {"prompt": "x", "resolution": "1080p", "duration": 7}),
        ("kling-video-o1", {"prompt": "x", "videos": ["a"], "audio": "original"}),
        ("kling-v3-t2v", {"prompt": "x", "audio": "native", "resolution": "4k"}),
        ("kling-v3-turbo-i2v", {"prompt": "x", "shots": 3}),
    ],
)
def test_august_fields_go_to_augusts_path_under_any_connection(
    model: str, written: dict[str, Any], api_version: str
) -> None:
    assert sent(api_version, model, written) == (f"kling/{model}", written)


def test_models_that_only_april_documents_are_sent_as_they_are_under_any_connection() -> None:
    written = {"image": "a", "sound_file": "b", "mode": "pro"}
    assert sent(APRIL, "kling-avatar", written) == ("kling/kling-avatar/async", written)
    assert sent(AUGUST, "kling-avatar", written) == ("kling/kling-avatar", written)


def test_another_providers_model_goes_to_its_path() -> None:
    assert sent(APRIL, "google/veo-3", {"prompt": "x"}) == ("google/veo-3/async", {"prompt": "x"})
    assert sent(AUGUST, "google/veo-3", {"prompt": "x"}) == ("google/veo-3", {"prompt": "x"})
