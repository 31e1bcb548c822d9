"""What results cost, as the vendor's price pages say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.sandbox.kling.service.body_check import check_body
from airflow_provider_kling.sandbox.kling.service.endpoint import Generation, read_endpoints
from airflow_provider_kling.sandbox.kling.service.legacy_request import read_legacy
from airflow_provider_kling.sandbox.kling.service.new_request import read_new
from airflow_provider_kling.sandbox.kling.service.price import units_text
from tests.sandbox.kling.holdings import holdings
from tests.sandbox.kling.service.test_new_bodies import IMAGE, of, text

ENDPOINTS = {endpoint.path: endpoint for endpoint in read_endpoints()}


def units(path: str, body: dict[str, Any], *, seconds: float | None = None) -> str:
    endpoint, held = ENDPOINTS[path], holdings()
    checked = check_body(endpoint, body, holdings=held)
    read = read_new if endpoint.generation is Generation.NEW else read_legacy
    return units_text(read(endpoint, checked, holdings=held).units(seconds=seconds))


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/text-to-video/kling-3.0-turbo", text(duration=3), "2.4"),
        ("/text-to-video/kling-3.0-turbo", text(resolution="1080p"), "5"),
        ("/text-to-video/kling-3.0", text(), "3"),
        ("/text-to-video/kling-3.0", text(audio="native"), "4.5"),
        ("/text-to-video/kling-3.0", text(resolution="4k", duration=10), "30"),
        ("/omni-video/kling-3.0-omni", of("prompt", audio="native"), "4"),
        ("/text-to-video/kling-2.6", text(audio="native", resolution="1080p"), "5"),
        (
            "/image-to-video/kling-2.6",
            of("first_frame", "voice", audio="native", resolution="1080p"),
            "6",
        ),
        ("/text-to-video/kling-2.5-turbo", text(duration=10), "3"),
        ("/v1/videos/text2video", {"model_name": "kling-v3", "prompt": "x", "sound": "on"}, "4.5"),
        ("/v1/videos/text2video", {"model_name": "kling-v2-5-turbo", "prompt": "x", "mode": "pro"}, "2.5"),
        ("/v1/images/generations", {"prompt": "x", "n": 3}, "24"),
        ("/v1/images/generations", {"model_name": "kling-v2-1", "prompt": "x"}, "4"),
        ("/v1/images/generations", {"model_name": "kling-v2-1", "prompt": "x", "image": IMAGE}, "8"),
        ("/v1/images/omni-image", {"prompt": "x", "result_type": "series", "series_amount": 3}, "24"),
        (
            "/v1/images/omni-image",
            {"model_name": "kling-v3-omni", "prompt": "x", "resolution": "4k"},
            "16",
        ),
        ("/v1/general/ai-multi-shot", {"element_frontal_image": IMAGE}, "20"),
        ("/v1/audio/text-to-audio", {"prompt": "x", "duration": 9}, "0.25"),
        ("/v1/general/custom-voices", {"voice_name": "x", "video_id": "spoken"}, "0.05"),
    ],
)
def test_a_request_costs_what_the_price_pages_say(path: str, body: dict[str, Any], expected: str):
    assert units(path, body) == expected


@pytest.mark.parametrize(
    ("path", "body", "seconds", "expected"),
    [
        ("/omni-video/kling-3.0-omni", of("prompt", "base_video"), 7.041, "6.3"),
        ("/omni-video/kling-o1", of("prompt", "feature_video"), 3.041, "2.7"),
        ("/motion-control/kling-3.0", of("image", "video", character_orientation="image"), 4.0, "3.6"),
        ("/v1/videos/avatar/image2video", {"image": IMAGE, "audio_id": "sound"}, 8.0, "3.2"),
        (
            "/v1/videos/lip-sync",
            {"input": {"video_id": "new", "mode": "audio2video", "audio_url": "https://x/a.mp3"}},
            6.0,
            "1",
        ),
        ("/text-to-video/kling-3.0", text(), 5.041, "3"),
    ],
)
def test_a_result_as_long_as_its_source_is_billed_by_its_file(
    path: str, body: dict[str, Any], seconds: float, expected: str
):
    assert units(path, body, seconds=seconds) == expected


def test_units_are_written_without_a_useless_fraction():
    assert [units_text(Decimal(text)) for text in ("2.40", "3.0", "100", "0.05", "0")] == [
        "2.4",
        "3",
        "100",
        "0.05",
        "0",
    ]
