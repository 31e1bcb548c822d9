"""Holding what a file is against what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_kling.media.facts import MediaFacts, MediaType, SoundFacts, disagreements

CLIP = MediaFacts(
    type=MediaType.VIDEO,
    container="mp4",
    width=1280,
    height=720,
    codec="h264",
    pixel_format="yuv420p",
    seconds=5.04,
    frames=121,
    fps=24.0,
    variable_fps=False,
    sound=SoundFacts(codec="aac", sample_rate=48_000, channels=2),
)
PICTURE = MediaFacts(
    type=MediaType.IMAGE, container="png", width=768, height=1364, codec="png", pixel_format="rgb24"
)


def test_nothing_asked_is_nothing_broken() -> None:
    assert disagreements(CLIP) == []


def test_what_was_asked_and_came_is_no_disagreement() -> None:
    assert disagreements(CLIP, width=1280, height=720, ratio="16:9", seconds=5, sound=True) == []
    assert disagreements(PICTURE, ratio="9:16") == []
    assert disagreements(replace(CLIP, sound=None), sound=False) == []


@pytest.mark.parametrize(
    ("facts", "asked", "said"),
    [
        (CLIP, {"width": 1920}, "1280 pixels wide, not 1920"),
        (CLIP, {"height": 1080}, "720 pixels high, not 1080"),
        (CLIP, {"ratio": "1:1"}, "1280x720, which is not 1:1"),
        (CLIP, {"ratio": "9:16"}, "1280x720, which is not 9:16"),
        (CLIP, {"seconds": 10}, "lasts 5.04 s, not 10 s"),
        (CLIP, {"seconds": 4.5}, "lasts 5.04 s, not 4.5 s"),
        (CLIP, {"sound": False}, "has sound, which was not asked for"),
        (replace(CLIP, sound=None), {"sound": True}, "has no sound"),
        (PICTURE, {"seconds": 5}, "an image, not 5 s"),
        (replace(CLIP, cut_short=True), {}, "ends before its own index says"),
    ],
)
def test_a_disagreement_is_said(facts: MediaFacts, asked: dict[str, Any], said: str) -> None:
    (found,) = disagreements(facts, **asked)
    assert said in found


def test_every_disagreement_is_said() -> None:
    assert len(disagreements(CLIP, width=1, height=1, ratio="1:1", seconds=60, sound=False)) == 5


@pytest.mark.parametrize(
    ("seconds", "asked", "fine"),
    [(5.5, 5, True), (5.51, 5, False), (4.5, 5, True), (21.0, 20, True), (21.1, 20, False)],
)
def test_a_length_passes_within_half_a_second_or_a_twentieth(
    seconds: float, asked: float, *, fine: bool
) -> None:
    assert (disagreements(replace(CLIP, seconds=seconds), seconds=asked) == []) is fine


@pytest.mark.parametrize(("width", "fine"), [(1280, True), (1304, True), (1307, False), (1250, False)])
def test_a_ratio_passes_within_two_percent(width: int, *, fine: bool) -> None:
    assert (disagreements(replace(CLIP, width=width), ratio="16:9") == []) is fine
