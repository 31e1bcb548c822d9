"""Where clips stand in a film, and which may be taken over as they are: decisions, without a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.facts import MediaFacts, MediaType
from airflow_provider_kling.media.picture import Shape
from airflow_provider_kling.media.probe import Survey
from airflow_provider_kling.media.timing import Timing
from airflow_provider_kling.video.plan import Part, Plan, Span, lay_out, may_copy, paced, part_of

FPS = Fraction(24)


def part(seconds: float | Fraction) -> Part:
    return Part(name="scene.mp4", begin=Fraction(0), seconds=Fraction(seconds))


def found(*, shown: tuple[int, ...] = tuple(range(0, 2400, 100)), end: int = 2400) -> Survey:
    """Return what is known of a clip, of one second by default."""
    return Survey(
        facts=MediaFacts(
            type=MediaType.VIDEO, container="mp4", width=64, height=48, codec="h264", pixel_format="yuv420p"
        ),
        timing=Timing(time_base=Fraction(1, 2400), shown=shown, end=end, lead=2),
        shape=Shape(width=64, height=48, pixel_format="yuv420p"),
        extradata=b"\x01d\0\x1f",
    )


def test_parts_follow_one_another() -> None:
    plan = lay_out([part(1), part(2), part(0.5)], fps=FPS)
    assert plan.spans == (Span(begin=0, frames=24), Span(begin=24, frames=48), Span(begin=72, frames=12))
    assert plan.frames == 84


def test_rounding_does_not_add_up() -> None:
    plan = lay_out([part(Fraction(101, 100))] * 200, fps=FPS)
    assert plan.frames == 202 * 24
    for number, span in enumerate(plan.spans):
        assert abs(Fraction(span.begin) / FPS - number * Fraction(101, 100)) <= 1 / FPS / 2
    assert all(before.end == after.begin for before, after in zip(plan.spans, plan.spans[1:], strict=False))


def test_sound_takes_exactly_as_long_as_the_pictures() -> None:
    plan = Plan(fps=Fraction(30000, 1001), fade=0, spans=(Span(begin=0, frames=3),))
    steps = [plan.samples(frame + 1) - plan.samples(frame) for frame in range(30_000)]
    assert set(steps) == {1601, 1602}
    assert sum(steps) == plan.samples(30_000) == 1001 * 48_000
    assert all(abs(plan.samples(frame) - frame * 48_000 / plan.fps) <= 0.5 for frame in range(30))


def test_a_fade_makes_neighbours_overlap() -> None:
    plan = lay_out([part(2), part(2), part(2)], fps=FPS, fade_s=0.5)
    assert plan.fade == 12
    assert plan.spans == (Span(begin=0, frames=48), Span(begin=36, frames=48), Span(begin=72, frames=48))
    assert plan.frames == 3 * 48 - 2 * 12


def test_a_fade_has_at_least_a_frame_and_needs_a_neighbour() -> None:
    assert lay_out([part(2), part(2)], fps=FPS, fade_s=0.001).fade == 1
    assert lay_out([part(2)], fps=FPS, fade_s=5).frames == 48


def test_a_part_may_be_all_fade() -> None:
    assert lay_out([part(1), part(2), part(1)], fps=FPS, fade_s=1).frames == 48


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
        lay_out([part(each) for each in seconds], fps=FPS, fade_s=1)
    assert not caught.value.retryable


def test_a_clip_that_would_vanish_is_refused() -> None:
    with pytest.raises(KlingMediaError, match=r"scene\.mp4 is shorter than a frame"):
        lay_out([part(1), part(Fraction(1, 120))], fps=FPS)


def test_timestamps_gone_mad_do_not_make_an_endless_film() -> None:
    with pytest.raises(KlingMediaError, match="timestamps of one of them may be broken"):
        lay_out([part(1), part(10**6)], fps=FPS)


def test_trimming_leaves_out_frames_and_their_time() -> None:
    clip = found(shown=(240, 340, 900, 1000), end=1240)
    assert part_of(clip, name="a") == Part(name="a", begin=Fraction(1, 10), seconds=Fraction(1000, 2400))
    trimmed = part_of(clip, name="a", trim_frames=2)
    assert trimmed == Part(name="a", begin=Fraction(900, 2400), seconds=Fraction(340, 2400))


def test_a_part_needs_a_frame() -> None:
    assert part_of(found(), name="a", trim_frames=23).seconds == Fraction(1, 24)
    with pytest.raises(KlingMediaError, match="a has 24 frames, so 24 cannot be left out"):
        part_of(found(), name="a", trim_frames=24)


@pytest.mark.parametrize(
    ("change", "said"), [({"type": MediaType.IMAGE}, "a picture"), ({"cut_short": True}, "damaged")]
)
def test_what_is_no_whole_video_is_no_part(change: dict[str, object], said: str) -> None:
    clip = found()
    with pytest.raises(KlingMediaError, match=f"scene.*{said}"):
        part_of(replace(clip, facts=replace(clip.facts, **change)), name="scene")


def _with_shape(**change: object) -> Callable[[Survey], Survey]:
    return lambda clip: replace(clip, shape=replace(clip.shape, **change))


def _with_timing(**change: object) -> Callable[[Survey], Survey]:
    return lambda clip: replace(clip, timing=replace(clip.timing, **change))


DIFFERENCES: dict[str, Callable[[Survey], Survey]] = {
    "width": _with_shape(width=80),
    "colours": _with_shape(matrix=1),
    "range": _with_shape(colour_range=2),
    "pixel aspect": _with_shape(pixel_aspect=Fraction(2)),
    "decoding order": _with_timing(lead=1),
    "rate": _with_timing(time_base=Fraction(1, 2500)),
    "parameter sets": lambda clip: replace(clip, extradata=b"\x01d\0\x20"),
}


def _at(times_a_second: int, *, frames: int) -> Timing:
    return Timing(time_base=Fraction(1, times_a_second), shown=tuple(range(frames)), end=frames, lead=0)


UNFIT: dict[str, Callable[[Survey], Survey]] = {
    "codec": lambda clip: replace(clip, facts=replace(clip.facts, codec="hevc")),
    "pixel format": _with_shape(pixel_format="yuv444p"),
    "rotation": _with_shape(turn=(("transpose", "clock"),)),
    "uneven": _with_timing(lead=None),
    "too many frames a second": lambda clip: replace(clip, timing=_at(240, frames=240)),
    "a single frame of another rate": lambda clip: replace(clip, timing=_at(30, frames=1)),
    "other container": lambda clip: replace(clip, extradata=b"\0\0\0\x01g"),
    "no parameter sets": lambda clip: replace(clip, extradata=b""),
}


def test_clips_that_are_alike_may_be_copied() -> None:
    assert may_copy([found()], size=None, fps=None)
    assert may_copy([found(), found(), found()], size=(64, 48), fps=FPS)


@pytest.mark.parametrize("change", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_difference_forbids_to_copy(change: Callable[[Survey], Survey]) -> None:
    assert not may_copy([found(), found(), change(found())], size=None, fps=None)
    assert may_copy([change(found())] * 2, size=None, fps=None)


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT.keys())
def test_what_no_film_is_made_of_is_not_copied(change: Callable[[Survey], Survey]) -> None:
    assert not may_copy([change(found())] * 2, size=None, fps=None)


def test_what_is_asked_otherwise_is_not_copied() -> None:
    assert not may_copy([found()], size=(64, 64), fps=None)
    assert not may_copy([found()], size=None, fps=Fraction(25))


def test_clips_of_other_length_or_time_base_may_be_copied() -> None:
    finer = found(shown=tuple(range(0, 4800, 200)), end=4800)
    finer = replace(finer, timing=replace(finer.timing, time_base=Fraction(1, 4800)))
    shorter = found(shown=tuple(range(0, 1000, 100)), end=1000)
    assert may_copy([found(), finer, shorter], size=None, fps=None)


def things(*times: float | Fraction) -> list[tuple[Fraction, int]]:
    return [(Fraction(time), number) for number, time in enumerate(times)]


@pytest.mark.parametrize(
    ("times", "count", "shown"),
    [
        ([Fraction(index, 24) for index in range(5)], 5, [0, 1, 2, 3, 4]),
        ([0, 0.042, 0.083, 0.125, 0.167], 5, [0, 1, 2, 3, 4]),  # rounded to milliseconds
        ([Fraction(index, 12) for index in range(3)], 6, [0, 0, 1, 1, 2, 2]),
        ([Fraction(index, 48) for index in range(6)], 3, [0, 2, 4]),
        ([0, 0.5], 14, [0] * 12 + [1] * 2),
        ([0.2, 0.25], 8, [0, 0, 0, 0, 0, 0, 1, 1]),  # nothing before the first
        ([0, 5.0], 3, [0, 0, 0]),
        ([-2, -1, -0.03, 0, Fraction(1, 24)], 2, [3, 4]),  # left out in front
        ([], 3, []),
    ],
)
def test_each_frame_shows_what_is_due(times: list[float], count: int, shown: list[int]) -> None:
    assert list(paced(things(*times), fps=FPS, count=count)) == shown
