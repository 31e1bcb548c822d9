"""Comparing the properties of a file with a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_kling.media.media_info import MediaInfo, differences
from airflow_provider_kling.media_type import MediaType

CLIP = MediaInfo(
    type=MediaType.VIDEO,
    width=1280,
    height=720,
    codec="h264",
    duration_s=5.04,
    frames=121,
    fps=24.0,
    audio_codec="aac",
)
IMAGE = MediaInfo(type=MediaType.IMAGE, width=768, height=1364, codec="png")


def test_without_a_request_there_is_no_difference() -> None:
    assert list(differences(CLIP)) == []


def test_a_file_as_requested_has_no_difference() -> None:
    assert list(differences(CLIP, aspect_ratio="16:9", duration_s=5, audio=True)) == []
    assert list(differences(IMAGE, aspect_ratio="9:16")) == []
    assert list(differences(replace(CLIP, audio_codec=None), audio=False)) == []


@pytest.mark.parametrize(
    ("info", "request_", "expected"),
    [
        (CLIP, {"aspect_ratio": "1:1"}, "1280x720, which is not 1:1"),
        (CLIP, {"aspect_ratio": "9:16"}, "1280x720, which is not 9:16"),
        (CLIP, {"duration_s": 10}, "lasts 5.04 s, not 10 s"),
        (CLIP, {"duration_s": 4.5}, "lasts 5.04 s, not 4.5 s"),
        (CLIP, {"audio": False}, "has audio, which was not requested"),
        (replace(CLIP, audio_codec=None), {"audio": True}, "has no audio"),
        (IMAGE, {"duration_s": 5}, "an image, not a video of 5 s"),
        (replace(CLIP, truncated=True), {}, "ends before what its own index announces"),
    ],
)
def test_a_difference_is_described(info: MediaInfo, request_: dict[str, Any], expected: str) -> None:
    (found,) = differences(info, **request_)
    assert expected in found


def test_every_difference_is_described() -> None:
    assert len(list(differences(CLIP, aspect_ratio="1:1", duration_s=60, audio=False))) == 3


@pytest.mark.parametrize(
    ("duration_s", "requested_s", "fine"),
    [(5.5, 5, True), (5.51, 5, False), (4.5, 5, True), (21.0, 20, True), (21.1, 20, False)],
)
def test_a_duration_may_differ_by_half_a_second_or_5_percent(
    duration_s: float, requested_s: float, *, fine: bool
) -> None:
    found = list(differences(replace(CLIP, duration_s=duration_s), duration_s=requested_s))
    assert (found == []) is fine


@pytest.mark.parametrize(("width", "fine"), [(1280, True), (1304, True), (1307, False), (1250, False)])
def test_an_aspect_ratio_may_differ_by_2_percent(width: int, *, fine: bool) -> None:
    assert (list(differences(replace(CLIP, width=width), aspect_ratio="16:9")) == []) is fine
