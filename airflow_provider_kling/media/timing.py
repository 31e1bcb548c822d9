"""When the frames of a video are displayed, calculated from the timestamps of its packets or frames."""

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
_DEFAULT_RATE: Final = Fraction(24)  # of a single frame without a duration
_MAX_RATE: Final = Fraction(120)
# Of the median rate; the output of a concatenation has one rate, and is to show nearly every frame.
_MULTIPLES: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 120)
# Of the frames, so many may be closer to the next one than they should be; one may in a dozen or more.
_MOST_SKIPPED: Final = Fraction(1, 20)
_DOZEN: Final = 12
_COMMON_UNITS: Final = frozenset(1 / rate for rate in _COMMON_RATES)
_FEW_UNITS: Final = 5  # of a time base between two frames: rounding changes it by one at most


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketTiming:
    """The timestamps of a packet, or of a decoded frame, in units of its stream's time base.

    :param pts: presentation time.
    :param dts: decoding time.
    :param duration: 0 where the container does not say.
    :param key: decoding can start here.
    :param discard: an edit list says not to display it.
    """

    pts: int
    dts: int
    duration: int
    key: bool = False
    discard: bool = False


@dataclass(frozen=True, kw_only=True)
class FrameTiming:
    """When the frames of a video are displayed.

    :param time_base: seconds a unit.
    :param pts: the presentation time of each frame, in units of the time base, ascending; at least one.
    :param end: the end of the last frame, in the same units.
    :param reorder_delay: by how many frames decoding runs ahead of presentation. None where the packets
        cannot be appended to those of another video as they are: the frames have different durations, the
        first one is no key frame, or some are not displayed.
    """

    time_base: Fraction
    pts: tuple[int, ...]
    end: int
    reorder_delay: int | None

    @property
    def duration(self) -> Fraction:
        """The duration of all frames together, in seconds."""
        return (self.end - self.pts[0]) * self.time_base

    @property
    def average_rate(self) -> Fraction:
        """Frames a second."""
        return len(self.pts) / self.duration

    @property
    def variable(self) -> bool:
        """Whether frames have different durations, beyond what the rounding of a container explains."""
        gaps = _gaps(self.pts)
        if not gaps:
            return False
        average = sum(gaps) / len(gaps)
        if min(gaps) == 1 and self.time_base in _COMMON_UNITS:
            rounding = 0.0  # the unit is a frame
        else:
            rounding = 1 if average < _FEW_UNITS else max(2, average / 10)
        return max(gaps) - min(gaps) > rounding

    @property
    def nominal_rate(self) -> Fraction:
        """The constant rate, in frames a second, that fits these frames best.

        Where they have different durations, it is the lowest multiple of the median rate, or a common rate
        near one, at which nearly all of them are displayed.
        """
        gaps = [gap for gap in _gaps(self.pts) if gap > 0]
        if not gaps:
            return _DEFAULT_RATE
        if self.variable:
            # After a single long pause, the average would be too low.
            return self._rate_that_shows_frames(1 / (median_low(gaps) * self.time_base))
        rate = len(gaps) / (sum(gaps) * self.time_base)
        return min(rate if len(set(gaps)) == 1 else _common(rate), _MAX_RATE)

    def _rate_that_shows_frames(self, median_rate: Fraction) -> Fraction:
        rates: list[Fraction] = []
        for multiple in _MULTIPLES:
            # Its timestamps may be off so much that a common rate nearby is the right one.
            nearby = (rate for rate in sorted(_COMMON_RATES) if round(rate / median_rate) == multiple)
            rates += [_common(multiple * median_rate), *nearby]
        possible = [rate for rate in (*rates, *sorted(_COMMON_RATES), _MAX_RATE) if rate <= _MAX_RATE]
        few = max(len(self.pts) * _MOST_SKIPPED, Fraction(len(self.pts) >= _DOZEN))
        enough = (rate for rate in possible if self._skipped_at(rate) <= few)
        return next(enough, None) or min(possible, key=self._skipped_at)

    def _skipped_at(self, rate: Fraction) -> int:
        """Return how many frames with a time of their own have none at a constant rate."""
        units = rate * self.time_base
        twice, whole = 2 * units.numerator, 2 * units.denominator
        times = set(self.pts)
        return len(times) - len({((at - self.pts[0]) * twice + units.denominator) // whole for at in times})


def frame_timing(packets: Sequence[PacketTiming], *, time_base: Fraction) -> FrameTiming | None:
    """Return when the frames of a stream are displayed; None when none is.

    :param packets: all of the stream, in the order of the file.
    """
    displayed = sorted((packet for packet in packets if not packet.discard), key=lambda packet: packet.pts)
    if not displayed:
        return None
    pts = tuple(packet.pts for packet in displayed)
    gaps = _gaps(pts)
    last = displayed[-1].duration or (median_low(gaps) if gaps else round(1 / (_DEFAULT_RATE * time_base)))
    return FrameTiming(
        time_base=time_base,
        pts=pts,
        end=pts[-1] + max(last, 1),
        reorder_delay=_reorder_delay(packets, gaps=gaps or [last]),
    )


def _reorder_delay(packets: Sequence[PacketTiming], *, gaps: Sequence[int]) -> int | None:
    first, step = packets[0], gaps[0]
    if not first.key or any(packet.discard or packet.pts < first.pts for packet in packets):
        return None
    # A last frame that is longer than the others would overlap with the first one of the next video.
    last = max(packets, key=lambda packet: packet.pts)
    even_presentation = step > 0 and all(gap == step for gap in gaps) and last.duration in (0, step)
    even_decoding = all(packet.dts == first.dts + number * step for number, packet in enumerate(packets))
    if not even_presentation or not even_decoding or (first.pts - first.dts) % step:
        return None
    return (first.pts - first.dts) // step


def _gaps(pts: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(pts)]


def _common(rate: Fraction) -> Fraction:
    """Return a common rate where one is within 2 %, which undoes the rounding of a container's timestamps."""
    nearest = min(_COMMON_RATES, key=lambda common: abs(common - rate))
    if abs(nearest - rate) <= rate / 50:
        return nearest
    return max(Fraction(1), Fraction(round(rate)))
