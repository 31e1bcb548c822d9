"""How long generations of one kind take, by what is usual and by what was seen. Pure.

The times are described twice: by a log-normal distribution, which needs few observations, and by a smoothed
histogram, which can have any shape. Whichever foresaw the observations better counts for more.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

_STEP: Final = 1.06
EDGES: Final = (0.0, *(_STEP**number for number in range(1 + int(math.log(172_800) / math.log(_STEP)))))
"""The limits of the parts into which times are divided, in seconds: up to two days, ever wider."""

# So many standard deviations from the middle are the ends of an expected range: nine in ten are in it.
_RANGE: Final = 1.645
# The expectation counts for so many observations at first, and for less with each. An observation counts
# for a little less than the next.
_WEIGHT: Final = 4.0
_FADING: Final = 0.93
_MEMORY: Final = 0.985
_SMOOTHING: Final = 0.12  # of the histogram: a standard deviation of the logarithm
_NARROWEST: Final = 0.05  # standard deviation of the logarithm: a service is never that regular for long
# So much of the probability is spread widely: everything happens.
_SURPRISE: Final = 0.01
_WIDER: Final = 3.0
_HEAD_START: Final = 3.0  # of the log-normal distribution, in natural logarithms of its likelihood
_MOST_LEAD: Final = 12.0


class Durations:
    """The times of one kind of generation.

    :param expected_s: the shortest and the longest usual time, in seconds.
    """

    def __init__(self, *, expected_s: tuple[float, float]) -> None:
        shortest, longest = (math.log(max(EDGES[1], min(EDGES[-1], seconds))) for seconds in expected_s)
        self._middle = (shortest + longest) / 2
        self._deviation = max(_NARROWEST, abs(longest - shortest) / (2 * _RANGE))
        self._expected = _log_normal(self._middle, self._deviation)
        self._seen = [0.0] * len(self._expected)
        self._expected_weight = _WEIGHT
        self._weight = 0.0
        self._mean = self._middle
        self._squares = 0.0
        self._lead = 0.0
        self.observations = 0
        """How many there were."""

    def observe(self, seconds: float) -> None:
        """Add what one generation took. What is not in the range of times counts as its end."""
        seconds = max(EDGES[1], min(EDGES[-1], seconds))
        moment = math.log(seconds)
        fitted, seen = (math.log(_density(each, seconds)) for each in (self._fitted(), self._histogram()))
        self._lead = max(-_MOST_LEAD, min(_MOST_LEAD, self._lead * _MEMORY + fitted - seen))
        self._seen = [chance * _MEMORY for chance in self._seen]
        for number, chance in _near(moment):
            self._seen[number] += chance
        self._expected_weight *= _FADING
        self._weight = self._weight * _MEMORY + 1
        change = moment - self._mean
        self._mean += change / self._weight
        self._squares = self._squares * _MEMORY + change * (moment - self._mean)
        self.observations += 1

    def chances(self) -> list[float]:
        """Return how likely it is that a generation ends in each part of :data:`EDGES`; in all, 1."""
        share = 1 / (1 + math.exp(-_HEAD_START - self._lead))
        known = [
            share * fitted + (1 - share) * seen
            for fitted, seen in zip(self._fitted(), self._histogram(), strict=True)
        ]
        middle, deviation = self._fit()
        wide = _log_normal(middle, deviation * _WIDER)
        return [(1 - _SURPRISE) * one + _SURPRISE * other for one, other in zip(known, wide, strict=True)]

    def _fit(self) -> tuple[float, float]:
        expected, total = self._expected_weight, self._expected_weight + self._weight
        apart = self._mean - self._middle
        spread = expected * self._deviation**2 + self._squares + expected * self._weight / total * apart**2
        middle = (expected * self._middle + self._weight * self._mean) / total
        return middle, max(_NARROWEST, math.sqrt(spread / total))

    def _fitted(self) -> list[float]:
        return _log_normal(*self._fit())

    def _histogram(self) -> list[float]:
        total = self._expected_weight + self._weight
        return [
            (self._expected_weight * expected + seen) / total
            for expected, seen in zip(self._expected, self._seen, strict=True)
        ]


def _log_normal(middle: float, deviation: float) -> list[float]:
    """Return the probability of each part."""
    below = [0.0, *(_normal((math.log(edge) - middle) / deviation) for edge in EDGES[1:-1]), 1.0]
    return [after - before for before, after in pairwise(below)]


def _near(moment: float) -> list[tuple[int, float]]:
    """Return the parts around a time, and how much of a smoothed observation is in each."""
    return [
        (number, chance) for number, chance in enumerate(_log_normal(moment, _SMOOTHING)) if chance > 1e-9
    ]


def _normal(deviations: float) -> float:
    return 0.5 * (1 + math.erf(deviations / math.sqrt(2)))


def _density(chances: list[float], seconds: float) -> float:
    number = min(len(chances) - 1, max(0, 1 + int(math.log(seconds) / math.log(_STEP))))
    return max(1e-9, chances[number]) / (EDGES[number + 1] - EDGES[number])
