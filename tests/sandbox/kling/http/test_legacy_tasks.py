"""Tasks of the legacy standard: each product from its creation to its result."""

from __future__ import annotations

import io
from typing import Any

import av
import pytest

from tests.sandbox.kling.conftest import (
    IMAGE_BODY,
    IMAGES,
    LEGACY_BODY,
    LONG_S,
    PICTURE,
    T2V,
    Client,
    error,
)

AVATAR, EFFECTS = "/v1/videos/avatar/image2video", "/v1/videos/effects"
SMALL = {"model_name": "kling-v2-5-turbo", "prompt": "x", "aspect_ratio": "1:1"}


def test_a_new_task_is_submitted(client: Client):
    data = client.create(T2V, LEGACY_BODY | {"external_task_id": "mine"}).json()["data"]
    assert data["task_status"] == "submitted"
    assert data["task_info"] == {"external_task_id": "mine"}
    assert data["created_at"] == data["updated_at"]
    assert len(data["task_id"]) == 18


def test_a_video_is_shown_as_documented_and_spelled_succeed(client: Client):
    task = client.legacy_finished(T2V, LEGACY_BODY)
    assert task["task_status"] == "succeed"
    (video,) = task["task_result"]["videos"]
    assert video.keys() == {"id", "url", "duration"}
    assert video["duration"] == "3.041"
    assert task["final_unit_deduction"] == "1.8"
    assert task["watermark_info"] == {"enabled": False}


def test_images_are_numbered(client: Client):
    task = client.legacy_finished(IMAGES, IMAGE_BODY | {"watermark_info": {"enabled": True}}, n=3)
    images = task["task_result"]["images"]
    assert [image["index"] for image in images] == [0, 1, 2]
    assert all(image.keys() == {"index", "url", "watermark_url"} for image in images)
    assert task["final_unit_deduction"] == "24"


def test_a_failed_task_says_why_and_deducts_nothing(client: Client):
    task = client.legacy_finished(T2V, LEGACY_BODY | {"prompt": "[forbidden]"})
    assert task["task_status"] == "failed"
    assert task["task_status_msg"] == "Failure to pass the risk control system"
    assert task["task_result"] == {}
    assert "final_unit_deduction" not in task


@pytest.mark.parametrize("task_id", ["123", "a/b", "%E4%B8%AD"])
def test_an_unknown_task_is_a_wrong_parameter(client: Client, task_id: str):
    status, code, message = error(client.http.get(f"{IMAGES}/{task_id}"))
    assert (status, code) == (400, 1201)
    assert message.startswith("Task not found by id/external id: ")


def test_a_product_finds_only_its_own_tasks(client: Client):
    task_id = client.created(IMAGES, IMAGE_BODY)
    assert error(client.http.get(f"{T2V}/{task_id}"))[1] == 1201


def test_lip_sync_is_found_by_the_services_id_only(client: Client):
    video_id = client.finished()["outputs"][0]["id"]
    session = client.called("/v1/videos/identify-face", {"video_id": video_id})
    face = {"face_id": "0", "sound_start_time": 0, "sound_end_time": 2000, "sound_insert_time": 500}
    audio = client.called(
        "/v1/audio/tts", {"text": "a text that takes a while to say", "voice_id": "oversea_male1"}
    )
    body = {
        "session_id": session["session_id"],
        "face_choose": [face | {"audio_id": audio["task_result"]["audios"][0]["id"]}],
        "external_task_id": "mine",
    }
    path = "/v1/videos/advanced-lip-sync"
    task_id = client.created(path, body)
    assert error(client.http.get(f"{path}/mine"))[1] == 1201
    client.sandbox.advance(LONG_S)
    task = client.legacy(path, task_id)
    assert task["task_status"] == "succeed", task
    parent = task["task_info"]["parent_video"]
    assert (parent["id"], parent["duration"]) == (video_id, "3.041")
    assert client.http.get(parent["url"]).status_code == 200
    assert task["final_unit_deduction"] == "0.5"
    assert [found["id"] for found in client.tasks("mine", external=True)] == [task_id]


def test_a_list_is_paged_and_has_the_newest_first(client: Client):
    ids = [client.created(IMAGES, IMAGE_BODY) for _ in range(3)]
    client.created(T2V, LEGACY_BODY)
    shown = client.http.get(IMAGES, params={"pageNum": 1, "pageSize": 2}).json()["data"]
    assert [task["task_id"] for task in shown] == [ids[2], ids[1]]
    shown = client.http.get(IMAGES, params={"pageNum": 2, "pageSize": 2}).json()["data"]
    assert [task["task_id"] for task in shown] == [ids[0]]


@pytest.mark.parametrize(
    "query", ["pageNum=0", "pageNum=1001", "pageSize=501", "pageSize=x", f"pageNum={'1' * 5000}", "pageNum="]
)
def test_pages_have_bounds(client: Client, query: str):
    assert error(client.http.get(f"{IMAGES}?{query}"))[:2] == (400, 1201)


def test_a_model_that_is_gone_is_rejected_by_name_and_is_the_default(client: Client):
    text = "The model 'kling-v1' has been discontinued and is no longer available."
    for body in ({"prompt": "x"}, {"prompt": "x", "model": "kling-v3"}):
        assert error(client.create(T2V, body)) == (400, 1201, text)


def test_a_series_has_results_of_its_own(client: Client):
    path = "/v1/images/omni-image"
    body = {"prompt": "x", "result_type": "series", "series_amount": 2, "aspect_ratio": "1:1"}
    task = client.legacy_finished(path, body)
    assert task["task_result"]["result_type"] == "series"
    assert len(task["task_result"]["series_images"]) == 2
    outputs = client.task(task["task_id"])["outputs"]
    assert {output["group_id"] for output in outputs} == {outputs[0]["group_id"]}


def test_an_extension_continues_a_video_and_says_which(client: Client):
    body = {"model_name": "kling-v1-6", "prompt": "x", "aspect_ratio": "1:1"}
    video = client.legacy_finished(T2V, body)["task_result"]["videos"][0]
    extended = client.legacy_finished("/v1/videos/video-extend", {"video_id": video["id"]})
    assert extended["task_status"] == "succeed", extended
    parent = extended["task_info"]["parent_video"]
    assert (parent["id"], parent["duration"]) == (video["id"], "5.041")
    longer = float(extended["task_result"]["videos"][0]["duration"])
    assert 9 <= longer <= 10.2
    again = client.legacy_finished(
        "/v1/videos/video-extend", {"video_id": extended["task_result"]["videos"][0]["id"]}
    )
    assert float(again["task_result"]["videos"][0]["duration"]) > longer


def test_a_work_is_rejected_when_its_file_is_gone(client: Client):
    body = {"model_name": "kling-v1-6", "prompt": "x", "aspect_ratio": "1:1"}
    video_id = client.legacy_finished(T2V, body)["task_result"]["videos"][0]["id"]
    client.sandbox.advance(30 * 86_400)
    rejected = client.create("/v1/videos/video-extend", {"video_id": video_id})
    assert error(rejected) == (400, 1201, f"Video id not found or expired: {video_id}")


def test_the_address_of_a_parent_dies_with_its_file(client: Client):
    video = client.finished()["outputs"][0]
    client.sandbox.advance(29 * 86_400)
    task = client.legacy_finished("/v1/audio/video-to-audio", {"video_id": video["id"]})
    assert client.http.get(task["task_info"]["parent_video"]["url"]).status_code == 200
    client.sandbox.advance(86_400)
    parent = client.legacy("/v1/audio/video-to-audio", task["task_id"])["task_info"]["parent_video"]
    assert client.http.get(parent["url"]).status_code == 403
    assert client.http.get(video["url"]).status_code == 403


def test_an_avatar_speaks_as_long_as_its_sound(client: Client):
    speech = client.called("/v1/audio/tts", {"text": "x" * 36, "voice_id": "oversea_male1"})
    audio_id = speech["task_result"]["audios"][0]["id"]
    task = client.legacy_finished(AVATAR, {"image": PICTURE, "audio_id": audio_id})
    (video,) = task["task_result"]["videos"]
    assert float(video["duration"]) == pytest.approx(3, abs=0.2)
    assert task["final_unit_deduction"] == "1.2"


def test_an_effect_has_no_duration(client: Client):
    task = client.legacy_finished(EFFECTS, {"effect_scene": "any", "input": {"image": PICTURE}})
    assert task["task_result"]["videos"][0].keys() == {"id", "url"}


@pytest.mark.parametrize(
    ("path", "body", "images"),
    [
        (
            "/v1/images/editing/expand",
            {"image": PICTURE, **{f"{s}_expansion_ratio": 0.2 for s in ("up", "down", "left", "right")}},
            1,
        ),
        ("/v1/images/kolors-virtual-try-on", {"human_image": PICTURE, "cloth_image": PICTURE}, 1),
        ("/v1/images/multi-image2image", {"subject_image_list": [{"subject_image": PICTURE}], "n": 2}, 2),
    ],
)
def test_other_image_products_make_images(client: Client, path: str, body: dict[str, Any], images: int):
    task = client.legacy_finished(path, body)
    assert task["task_status"] == "succeed", task
    assert len(task["task_result"]["images"]) == images


def test_three_views_are_one_result(client: Client):
    task = client.legacy_finished("/v1/general/ai-multi-shot", {"element_frontal_image": PICTURE})
    assert [image.keys() for image in task["task_result"]["images"]] == [{"index", "url_1", "url_2", "url_3"}]
    assert task["final_unit_deduction"] == "20"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/v1/videos/image2video",
            {"model_name": "kling-v2-5-turbo", "image": PICTURE, "image_tail": PICTURE, "mode": "pro"},
        ),
        (
            "/v1/videos/omni-video",
            {"prompt": "x", "image_list": [{"image_url": PICTURE, "type": "first_frame"}], "mode": "std"},
        ),
        ("/v1/videos/multi-image2video", {"image_list": [{"image": PICTURE}] * 2, "prompt": "x"}),
    ],
)
def test_other_video_products_make_videos(client: Client, path: str, body: dict[str, Any]):
    task = client.legacy_finished(path, body)
    assert task["task_status"] == "succeed", task
    assert task["task_result"]["videos"][0]["duration"] == "5.041"


def test_motion_follows_its_video(client: Client):
    source = client.finished()["outputs"][0]["url"]
    body = {
        "image_url": PICTURE,
        "video_url": source,
        "character_orientation": "image",
        "mode": "std",
    }
    task = client.legacy_finished("/v1/videos/motion-control", body)
    assert task["task_result"]["videos"][0]["duration"] == "3.041"
    assert task["final_unit_deduction"] == "1.5"


def test_a_sound_is_an_mp3_and_a_wav(client: Client):
    task = client.legacy_finished("/v1/audio/text-to-audio", {"prompt": "rain", "duration": 3.5})
    (audio,) = task["task_result"]["audios"]
    assert audio.keys() == {"id", "url_mp3", "url_wav", "duration_mp3", "duration_wav"}
    for kind, content_type in (("mp3", "audio/mpeg"), ("wav", "audio/wav")):
        file = client.http.get(audio[f"url_{kind}"])
        assert file.headers["content-type"] == content_type
        with av.open(io.BytesIO(file.content)) as container:
            assert container.streams.audio[0].codec_context.name.startswith(("mp3", "pcm"))
    (output,) = client.task(task["task_id"])["outputs"]
    assert output.keys() == {"type", "id", "mp3_url", "wav_url", "mp3_duration", "wav_duration"}
    assert output["wav_duration"] == "3.5"


def test_a_soundtrack_comes_with_the_video(client: Client):
    video_id = client.finished()["outputs"][0]["id"]
    task = client.legacy_finished("/v1/audio/video-to-audio", {"video_id": video_id})
    result = task["task_result"]
    assert result["videos"][0]["duration"] == "3.041"
    assert float(result["audios"][0]["duration_wav"]) == pytest.approx(3.041, abs=0.01)
    assert task["task_info"]["parent_video"]["id"] == video_id
    assert [output["type"] for output in client.task(task["task_id"])["outputs"]] == ["video", "audio"]


def test_a_voice_is_made_used_and_deleted(client: Client):
    sound = client.legacy_finished("/v1/audio/text-to-audio", {"prompt": "x", "duration": 6})
    url = sound["task_result"]["audios"][0]["url_wav"]
    path = "/v1/general/custom-voices"
    task = client.legacy_finished(path, {"voice_name": "Mine", "voice_url": url})
    (voice,) = task["task_result"]["voices"]
    assert voice["voice_name"] == "Mine"
    assert client.http.get(voice["trial_url"]).headers["content-type"] == "audio/mpeg"
    body = LEGACY_BODY | {"sound": "on", "voice_list": [{"voice_id": voice["voice_id"]}]}
    assert client.create(T2V, body).status_code == 200
    client.called("/v1/general/delete-voices", {"voice_id": voice["voice_id"]})
    assert error(client.create(T2V, body)) == (400, 1201, "Voice id not found")
    (output,) = client.task(task["task_id"])["outputs"]
    assert output["status"] == "deleted"


def test_a_voice_needs_five_seconds_of_sound(client: Client):
    sound = client.legacy_finished("/v1/audio/text-to-audio", {"prompt": "x", "duration": 3})
    url = sound["task_result"]["audios"][0]["url_wav"]
    task = client.legacy_finished("/v1/general/custom-voices", {"voice_name": "Mine", "voice_url": url})
    assert task["task_status"] == "failed"
    assert "must last 5 to 30 seconds" in task["task_status_msg"]


@pytest.mark.parametrize("deletion", ["delete-advanced-elements", "delete-elements"])
def test_an_element_is_made_used_and_deleted(client: Client, deletion: str):
    path = "/v1/general/advanced-custom-elements"
    body = {
        "element_name": "Cat",
        "element_description": "a cat",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": PICTURE, "refer_images": [{"image_url": PICTURE}]},
        "tag_list": [{"tag_id": "o_103"}],
        "element_voice_id": "829826751244537879",
    }
    task = client.legacy_finished(path, body)
    (element,) = task["task_result"]["elements"]
    assert isinstance(element["element_id"], int)
    assert (element["element_name"], element["status"]) == ("Cat", "succeed")
    (output,) = client.task(task["task_id"])["outputs"]
    assert output["id"] == str(element["element_id"])
    assert output["element_type"] == "multi_image_elements"
    assert [(each["type"], each["role"]) for each in output["references"]] == [
        ("image", "frontal"),
        ("image", "refer"),
        ("voice", "refer"),
    ]
    assert output["tags"][0]["name"] == "Animal"
    contents = [
        {"type": "first_frame", "url": PICTURE},
        {"type": "element", "element_id": output["id"], "id": "cat"},
    ]
    assert client.create("/image-to-video/kling-3.0", {"contents": contents}).status_code == 200
    client.called(f"/v1/general/{deletion}", {"element_id": element["element_id"]})
    rejected = client.create("/image-to-video/kling-3.0", {"contents": contents})
    assert error(rejected)[2].startswith("Element id not found")


def test_what_the_service_offers_can_be_listed(client: Client):
    for path, member in (
        ("/v1/general/presets-voices", "voices"),
        ("/v1/general/advanced-presets-elements", "elements"),
    ):
        entries = client.http.get(path, params={"pageSize": 1}).json()["data"]
        assert len(entries) == 1
        assert entries[0]["task_result"][member][0]["owned_by"] == "kling"
        deletion = "delete-voices" if member == "voices" else "delete-elements"
        key = "voice_id" if member == "voices" else "element_id"
        body = {key: entries[0]["task_result"][member][0][key]}
        assert error(client.http.post(f"/v1/general/{deletion}", json=body))[:2] == (400, 1201)
