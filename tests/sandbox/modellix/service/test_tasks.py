"""How long tasks take: longer for longer and larger results, divided by the speed."""

from __future__ import annotations

from random import Random

import pytest

from airflow_provider_kling.sandbox.core.schedule import Schedule
from airflow_provider_kling.sandbox.modellix.service.tasks import schedule
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    ImageSpec,
    MediaKind,
    MediaReference,
    VideoSpec,
)


def _schedules(seconds: int, resolution: str, *kinds: MediaKind, speed: float = 1) -> list[Schedule]:
    spec = VideoSpec(
        label="",
        prompt="x",
        resolution=resolution,
        aspect_ratio=None,
        seconds=seconds,
        audio=AudioSource.NONE,
        inputs=tuple(MediaReference(name=kind, kind=kind, text="") for kind in kinds),
    )
    return [schedule(spec, now=0, speed=speed, rng=Random(seed)) for seed in range(200)]


@pytest.mark.parametrize(
    ("seconds", "resolution", "low", "high"),
    [(5, "720p", 60, 120), (10, "720p", 120, 240), (10, "1080p", 150, 300), (5, "4k", 150, 300)],
)
def test_longer_and_larger_videos_take_longer(seconds: int, resolution: str, low: float, high: float):
    schedules = _schedules(seconds, resolution)
    assert all(low <= entry.done_at <= high for entry in schedules)
    assert all(2 <= entry.processing_at <= 6 for entry in schedules)
    assert len({entry.done_at for entry in schedules}) == len(schedules)


def test_images_take_seconds_not_minutes():
    spec = ImageSpec(label="", prompt="x", resolution="1k", aspect_ratio="1:1", count=9)
    schedules = [schedule(spec, now=0, speed=1, rng=Random(seed)) for seed in range(200)]
    assert all(5 <= entry.done_at <= 20 for entry in schedules)
    assert all(entry.processing_at <= entry.done_at for entry in schedules)


def test_the_speed_divides_the_duration():
    for slow, fast in zip(_schedules(5, "720p"), _schedules(5, "720p", speed=20), strict=True):
        assert fast.done_at == pytest.approx(slow.done_at / 20)
        assert fast.processing_at == pytest.approx(slow.processing_at / 20)


@pytest.mark.parametrize("kind", list(MediaKind))
def test_inputs_make_a_task_longer(kind: MediaKind):
    for plain, longer in zip(_schedules(5, "720p"), _schedules(5, "720p", kind), strict=True):
        assert longer.done_at > plain.done_at
