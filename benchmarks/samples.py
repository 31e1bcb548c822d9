"""Whether what was sampled over some time stays the same. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A measured value at a moment, in minutes since the begin."""

    minutes: float
    value: float


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How a value moved.

    :param quarters: the median in each quarter of the time.
    :param per_minute: growth, by least squares, from the second quarter on: what a process loads at first is
        no growth.
    """

    quarters: tuple[float, ...]
    per_minute: float
    highest: float

    @property
    def growth(self) -> float:
        """Return by which part the last quarter is above the second."""
        return self.quarters[-1] / self.quarters[1] - 1


def trend(samples: Sequence[Sample]) -> Trend:
    """Sum samples up; there are some in each quarter of the time, and the oldest comes first."""
    first, whole = samples[0].minutes, samples[-1].minutes - samples[0].minutes
    quarters: list[list[float]] = [[], [], [], []]
    for sample in samples:
        quarters[min(3, int(4 * (sample.minutes - first) / whole))].append(sample.value)
    warm = [sample for sample in samples if sample.minutes - first >= whole / 4]
    slope, _ = statistics.linear_regression(
        [sample.minutes for sample in warm], [sample.value for sample in warm]
    )
    return Trend(
        quarters=tuple(statistics.median(quarter) for quarter in quarters),
        per_minute=slope,
        highest=max(sample.value for sample in samples),
    )
