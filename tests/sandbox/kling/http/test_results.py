"""Result files: real ones, whose addresses die."""

from __future__ import annotations

import io

import av
import pytest
from PIL import Image

from tests.sandbox.kling.conftest import IMAGE_BODY, IMAGES, TURBO, VIDEO_BODY, Client

DAY_S = 86_400


def test_a_video_is_a_frame_longer_than_asked_for_and_has_sound(client: Client):
    (video,) = client.finished()["outputs"]
    file = client.http.get(video["url"], headers={"Authorization": ""})
    assert (file.status_code, file.headers["content-type"]) == (200, "video/mp4")
    with av.open(io.BytesIO(file.content)) as container:
        stream = container.streams.video[0]
        assert (stream.frames, stream.width, stream.height) == (73, 720, 720)
        assert len(container.streams.audio) == 1


def test_images_have_the_shape_that_was_asked_for(client: Client):
    task = client.finished(IMAGES, IMAGE_BODY | {"aspect_ratio": "16:9"})
    with Image.open(io.BytesIO(client.http.get(task["outputs"][0]["url"]).content)) as image:
        assert image.format == "PNG"
        assert image.width / image.height == pytest.approx(16 / 9)


def test_addresses_die_after_thirty_days_and_the_task_stays(client: Client):
    task = client.finished()
    url = task["outputs"][0]["url"]
    client.sandbox.advance(29 * DAY_S)
    assert client.http.get(url).status_code == 200
    client.sandbox.advance(DAY_S)
    assert client.http.get(url).status_code == 403
    assert client.task(task["id"])["status"] == "succeeded"


def test_a_changed_address_and_a_page_of_another_site_are_rejected(client: Client):
    url = client.finished()["outputs"][0]["url"]
    assert client.http.get(url.replace("Expires=1", "Expires=2")).status_code == 403
    for referer in ("https://example.com/page", "http://["):
        assert client.http.get(url, headers={"Referer": referer}).status_code == 403
    assert client.http.get(url, headers={"Referer": client.sandbox.url + "/x"}).status_code == 200


def test_a_download_can_be_cut_and_resumed(client: Client):
    url = client.finished()["outputs"][0]["url"]
    whole = client.http.get(url).content
    client.sandbox.faults([{"path": "/results/*", "action": {"truncate": 30}}])
    with pytest.raises(Exception, match=r"incomplete|closed"):
        client.http.get(url)
    rest = client.http.get(url, headers={"Range": "bytes=30-"})
    assert rest.status_code == 206
    assert whole[30:] == rest.content
    assert client.sandbox.stats()["downloads"] == 3


def test_a_result_can_be_the_input_of_the_next_task(client: Client):
    images = client.finished(IMAGES, IMAGE_BODY)["outputs"]
    body = {
        "contents": [
            {"type": "first_frame", "url": images[0]["url"]},
            {"type": "prompt", "text": "it moves"},
        ]
    }
    task = client.finished("/image-to-video/kling-2.5-turbo", body)
    assert task["status"] == "succeeded"
    assert task["outputs"][0]["duration"] == "5.041"


def test_a_reference_video_decides_the_length_and_the_price(client: Client):
    source = client.finished(TURBO, VIDEO_BODY)["outputs"][0]["url"]
    body = {
        "contents": [{"type": "base_video", "url": source}, {"type": "prompt", "text": "as a woodcut"}],
        "settings": {"audio": "original"},
    }
    task = client.finished("/omni-video/kling-3.0-omni", body)
    assert task["status"] == "succeeded", task["message"]
    assert task["outputs"][0]["duration"] == "3.041"
    assert task["billing"][0]["amount"] == "2.7"
