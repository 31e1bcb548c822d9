"""Which frames of the output each clip fills, and which clips can be copied: decisions, without a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.filters import FrameFormat
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.probe import Scan
from airflow_provider_kling.media.timing import FrameTiming
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.video.timeline import (
    Segment,
    Timeline,
    at_constant_rate,
    can_stream_copy,
    lay_out,
    segment,
)

FPS = Fraction(24)


def segment_of(seconds: float | Fraction) -> Segment:
    return Segment(name="scene.mp4", start=Fraction(0), duration=Fraction(seconds))


def scanned(*, pts: tuple[int, ...] = tuple(range(0, 2400, 100)), end: int = 2400) -> Scan:
    """Return the scan of a clip, of one second by default."""
    return Scan(
        info=MediaInfo(type=MediaType.VIDEO, width=64, height=48, codec="h264"),
        timing=FrameTiming(time_base=Fraction(1, 2400), pts=pts, end=end, reorder_delay=2),
        frame_format=FrameFormat(width=64, height=48, pixel_format="yuv420p"),
        extradata=b"\x01d\0\x1f\xff",
        can_follow=True,
    )


def test_segments_follow_one_another() -> None:
    timeline = lay_out([segment_of(1), segment_of(2), segment_of(0.5)], fps=FPS)
    assert timeline.spans == (range(24), range(24, 72), range(72, 84))
    assert timeline.frames == 84


def test_rounding_does_not_add_up() -> None:
    timeline = lay_out([segment_of(Fraction(101, 100))] * 200, fps=FPS)
    assert timeline.frames == 202 * 24
    for number, span in enumerate(timeline.spans):
        assert abs(Fraction(span.start) / FPS - number * Fraction(101, 100)) <= 1 / FPS / 2
    assert all(
        before.stop == after.start for before, after in zip(timeline.spans, timeline.spans[1:], strict=False)
    )


def test_audio_is_exactly_as_long_as_the_frames() -> None:
    timeline = Timeline(fps=Fraction(30000, 1001), fade=0, spans=(range(3),))
    steps = [timeline.samples(frame, frame + 1) for frame in range(30_000)]
    assert set(steps) == {1601, 1602}
    assert sum(steps) == timeline.samples(0, 30_000) == 1001 * 48_000
    assert all(abs(timeline.samples(0, frame) - frame * 48_000 / timeline.fps) <= 0.5 for frame in range(30))


def test_a_fade_makes_neighbours_overlap() -> None:
    timeline = lay_out([segment_of(2), segment_of(2), segment_of(2)], fps=FPS, fade_s=0.5)
    assert timeline.fade == 12
    assert timeline.spans == (range(48), range(36, 84), range(72, 120))
    assert timeline.frames == 3 * 48 - 2 * 12


def test_a_fade_has_at_least_a_frame_and_needs_a_neighbour() -> None:
    assert lay_out([segment_of(2), segment_of(2)], fps=FPS, fade_s=0.001).fade == 1
    assert lay_out([segment_of(2)], fps=FPS, fade_s=5).frames == 48


def test_a_segment_may_consist_of_cross_fades_only() -> None:
    assert lay_out([segment_of(1), segment_of(2), segment_of(1)], fps=FPS, fade_s=1).frames == 48


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([0.9, 5, 5], r"scene\.mp4 lasts 0\.90 s, which is too short for a cross-fade of 1\.00 s"),
        (
            [5, 1.9, 5],
            r"scene\.mp4 lasts 1\.90 s, which is too short for cross-fades at both ends of 1\.00 s",
        ),
        ([5, 5, 0.1], r"scene\.mp4 lasts 0\.10 s, which is too short for a cross-fade of 1\.00 s"),
    ],
)
def test_a_fade_longer_than_a_clip_is_refused(seconds: list[float], said: str) -> None:
    with pytest.raises(KlingMediaError, match=said) as caught:
        lay_out([segment_of(each) for each in seconds], fps=FPS, fade_s=1)
    assert not caught.value.retryable


def test_a_clip_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(KlingMediaError, match=r"scene\.mp4 is shorter than a frame"):
        lay_out([segment_of(1), segment_of(Fraction(1, 120))], fps=FPS)


def test_broken_timestamps_do_not_give_an_endless_output() -> None:
    with pytest.raises(KlingMediaError, match="timestamps of one of them may be broken"):
        lay_out([segment_of(1), segment_of(10**6)], fps=FPS)


def test_trimming_leaves_out_frames_and_their_time() -> None:
    clip = scanned(pts=(240, 340, 900, 1000), end=1240)
    assert segment(clip, name="a") == Segment(name="a", start=Fraction(1, 10), duration=Fraction(1000, 2400))
    trimmed = segment(clip, name="a", trim_frames=2)
    assert trimmed == Segment(name="a", start=Fraction(900, 2400), duration=Fraction(340, 2400))


def test_a_segment_needs_a_frame() -> None:
    assert segment(scanned(), name="a", trim_frames=23).duration == Fraction(1, 24)
    with pytest.raises(KlingMediaError, match="a has 24 frames, so 24 cannot be left out"):
        segment(scanned(), name="a", trim_frames=24)


@pytest.mark.parametrize(
    ("change", "said"), [({"type": MediaType.IMAGE}, "an image"), ({"truncated": True}, "damaged")]
)
def test_an_image_or_a_truncated_video_is_refused(change: dict[str, object], said: str) -> None:
    clip = scanned()
    with pytest.raises(KlingMediaError, match=f"scene.*{said}"):
        segment(replace(clip, info=replace(clip.info, **change)), name="scene")


def _with_format(**change: object) -> Callable[[Scan], Scan]:
    return lambda clip: replace(clip, frame_format=replace(clip.frame_format, **change))


def _with_timing(**change: object) -> Callable[[Scan], Scan]:
    return lambda clip: replace(clip, timing=replace(clip.timing, **change))


DIFFERENCES: dict[str, Callable[[Scan], Scan]] = {
    "width": _with_format(width=80),
    "colours": _with_format(colorspace=1),
    "range": _with_format(color_range=2),
    "sample aspect ratio": _with_format(sample_aspect_ratio=Fraction(2)),
    "reorder delay": _with_timing(reorder_delay=1),
    "rate": _with_timing(time_base=Fraction(1, 2500)),
    "parameter sets": lambda clip: replace(clip, extradata=b"\x01d\0\x20"),
}


def _at(times_a_second: int, *, frames: int) -> FrameTiming:
    return FrameTiming(
        time_base=Fraction(1, times_a_second), pts=tuple(range(frames)), end=frames, reorder_delay=0
    )


NOT_COPYABLE: dict[str, Callable[[Scan], Scan]] = {
    "pixel format": _with_format(pixel_format="yuv444p"),
    "rotation": _with_format(rotation=(("transpose", "clock"),)),
    "uneven": _with_timing(reorder_delay=None),
    "too many frames a second": lambda clip: replace(clip, timing=_at(240, frames=240)),
    "a single frame of another rate": lambda clip: replace(clip, timing=_at(30, frames=1)),
    "needs what is before it": lambda clip: replace(clip, can_follow=False),
}


def test_clips_that_are_alike_can_be_copied() -> None:
    assert can_stream_copy([scanned()], size=None, fps=None)
    assert can_stream_copy([scanned(), scanned(), scanned()], size=(64, 48), fps=FPS)


@pytest.mark.parametrize("change", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_clips_that_differ_are_not_copied(change: Callable[[Scan], Scan]) -> None:
    assert not can_stream_copy([scanned(), scanned(), change(scanned())], size=None, fps=None)
    assert can_stream_copy([change(scanned())] * 2, size=None, fps=None)


@pytest.mark.parametrize("change", NOT_COPYABLE.values(), ids=NOT_COPYABLE.keys())
def test_other_kinds_of_video_are_not_copied(change: Callable[[Scan], Scan]) -> None:
    assert not can_stream_copy([change(scanned())] * 2, size=None, fps=None)


def test_another_size_or_rate_prevents_copying() -> None:
    assert not can_stream_copy([scanned()], size=(64, 64), fps=None)
    assert not can_stream_copy([scanned()], size=None, fps=Fraction(25))


def test_clips_of_another_duration_or_time_base_can_be_copied() -> None:
    finer = scanned(pts=tuple(range(0, 4800, 200)), end=4800)
    finer = replace(finer, timing=replace(finer.timing, time_base=Fraction(1, 4800)))
    shorter = scanned(pts=tuple(range(0, 1000, 100)), end=1000)
    assert can_stream_copy([scanned(), finer, shorter], size=None, fps=None)


def timed(*times: float | Fraction) -> list[tuple[Fraction, int]]:
    return [(Fraction(time), number) for number, time in enumerate(times)]


@pytest.mark.parametrize(
    ("times", "count", "displayed"),
    [
        ([Fraction(index, 24) for index in range(5)], 5, [0, 1, 2, 3, 4]),
        ([0, 0.042, 0.083, 0.125, 0.167], 5, [0, 1, 2, 3, 4]),  # rounded to milliseconds
        ([Fraction(index, 12) for index in range(3)], 6, [0, 0, 1, 1, 2, 2]),
        ([Fraction(index, 48) for index in range(6)], 3, [0, 2, 4]),
        ([0, 0.5], 14, [0] * 12 + [1] * 2),
        ([0.2, 0.25], 8, [0, 0, 0, 0, 0, 0, 1, 1]),  # nothing before the first
        ([0, 5.0], 3, [0, 0, 0]),
        ([-2, -1, -0.03, 0, Fraction(1, 24)], 2, [3, 4]),  # the start is left out
        ([], 3, []),
    ],
)
def test_each_frame_of_a_constant_rate_shows_the_frame_that_is_due(
    times: list[float], count: int, displayed: list[int]
) -> None:
    assert list(at_constant_rate(timed(*times), fps=FPS, count=count)) == displayed
