"""What a text in a media field is, told before it is sent."""

from __future__ import annotations

import base64

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.media.media_value import broken_rule, check_media
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import parse_request

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 60
MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 60
MP3 = b"ID3\x04" + b"\0" * 60


def base(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ("https://cdn.example/a.png", MediaType.IMAGE),
        ("HTTPS://cdn.example/a.png?sig=%2F#top", MediaType.IMAGE),
        ("http://cdn.example", MediaType.VIDEO),
        ("s3://bucket/a b.png", MediaType.IMAGE),
        ("s3://aws_default@bucket/key", MediaType.VIDEO),
        ("file:///data/clip.mp4", MediaType.VIDEO),
        (base(PNG), MediaType.IMAGE),
        (base(JPEG), MediaType.IMAGE),
        (base(MP4), MediaType.VIDEO),
        (base(MP4), MediaType.AUDIO),
        (base(MP3), MediaType.AUDIO),
        (base(PNG).rstrip("="), MediaType.IMAGE),
    ],
)
def test_a_link_a_stored_file_and_base64_are_right(value: str, media_type: MediaType) -> None:
    assert broken_rule(value, media_type) is None


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("/data/still.png", "file:///folder/name"),
        ("~/still.png", "file:///folder/name"),
        ("./still.png", "file:///folder/name"),
        ("still.png", "file:///folder/name"),
        ("folder/still.jpeg", "file:///folder/name"),
        ("C:\\stills\\a.png", "file:///folder/name"),
        ("file:/data/still.png", "file:///folder/name"),
        (" https://cdn.example/a.png", "without a space"),
        ("https://cdn.example/a.png\n", "without a space"),
        (f"{base(PNG)}\n", "without a space"),
        ("https://", "not complete"),
        ("https:///a.png", "not complete"),
        ("https://cdn.example/a b.png", "not complete"),
        (base64.urlsafe_b64encode(b"\xfb\xff" * 40).decode(), "standard alphabet"),
        ("aGVsbG8=", "must be a public link"),
        ("hello world", "must be a public link"),
        ("A" * 5000, "must be a public link"),
        (base(MP4), "Base64 of a file in the format mp4"),
        (base(b"%PDF-1.7 and so on, which is no picture at all"), "must be a public link"),
    ],
)
def test_anything_else_is_told_with_a_hint(value: str, hint: str) -> None:
    assert hint in (broken_rule(value, MediaType.IMAGE) or "")


def test_every_broken_field_of_a_request_is_named() -> None:
    request = parse_request(
        "kling-v1-i2v",
        {"image": "still.png", "image_tail": "https://cdn.example/b.png", "prompt": "a/path.png"},
    )
    with pytest.raises(KlingRequestError) as caught:
        check_media(request)
    assert [rule.field for rule in caught.value.broken] == ["image"]


@pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning")
def test_what_no_class_declares_is_not_guessed_at() -> None:
    check_media(parse_request("google/veo-3", {"image": "still.png", "style": "anime"}))
