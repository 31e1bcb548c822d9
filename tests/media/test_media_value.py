"""What a text in a media field is, told before it is sent."""

from __future__ import annotations

import base64

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.media.media_value import broken_rule, check_media
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import parse_request

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 120
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 120
MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 120
MP3 = b"ID3\x04" + b"\0" * 120


def base(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ("https://cdn.example/a.png", MediaType.IMAGE),
        ("HTTPS://cdn.example/a.png?sig=%2F#top", MediaType.IMAGE),
        ("http://cdn.example", MediaType.VIDEO),
        ("https://bücher.example:8443/a_b.png?next=https://c.example", MediaType.IMAGE),
        ("https://-a.my_cdn.example./a%2Chttps.png", MediaType.IMAGE),
        ("https://[2001:4860:4860::8888]/a.png", MediaType.IMAGE),
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
        ("file://still.png", "three slashes"),
        ("file://folder/still.png", "three slashes"),
        ("s3:///still.png", "such as s3://bucket"),
        ("s3://", "such as s3://bucket"),
        ("https://", "no valid host and port"),
        ("https:///a.png", "no valid host and port"),
        ("https://cdn.example:x/a.png", "no valid host and port"),
        ("https://cdn.example:99999/a.png", "no valid host and port"),
        ("https://[2001/a.png", "no valid host and port"),
        ("https://[::1::2]/a.png", "no valid host and port"),
        ("https://..", "no valid host and port"),
        ("https://-", "no valid host and port"),
        ('https://a"b.example/a.png', "no valid host and port"),
        ("https://user:secret@cdn.example/a.png", "a user or a password"),
        ("https://user@cdn.example/a.png", "a user or a password"),
        ("https://cdn.example/a b.png", "no space"),
        ("https://cdn.example/a\x00.png", "invisible character"),
        ("https://cdn.example/a\x7f.png", "invisible character"),
        ("https://cdn.example/\u200ba.png", "invisible character"),
        ("https://a.example/x.png,https://b.example/y.png", "several links"),
        ("https://a.example/x.png?sig=1;HTTPS://b.example/y.png", "several links"),
        ('"https://cdn.example/a.png"', "without quotation marks"),
        ("'https://cdn.example/a.png'", "without quotation marks"),
        ('["https://cdn.example/a.png"]', "| tojson"),
        ("['https://cdn.example/a.png', 'https://cdn.example/b.png']", "| tojson"),
        ("cdn.example.com/a.png", "a link begins with https://"),
        ("cdn.example.com:8080/a", "a link begins with https://"),
        ("www.cdn.example", "a link begins with https://"),
        ("https:/cdn.example/a.png", "a link begins with https://"),
        ("https//cdn.example/a.png", "a link begins with https://"),
        ("http_files/still.png", "; a local path"),
        ("//cdn.example/a.png", "a link begins with https://"),
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


@pytest.mark.parametrize("length", [120, 121, 122])
def test_base64_with_its_last_character_cut_off_is_no_file(length: int) -> None:
    whole = base(PNG[:8] + b"\xab" * (length - 8))
    assert broken_rule(whole, MediaType.IMAGE) is None
    assert "of a part of a file" in (broken_rule(whole.rstrip("=")[:-1], MediaType.IMAGE) or "")


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ("//E=", MediaType.AUDIO),
        ("/9j/", MediaType.IMAGE),
        (base(PNG[:63]), MediaType.IMAGE),
        (base(PNG) + "=", MediaType.IMAGE),
        (base(MP4[:32]), MediaType.VIDEO),
    ],
)
def test_base64_of_the_head_of_a_file_is_no_file(value: str, media_type: MediaType) -> None:
    assert "of a part of a file" in (broken_rule(value, media_type) or "")


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("localhost", False),
        ("LOCALHOST:8080", False),
        ("cdn", False),
        ("minio.default.svc.cluster.local", False),
        ("10.0.0.5", False),
        ("127.0.0.1:9000", False),
        ("169.254.169.254", False),
        ("[::1]", False),
        ("[::ffff:10.0.0.5]", False),
        ("8.8.8.8", True),
        ("[2001:4860:4860::8888]", True),
        ("cdn.example", True),
        ("10.0.0.5.nip.example", True),
    ],
)
def test_a_link_to_a_private_host_is_refused_where_the_service_is_on_a_public_one(
    host: str, public: bool
) -> None:
    link = f"http://{host}/a.png"
    assert broken_rule(link, MediaType.IMAGE) is None
    assert (broken_rule(link, MediaType.IMAGE, public=True) is None) is public


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
