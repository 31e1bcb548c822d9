"""When to poll a generation of one kind, by how likely its end is. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from airflow_provider_kling.polling.life_table import EDGES, LEAST

# The end of half of all generations is to be seen within this part of their usual time, and within these
# bounds, in seconds.
_DELAY: Final = 1 / 60
_SHORTEST_DELAY_S: Final = 1.0
_LONGEST_DELAY_S: Final = 15.0

# How the frequency of polls follows the chance that the end comes in the next second. With 0.5, the mean
# delay is the least for a number of polls; with more, the median is shorter, and few are seen late.
_EMPHASIS: Final = 3.0

# Before and after this part of the generations have ended, an end is unlikely.
_UNLIKELY: Final = 0.05

_PRECISE: Final = 1.01


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the times between two polls must be, in seconds.

    :param shortest_s: at least this.
    :param longest_s: at most this, while the end is likely.
    :param unlikely_s: at most this before and after.
    """

    shortest_s: float = 1.0
    longest_s: float = 30.0
    unlikely_s: float = 60.0


class Timetable:
    """The polls of one kind of generation: few while its end is unlikely, many while it is likely.

    :param chances: how likely it is to end in each part of ``EDGES``.
    :param delay_s: half of the ends are to be seen within so many seconds; by default a sixtieth of the usual
        time, and between 1 and 15 s.
    """

    def __init__(self, chances: Sequence[float], *, bounds: Bounds, delay_s: float | None = None) -> None:
        ended = list(accumulate(chances))
        if delay_s is None:
            median_s = EDGES[min(len(chances), 1 + bisect_left(ended, 0.5))]
            delay_s = min(_LONGEST_DELAY_S, max(_SHORTEST_DELAY_S, median_s * _DELAY))
        longest = [
            bounds.longest_s if _UNLIKELY <= done <= 1 - _UNLIKELY else bounds.unlikely_s for done in ended
        ]
        frequency = [value**_EMPHASIS for value in _hazards(chances, ended)]
        self._intervals = _intervals(
            chances,
            frequency,
            longest,
            shortest=bounds.shortest_s,
            delay_s=max(delay_s, bounds.shortest_s / 2),
        )
        self._unlikely_s = bounds.unlikely_s
        parts = zip(pairwise(EDGES), self._intervals, strict=True)
        of_parts = ((end - begin) / interval for (begin, end), interval in parts)
        self._polls = list(accumulate(of_parts, initial=0.0))

    def next_poll(self, *, elapsed_s: float, share: float) -> float:
        """Return the seconds until the next poll.

        :param elapsed_s: seconds since the submission.
        :param share: 1 after a poll. A random number in [0, 1) where nothing is known of earlier polls.
        """
        due = self.polls(elapsed_s) + share
        number = bisect_right(self._polls, due) - 1
        if number >= len(self._intervals):
            moment = EDGES[-1] + (due - self._polls[-1]) * self._unlikely_s
        else:
            moment = EDGES[number] + (due - self._polls[number]) * self._intervals[number]
        return max(0.0, moment - elapsed_s)

    def polls(self, elapsed_s: float) -> float:
        """Return how many polls there are from the submission to a time."""
        if elapsed_s >= EDGES[-1]:
            return self._polls[-1] + (elapsed_s - EDGES[-1]) / self._unlikely_s
        number = bisect_right(EDGES, elapsed_s) - 1
        return self._polls[number] + (elapsed_s - EDGES[number]) / self._intervals[number]


def _hazards(chances: Sequence[float], ended: Sequence[float]) -> list[float]:
    """Return how likely the end is in a second of each part, for a generation that has not ended before."""
    parts = zip(chances, ended, pairwise(EDGES), strict=True)
    return [
        max(LEAST, chance) / max(LEAST, 1 - done + chance) / (end - begin)
        for chance, done, (begin, end) in parts
    ]


def _intervals(
    chances: Sequence[float],
    frequency: Sequence[float],
    longest: Sequence[float],
    *,
    shortest: float,
    delay_s: float,
) -> list[float]:
    """Return the times between two polls: as long as half of the ends are seen in time."""

    def at(scale: float) -> list[float]:
        return [min(most, max(shortest, scale / each)) for each, most in zip(frequency, longest, strict=True)]

    low, high = min(frequency) * shortest, max(frequency) * EDGES[-1]
    while high / low > _PRECISE:
        middle = math.sqrt(low * high)
        in_time = sum(
            chance * min(1.0, delay_s / interval)
            for chance, interval in zip(chances, at(middle), strict=True)
        )
        low, high = (middle, high) if in_time >= 0.5 else (low, middle)
    return at(low)
