"""What is rendered for a request, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.sandbox.kling.service.body_check import check_body
from airflow_provider_kling.sandbox.kling.service.endpoint import Generation, read_endpoints
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.kling.service.legacy_request import read_legacy
from airflow_provider_kling.sandbox.kling.service.new_request import read_new
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, ImageSpec, VideoSpec
from tests.sandbox.kling.holdings import holdings
from tests.sandbox.kling.service.test_new_bodies import IMAGE, VIDEO, of, text

ENDPOINTS = {endpoint.path: endpoint for endpoint in read_endpoints()}
FRAME_S = 1 / 24
MOTION = "/motion-control/kling-3.0"


def request(path: str, body: dict[str, Any]) -> GenerationRequest:
    endpoint, held = ENDPOINTS[path], holdings()
    read = read_new if endpoint.generation is Generation.NEW else read_legacy
    return read(endpoint, check_body(endpoint, body, holdings=held), holdings=held)


def video(path: str, body: dict[str, Any]) -> VideoSpec:
    spec = request(path, body).spec
    assert isinstance(spec, VideoSpec)
    return spec


@pytest.mark.parametrize(
    ("path", "body", "audio"),
    [
        ("/text-to-video/kling-3.0-turbo", text(), AudioSource.TONE),
        ("/text-to-video/kling-3.0", text(), AudioSource.NONE),
        ("/text-to-video/kling-3.0", text(audio="native"), AudioSource.TONE),
        ("/text-to-video/kling-2.5-turbo", text(), AudioSource.NONE),
        (
            "/omni-video/kling-3.0-omni",
            of("prompt", "base_video", audio="original"),
            AudioSource.SOURCE_VIDEO,
        ),
        (MOTION, of("image", "video", character_orientation="image"), AudioSource.SOURCE_VIDEO),
        ("/v1/videos/text2video", {"model_name": "kling-v3", "prompt": "x"}, AudioSource.NONE),
        ("/v1/videos/avatar/image2video", {"image": IMAGE, "audio_id": "sound"}, AudioSource.AUDIO_FILE),
    ],
)
def test_sound_comes_from_where_the_request_says(path: str, body: dict[str, Any], audio: AudioSource):
    assert video(path, body).audio is audio


@pytest.mark.parametrize(
    ("path", "body", "seconds"),
    [
        ("/text-to-video/kling-3.0", text(duration=7), 7 + FRAME_S),
        ("/omni-video/kling-3.0-omni", of("prompt", "feature_video"), None),
        ("/v1/videos/text2video", {"model_name": "kling-v3", "prompt": "x", "duration": "9"}, 9 + FRAME_S),
        ("/v1/videos/omni-video", {"prompt": "x", "video_list": [{"video_url": VIDEO}]}, None),
        ("/v1/videos/video-extend", {"video_id": "old"}, 9.5),
        ("/v1/videos/avatar/image2video", {"image": IMAGE, "audio_id": "sound"}, None),
        ("/v1/videos/effects", {"effect_scene": "x", "input": {"image": IMAGE}}, 5 + FRAME_S),
    ],
)
def test_a_video_is_as_long_as_asked_for_or_as_its_source(
    path: str, body: dict[str, Any], seconds: float | None
):
    assert video(path, body).seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("more", "orientation", "longest"),
    [((), "image", 10), ((), "video", 30), (("element",), "image", 30)],
)
def test_how_long_a_motion_may_be_depends_on_what_the_character_follows(
    more: tuple[str, ...], orientation: str, longest: int
):
    found = request(MOTION, of("image", "video", *more, character_orientation=orientation))
    assert found.media_limits["video"]["max_seconds"] == longest


def test_a_last_frame_is_last_wherever_the_request_has_it():
    body = of("last_frame", "first_frame")
    spec = video("/image-to-video/kling-3.0", body)
    assert [each.name for each in spec.inputs] == ["contents[1].url", "contents[0].url"]
    assert spec.ends_with_last_image
    legacy = {"model_name": "kling-v3", "image_tail": IMAGE, "image": IMAGE}
    assert [each.name for each in video("/v1/videos/image2video", legacy).inputs] == ["image", "image_tail"]


def test_shots_are_cut_unless_that_is_turned_off():
    body = {"prompt": "shot 1, 2, a; shot 2, 3, b;"}
    assert video("/text-to-video/kling-3.0", body).multi_shot
    assert not video("/text-to-video/kling-3.0", body | {"settings": {"multi_shot": False}}).multi_shot
    assert not video("/text-to-video/kling-3.0", {"prompt": "a"}).multi_shot


@pytest.mark.parametrize(
    ("path", "body", "count", "slots"),
    [
        ("/v1/images/generations", {"prompt": "x", "n": 4}, 4, 4),
        ("/v1/images/omni-image", {"prompt": "x", "result_type": "series", "n": 9}, 4, 4),
        ("/v1/images/omni-image", {"prompt": "x", "result_type": "series", "series_amount": "auto"}, 4, 4),
        ("/v1/general/ai-multi-shot", {"element_frontal_image": IMAGE}, 3, 1),
        ("/v1/images/kolors-virtual-try-on", {"human_image": IMAGE, "cloth_image": IMAGE}, 1, 1),
    ],
)
def test_images_take_a_slot_each(path: str, body: dict[str, Any], count: int, slots: int):
    found = request(path, body)
    assert isinstance(found.spec, ImageSpec)
    assert (found.spec.count, found.images) == (count, slots)


def test_masks_are_no_pictures_of_the_video():
    body = {"model_name": "kling-v1-5", "image": IMAGE, "static_mask": IMAGE, "mode": "pro"}
    assert [each.name for each in video("/v1/videos/image2video", body).inputs] == ["image"]
