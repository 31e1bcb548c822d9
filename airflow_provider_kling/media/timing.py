"""When a video's frames are shown, told from the timestamps of its packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Final

_COMMON_RATES: Final = tuple(
    Fraction(whole * 1000, divisor) for whole in (24, 25, 30, 48, 50, 60) for divisor in (1000, 1001)
)
_FALLBACK_RATE: Final = Fraction(24)  # of a single frame that does not say how long it stays
_HIGHEST_RATE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """The times of a packet, in ticks of its stream's time base.

    :param duration: 0 where the container does not say.
    :param key: decoding can begin here.
    :param hidden: an edit list says not to show it.
    """

    pts: int
    dts: int
    duration: int
    key: bool = False
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When the frames of a video are shown.

    :param time_base: seconds a tick.
    :param shown: when each frame appears, in ticks, in the order of showing; at least one.
    :param end: when the last frame goes, in ticks.
    :param lead: how many frames decoding runs ahead of showing. None where the packets cannot be put behind
        those of another video as they are: the frames come unevenly, the first one is no key frame, or some
        are not shown.
    """

    time_base: Fraction
    shown: tuple[int, ...]
    end: int
    lead: int | None

    @property
    def begin(self) -> Fraction:
        """Return when the first frame appears, in seconds."""
        return self.shown[0] * self.time_base

    @property
    def seconds(self) -> Fraction:
        """Return how long the frames are shown in all."""
        return (self.end - self.shown[0]) * self.time_base

    @property
    def average_rate(self) -> Fraction:
        """Return frames a second."""
        return len(self.shown) / self.seconds

    @property
    def variable(self) -> bool:
        """Tell whether frames stay for different times, beyond what a container's rounding explains."""
        gaps = _gaps(self.shown)
        return bool(gaps) and max(gaps) - min(gaps) > max(2, sum(gaps) / len(gaps) / 10)

    @property
    def natural_rate(self) -> Fraction:
        """Return the constant rate, in frames a second, that shows these frames best.

        Where it varies, that is the rate of the usual gap between two frames, not the average, which a single
        long pause would pull down.
        """
        gaps = [gap for gap in _gaps(self.shown) if gap > 0]
        if not gaps:
            return _FALLBACK_RATE
        gap = Fraction(median_low(gaps)) if self.variable else Fraction(sum(gaps), len(gaps))
        rate = 1 / (gap * self.time_base)
        if len(set(gaps)) > 1:
            rate = _usual(rate)
        return min(rate, Fraction(_HIGHEST_RATE))


def timing_of(stamps: Sequence[Stamp], *, time_base: Fraction) -> Timing | None:
    """Return when the frames of a stream are shown, or None when none is.

    :param stamps: of all its packets, in the order of the file.
    """
    visible = sorted((stamp for stamp in stamps if not stamp.hidden), key=lambda stamp: stamp.pts)
    if not visible:
        return None
    shown = tuple(stamp.pts for stamp in visible)
    gaps = _gaps(shown)
    last = visible[-1].duration or (median_low(gaps) if gaps else round(1 / (_FALLBACK_RATE * time_base)))
    return Timing(
        time_base=time_base,
        shown=shown,
        end=shown[-1] + max(last, 1),
        lead=_lead(stamps, gaps=gaps or [last]),
    )


def _lead(stamps: Sequence[Stamp], *, gaps: Sequence[int]) -> int | None:
    first, step = stamps[0], gaps[0]
    if not first.key or any(stamp.hidden or stamp.pts < first.pts for stamp in stamps):
        return None
    # A last frame that stays longer than the others would leave no place for the next video's first one.
    last = max(stamps, key=lambda stamp: stamp.pts)
    shown_evenly = step > 0 and all(gap == step for gap in gaps) and last.duration in (0, step)
    decoded_evenly = all(stamp.dts == first.dts + number * step for number, stamp in enumerate(stamps))
    if not shown_evenly or not decoded_evenly or (first.pts - first.dts) % step:
        return None
    return (first.pts - first.dts) // step


def _gaps(shown: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(shown)]


def _usual(rate: Fraction) -> Fraction:
    """Return a usual rate where one is within 2 %, which undoes the rounding of a container's timestamps."""
    nearest = min(_COMMON_RATES, key=lambda common: abs(common - rate))
    if abs(nearest - rate) <= rate / 50:
        return nearest
    return max(Fraction(1), Fraction(round(rate)))
