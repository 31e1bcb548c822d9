"""When frames are displayed, from timestamps alone."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from airflow_provider_kling.media.timing import FrameTiming, PacketTiming, frame_timing

TIME_BASE = Fraction(1, 600)


def packets(*pts: int, duration: int = 0, delay: int = 0) -> list[PacketTiming]:
    """Return packets by their presentation times, in decoding order; each is decoded ``delay`` earlier."""
    return [
        PacketTiming(pts=at, dts=at - delay, duration=duration, key=number == 0)
        for number, at in enumerate(pts)
    ]


def timing(listed: list[PacketTiming], *, time_base: Fraction = TIME_BASE) -> FrameTiming:
    found = frame_timing(listed, time_base=time_base)
    assert found is not None
    return found


def test_the_duration_ends_with_the_frame_that_is_displayed_last() -> None:
    # The frame that is displayed last is decoded second, and is longer than the others.
    listed = [
        PacketTiming(pts=100, dts=50, duration=25, key=True),
        PacketTiming(pts=150, dts=75, duration=40),
        PacketTiming(pts=125, dts=100, duration=25),
    ]
    assert timing(listed).duration == Fraction(90, 600)
    assert timing(listed).pts == (100, 125, 150)


def test_a_last_frame_without_a_duration_gets_the_median_one() -> None:
    assert timing(packets(0, 25, 50, 400, 425)).duration == Fraction(450, 600)


def test_discarded_frames_do_not_count() -> None:
    listed = [PacketTiming(pts=0, dts=0, duration=25, key=True, discard=True), *packets(25, 50, duration=25)]
    assert timing(listed).pts == (25, 50)
    assert timing(listed).duration == Fraction(50, 600)


def test_without_a_displayed_frame_there_is_no_timing() -> None:
    assert frame_timing([], time_base=TIME_BASE) is None
    assert frame_timing([PacketTiming(pts=0, dts=0, duration=1, discard=True)], time_base=TIME_BASE) is None


@pytest.mark.parametrize(
    ("pts", "variable"),
    [
        ((0, 25, 50, 75), False),
        ((0, 25, 50, 100), True),
        ((0, 41, 83, 125, 166), False),  # 24 frames a second, rounded to milliseconds
        ((0, 20, 60, 80), True),
        ((0,), False),
    ],
)
def test_rounding_does_not_make_a_rate_variable(pts: tuple[int, ...], *, variable: bool) -> None:
    assert timing(packets(*pts)).variable is variable


@pytest.mark.parametrize(
    ("pts", "time_base", "rate"),
    [
        (range(0, 24 * 512, 512), Fraction(1, 12288), Fraction(24)),
        (range(0, 24 * 1001, 1001), Fraction(1, 24000), Fraction(24000, 1001)),
        (range(0, 3000, 100), Fraction(1, 1210), Fraction(121, 10)),  # uncommon, but constant: kept
        ([round(index * 1000 / 24) for index in range(48)], Fraction(1, 1000), Fraction(24)),
        ([round(index * 1001 / 24) for index in range(480)], Fraction(1, 1000), Fraction(24000, 1001)),
        ([0, 33, 67, 100, 3000, 3033, 3067], Fraction(1, 1000), Fraction(30)),  # a pause does not count
        ([0, 0, 0, 25], TIME_BASE, Fraction(24)),
        ([7], TIME_BASE, Fraction(24)),
        (range(24), Fraction(1, 1000), Fraction(120)),
        # The unit is a frame, of which some are left out: nothing is rounded.
        ([at for at in range(60) if at % 3], Fraction(1, 25), Fraction(25)),
        ([round(index * 100 / 30) for index in range(49)], Fraction(1, 100), Fraction(30)),  # a GIF: rounded
    ],
)
def test_the_nominal_rate_undoes_rounding_and_ignores_pauses(
    pts: list[int] | range, time_base: Fraction, rate: Fraction
) -> None:
    assert timing(packets(*pts), time_base=time_base).nominal_rate == rate


@pytest.mark.parametrize(
    ("pts", "time_base", "rate"),
    [
        # Some are left out; the unit is a frame, or half of one.
        ([0, 1, 2, 4, 5], Fraction(1, 25), Fraction(25)),
        ([0, 2, 4, 8, 10], Fraction(1, 50), Fraction(25)),
        # Fast at first, then each third frame only; the other way round; at rates without a common multiple.
        ([*range(10), *range(10, 100, 3)], Fraction(1, 25), Fraction(25)),
        ([*range(0, 90, 3), *range(90, 100)], Fraction(1, 25), Fraction(25)),
        ([*range(0, 1000, 40), *range(1000, 3000, 100)], Fraction(1, 1000), Fraction(25)),
        # Pictures that are displayed for long, and a moving part.
        ([*range(0, 50_000, 10_000), *range(50_000, 50_400, 40)], Fraction(1, 1000), Fraction(25)),
        ([*range(0, 50_000, 10_000), 40_040], Fraction(1, 1000), Fraction(24_000, 1001)),
        # A single frame in a hundred that comes early does not double the rate of all.
        ([*range(0, 4000, 40), 4010, 4040], Fraction(1, 1000), Fraction(25)),
        ([*range(0, 960, 40), 921], Fraction(1, 1000), Fraction(25)),
        ([0, 1, *range(1000, 2000)], Fraction(1, 1000), Fraction(120)),
    ],
)
def test_at_the_nominal_rate_of_a_variable_one_nearly_all_frames_are_displayed(
    pts: list[int], time_base: Fraction, rate: Fraction
) -> None:
    assert timing(packets(*pts), time_base=time_base).variable
    assert timing(packets(*pts), time_base=time_base).nominal_rate == rate


@pytest.mark.parametrize("rate", ["24000/1001", "24", "24.4", "25", "28.9", "29.2", "30000/1001", "50", "59"])
def test_jitter_does_not_double_the_rate(rate: str) -> None:
    gap, random = 90_000 / Fraction(rate), Random(1)
    jitter = gap / 11  # 3 ms at 30 frames a second
    pts = [round(index * gap + random.uniform(-1, 1) * jitter) for index in range(600)]
    found = timing(packets(*pts), time_base=Fraction(1, 90_000))
    assert found.variable
    assert found.nominal_rate == pytest.approx(Fraction(rate), rel=0.25)


@pytest.mark.parametrize("rate", [10, 12, 15, 24, 25, 30, 50, 60, 75])
def test_the_hundredths_of_a_gif_do_not_make_its_rate_variable(rate: int) -> None:
    pts = [round(Fraction(index * 100, rate)) for index in range(5 * rate + 1)]
    found = timing(packets(*pts), time_base=Fraction(1, 100))
    assert not found.variable
    assert found.nominal_rate == rate


def test_evenly_timed_packets_have_a_reorder_delay() -> None:
    assert timing(packets(0, 25, 50, duration=25)).reorder_delay == 0
    assert timing(packets(0, 25, 50, duration=25, delay=50)).reorder_delay == 2
    assert timing(packets(7, 32, 57, duration=25, delay=25)).reorder_delay == 1


@pytest.mark.parametrize(
    "listed",
    [
        packets(0, 25, 51, duration=25),
        [
            PacketTiming(pts=pts, dts=dts, duration=25, key=dts == 0)
            for pts, dts in ((0, 0), (25, 25), (75, 50))
        ],
        packets(0, 0),
        packets(0, 25, 50, duration=30),  # the last one would overlap with the next video
        packets(0, 25, 50, duration=25, delay=10),  # decoded between the frames
        # A frame is displayed before that of the first packet.
        [
            PacketTiming(pts=pts, dts=dts, duration=25, key=dts == 0)
            for pts, dts in ((25, 0), (0, 25), (50, 50))
        ],
        [PacketTiming(pts=0, dts=0, duration=25), PacketTiming(pts=25, dts=25, duration=25)],  # no key frame
        [*packets(0, 25, duration=25), PacketTiming(pts=50, dts=50, duration=25, discard=True)],
        [PacketTiming(pts=0, dts=0, duration=25, key=True), PacketTiming(pts=25, dts=0, duration=25)],
        # The decoding times would overlap with the next video.
        [PacketTiming(pts=0, dts=-50, duration=25, key=True), PacketTiming(pts=25, dts=0, duration=25)],
    ],
)
def test_unevenly_timed_packets_have_no_reorder_delay(listed: list[PacketTiming]) -> None:
    assert timing(listed).reorder_delay is None
