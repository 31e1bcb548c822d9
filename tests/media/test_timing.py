"""When frames are shown, from timestamps alone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_kling.media.timing import Stamp, Timing, timing_of

TICK = Fraction(1, 600)


def stamps(*pts: int, duration: int = 0, lead: int = 0) -> list[Stamp]:
    """Return packets whose frames are shown at given ticks, decoded in the same order."""
    return [Stamp(pts=at, dts=at - lead, duration=duration, key=number == 0) for number, at in enumerate(pts)]


def timing(packets: list[Stamp], *, time_base: Fraction = TICK) -> Timing:
    found = timing_of(packets, time_base=time_base)
    assert found is not None
    return found


def test_the_length_reaches_to_the_end_of_the_frame_that_is_shown_last() -> None:
    # Decoded last but one, shown last, and staying for longer than the others.
    packets = [
        Stamp(pts=100, dts=50, duration=25, key=True),
        Stamp(pts=150, dts=75, duration=40),
        Stamp(pts=125, dts=100, duration=25),
    ]
    assert timing(packets).seconds == Fraction(90, 600)
    assert timing(packets).begin == Fraction(100, 600)
    assert timing(packets).shown == (100, 125, 150)


def test_a_last_frame_of_unknown_length_stays_as_long_as_is_usual() -> None:
    assert timing(stamps(0, 25, 50, 400, 425)).seconds == Fraction(450, 600)


def test_hidden_frames_do_not_count() -> None:
    packets = [Stamp(pts=0, dts=0, duration=25, key=True, hidden=True), *stamps(25, 50, duration=25)]
    assert timing(packets).shown == (25, 50)
    assert timing(packets).seconds == Fraction(50, 600)


def test_nothing_shown_has_no_timing() -> None:
    assert timing_of([], time_base=TICK) is None
    assert timing_of([Stamp(pts=0, dts=0, duration=1, hidden=True)], time_base=TICK) is None


@pytest.mark.parametrize(
    ("pts", "variable"),
    [
        ((0, 25, 50, 75), False),
        ((0, 25, 50, 100), True),
        ((0, 41, 83, 125, 166), False),  # 24 a second, rounded to milliseconds
        ((0, 20, 60, 80), True),
        ((0,), False),
    ],
)
def test_rounding_does_not_make_a_rate_variable(pts: tuple[int, ...], *, variable: bool) -> None:
    assert timing(stamps(*pts)).variable is variable


@pytest.mark.parametrize(
    ("pts", "time_base", "rate"),
    [
        (range(0, 24 * 512, 512), Fraction(1, 12288), Fraction(24)),
        (range(0, 24 * 1001, 1001), Fraction(1, 24000), Fraction(24000, 1001)),
        (range(0, 3000, 100), Fraction(1, 1210), Fraction(121, 10)),  # unusual, but constant: kept as it is
        ([round(index * 1000 / 24) for index in range(48)], Fraction(1, 1000), Fraction(24)),
        ([round(index * 1001 / 24) for index in range(480)], Fraction(1, 1000), Fraction(24000, 1001)),
        ([0, 33, 67, 100, 3000, 3033, 3067], Fraction(1, 1000), Fraction(30)),  # a pause is not the rate
        ([0, 0, 0, 25], TICK, Fraction(24)),
        ([7], TICK, Fraction(24)),
        (range(24), Fraction(1, 1000), Fraction(120)),
    ],
)
def test_the_natural_rate_is_the_one_that_was_meant(
    pts: list[int] | range, time_base: Fraction, rate: Fraction
) -> None:
    assert timing(stamps(*pts), time_base=time_base).natural_rate == rate


def test_even_packets_may_be_put_behind_others() -> None:
    assert timing(stamps(0, 25, 50, duration=25)).lead == 0
    assert timing(stamps(0, 25, 50, duration=25, lead=50)).lead == 2
    assert timing(stamps(7, 32, 57, duration=25, lead=25)).lead == 1


@pytest.mark.parametrize(
    "packets",
    [
        stamps(0, 25, 51, duration=25),
        [Stamp(pts=pts, dts=dts, duration=25, key=dts == 0) for pts, dts in ((0, 0), (25, 25), (75, 50))],
        stamps(0, 0),
        stamps(0, 25, 50, duration=30),  # the last would reach into the next video
        stamps(0, 25, 50, duration=25, lead=10),  # decoded between the frames
        # Something is shown before the first packet's frame.
        [Stamp(pts=pts, dts=dts, duration=25, key=dts == 0) for pts, dts in ((25, 0), (0, 25), (50, 50))],
        [Stamp(pts=0, dts=0, duration=25), Stamp(pts=25, dts=25, duration=25)],  # no key frame
        [*stamps(0, 25, duration=25), Stamp(pts=50, dts=50, duration=25, hidden=True)],
        [Stamp(pts=0, dts=0, duration=25, key=True), Stamp(pts=25, dts=0, duration=25)],
        # Decoded late enough to reach into the next video's time.
        [Stamp(pts=0, dts=-50, duration=25, key=True), Stamp(pts=25, dts=0, duration=25)],
    ],
)
def test_uneven_packets_may_not(packets: list[Stamp]) -> None:
    assert timing(packets).lead is None
