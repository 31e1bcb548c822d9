"""The endpoints that answer with their result at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.kling.conftest import PICTURE, Client, error

SELECT = "/v1/videos/multi-elements"
SPEECH = {"text": "good morning to all of you", "voice_id": "oversea_male1", "voice_language": "en"}


def test_speech_is_answered_with_a_sound_and_is_billed_at_once(client: Client):
    data = client.called("/v1/audio/tts", SPEECH)
    assert data["task_status"] == "succeed"
    (audio,) = data["task_result"]["audios"]
    assert audio.keys() == {"id", "url", "duration"}
    assert client.http.get(audio["url"]).headers["content-type"] == "audio/mpeg"
    assert data["final_unit_deduction"] == "0.05"
    stats = client.sandbox.stats()
    assert (stats["submissions_accepted"], stats["units_taken"]["video"]) == (1, "0.05")
    assert client.tasks(data["task_id"]) == [], "there is no query for it"


def test_speech_that_is_forbidden_is_rejected(client: Client):
    rejected = client.http.post("/v1/audio/tts", json=SPEECH | {"text": "[forbidden]"})
    assert error(rejected)[:2] == (400, 1301)
    assert client.sandbox.stats()["units_taken"]["video"] == "0"


def test_a_preset_voice_is_no_voice_of_speech(client: Client):
    rejected = client.http.post("/v1/audio/tts", json=SPEECH | {"voice_id": "829826751244537879"})
    assert error(rejected) == (400, 1201, "Voice id not found")


def test_segments_of_an_image_are_named(client: Client):
    data = client.called("/v1/videos/image-recognize", {"image": PICTURE})
    images = data["task_result"]["images"]
    assert [image["type"] for image in images] == ["object_seg", "head_seg", "face_seg", "cloth_seg"]
    assert all(client.http.get(image["url"]).status_code == 200 for image in images)
    assert data["final_unit_deduction"] == "0.1"


def test_an_image_that_cannot_be_used_is_rejected_at_once_and_is_free(client: Client):
    rejected = client.http.post("/v1/videos/image-recognize", json={"image": "AAAA"})
    assert error(rejected)[:2] == (400, 1201)
    assert client.sandbox.stats()["submissions_accepted"] == 0


def test_a_face_has_the_time_in_which_it_is_seen(client: Client):
    video = client.finished()["outputs"][0]
    for body in ({"video_id": video["id"]}, {"video_url": video["url"], "video_id": ""}):
        data = client.called("/v1/videos/identify-face", body)
        (face,) = data["face_data"]
        assert (face["face_id"], face["start_time"], face["end_time"]) == ("0", 0, 3041)
        assert client.http.get(face["face_image"]).status_code == 200


@pytest.mark.parametrize("body", [{}, {"video_id": "5"}, {"video_url": "http://127.0.0.1:9/x.mp4"}])
def test_a_video_that_is_not_there_is_rejected(client: Client, body: dict[str, Any]):
    for path in ("/v1/videos/identify-face", f"{SELECT}/init-selection"):
        assert error(client.http.post(path, json=body))[:2] == (400, 1201)


def test_parts_of_a_video_are_selected_and_edited(client: Client):
    video_id = client.finished()["outputs"][0]["id"]
    opened = client.called(f"{SELECT}/init-selection", {"video_id": video_id})
    assert (opened["status"], opened["fps"], opened["total_frame"]) == (0, 24, 73)
    assert client.http.get(opened["normalized_video"]).status_code == 200
    session = {"session_id": opened["session_id"]}
    points = [{"x": 0.25, "y": 0.5}, {"x": 0.5, "y": 0.5}]
    added = client.called(f"{SELECT}/add-selection", session | {"frame_index": 0, "points": points})
    assert len(added["res"]["rle_mask_list"]) == 1
    left = client.called(f"{SELECT}/delete-selection", session | {"frame_index": 0, "points": points[:1]})
    assert len(left["res"]["rle_mask_list"]) == 1
    shown = client.called(f"{SELECT}/preview-selection", session)["res"]
    assert {client.http.get(url).status_code for url in shown.values()} == {200}
    body = session | {"edit_mode": "removal", "prompt": "remove it"}
    task = client.legacy_finished(SELECT, body)
    assert task["task_status"] == "succeed", task
    assert task["task_result"]["videos"][0]["session_id"] == opened["session_id"]
    client.called(f"{SELECT}/clear-selection", session)
    rejected = client.create(SELECT, body)
    assert error(rejected)[2] == "the video of this session has no selection"


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("add-selection", {"frame_index": 73, "points": [{"x": 0, "y": 0}]}),
        ("add-selection", {"frame_index": 0, "points": [{"x": 1.5, "y": 0}]}),
        ("add-selection", {"frame_index": 0, "points": [{"x": 0, "y": 0}] * 11}),
        ("delete-selection", {"frame_index": 0, "points": [{"x": 0, "y": 0}]}),
    ],
)
def test_selections_have_bounds(client: Client, call: str, more: dict[str, Any]):
    video_id = client.finished()["outputs"][0]["id"]
    session = client.called(f"{SELECT}/init-selection", {"video_id": video_id})["session_id"]
    rejected = client.http.post(f"{SELECT}/{call}", json={"session_id": session} | more)
    assert error(rejected)[:2] == (400, 1201)


def test_at_most_ten_frames_are_marked_with_ten_points_each(client: Client):
    video_id = client.finished()["outputs"][0]["id"]
    session = client.called(f"{SELECT}/init-selection", {"video_id": video_id})["session_id"]
    for frame in range(10):
        body = {"session_id": session, "frame_index": frame, "points": [{"x": 0.1, "y": 0.1}] * 10}
        client.called(f"{SELECT}/add-selection", body)
    for frame in (0, 10):
        body = {"session_id": session, "frame_index": frame, "points": [{"x": 0.1, "y": 0.1}]}
        assert error(client.http.post(f"{SELECT}/add-selection", json=body))[:2] == (400, 1201)


def test_a_session_is_over_after_a_day(client: Client):
    video_id = client.finished()["outputs"][0]["id"]
    session = client.called(f"{SELECT}/init-selection", {"video_id": video_id})["session_id"]
    client.sandbox.advance(86_400)
    rejected = client.http.post(f"{SELECT}/clear-selection", json={"session_id": session})
    assert error(rejected)[2].startswith("Session id not found or expired")
