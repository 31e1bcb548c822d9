"""Which field a file fits, by its first bytes."""

from __future__ import annotations

import pytest

from airflow_provider_kling.media.input_file import InputFile, broken_limits
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import MediaLimits
from tests.media.kinds import KINDS, Kind

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)


def broken(content: bytes, media_type: MediaType) -> list[str]:
    file = InputFile(name="input", content=content)
    return broken_limits(file, media_type=media_type, limits=MediaLimits(), reader=MediaReader())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_video_of_any_kind_is_a_video_file(kind: Kind) -> None:
    assert broken(kind.content(), MediaType.VIDEO) == []


def test_a_photo_of_a_phone_is_no_video_file() -> None:
    assert broken(HEIC, MediaType.VIDEO) == ["must be a video file"]
    assert broken(HEIC, MediaType.IMAGE) == []


@pytest.mark.parametrize("head", [b"\xff\xe2", b"\xff\xe3", b"\xff\xfa"])
def test_mp3_of_a_low_rate_or_with_a_checksum_is_an_audio_file(head: bytes) -> None:
    assert broken(head + bytes(500), MediaType.AUDIO) == []
    assert broken(head + bytes(500), MediaType.VIDEO) == ["must be a video file"]
