"""How long generations of one kind take, by what is usual and by what was seen. Pure.

The times are described twice: by a log-normal distribution, which needs few observations, and by a smoothed
life table, which can have any shape. Whichever foresaw the observations better counts for more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from airflow_provider_kling.polling import life_table
from airflow_provider_kling.polling.life_table import EDGES, LEAST, STEP, LifeTable, Seen, hazards
from airflow_provider_kling.polling.log_normal import LogNormal

# So many standard deviations from the middle are the ends of an expected range: nine in ten are in it.
_RANGE: Final = 1.645
# The expectation counts for so many observations at first, and for less with each, but for a little always.
# An observation counts for a little less than the next.
_WEIGHT: Final = 4.0
_LEAST_WEIGHT: Final = 0.01
_FADING: Final = 0.93
_MEMORY: Final = 0.985
_SMOOTHING: Final = 0.12  # of the life table: a standard deviation of the logarithm
# So much of the probability is spread widely: everything happens.
_SURPRISE: Final = 0.01
_WIDER: Final = 3.0
_HEAD_START: Final = 3.0  # of the log-normal distribution, in natural logarithms of its likelihood
_MOST_LEAD: Final = 12.0
# The chances are worked out again after each of the first ends; then after so many more, as a part of those
# before, and at the latest after so many.
_NEW: Final = 0.1
_MOST_NEW: Final = 30


def _kernel() -> list[tuple[int, float]]:
    """Return how much of a chance goes how many parts apart."""
    most = math.ceil(4 * _SMOOTHING / math.log(STEP))
    shares = {
        apart: math.exp(-((apart * math.log(STEP) / _SMOOTHING) ** 2) / 2) for apart in range(-most, most + 1)
    }
    return [(apart, share / sum(shares.values())) for apart, share in shares.items()]


_KERNEL: Final = _kernel()


class Durations:
    """The times of one kind of generation.

    :param expected_s: the shortest and the longest usual time, in seconds.
    :ivar edition: how many ends :meth:`chances` is worked out from. It changes with them.
    """

    def __init__(self, *, expected_s: tuple[float, float]) -> None:
        shortest, longest = (math.log(max(EDGES[1], min(EDGES[-1], seconds))) for seconds in expected_s)
        middle, deviation = (shortest + longest) / 2, abs(longest - shortest) / (2 * _RANGE)
        self._fitted = LogNormal(middle=middle, deviation=deviation)
        self._expected = self._fitted.chances()
        self._expected_weight = _WEIGHT
        self._seen = LifeTable(memory=_MEMORY)
        self._lead = _HEAD_START
        self._ends = 0
        self.edition = 0
        self._combine()

    def survived(self, *, since_s: float, until_s: float) -> None:
        """Add that a generation was running from one time to another, in seconds since its submission."""
        self._add(life_table.survival(since_s=since_s, until_s=until_s))

    def ended(self, *, after_s: float, before_s: float) -> None:
        """Add that a generation ended between two times, or at one, in seconds since its submission.

        That it was running until the first is to be added by :meth:`survived`.
        """
        self._lead = _HEAD_START + (self._lead - _HEAD_START) * _MEMORY
        self._expected_weight = max(_LEAST_WEIGHT, self._expected_weight * _FADING)
        self._add(life_table.end(after_s=after_s, before_s=before_s, chances=self._chances))
        self._ends += 1

    def chances(self) -> list[float]:
        """Return how likely it is that a generation ends in each part of ``EDGES``; in all, 1.

        They are worked out when somebody asks: a worker that has waited for one task does not.
        """
        if self._ends - self.edition > min(_MOST_NEW, self.edition * _NEW):
            self.edition = self._ends
            self._combine()
        return self._chances

    def _add(self, seen: Sequence[Seen]) -> None:
        self._seen.add(seen)
        for part, at_risk, ended in seen:
            fitted, table = self._fitted_hazards[part], self._table_hazards[part]
            self._lead += ended * math.log(fitted / table) - at_risk * (fitted - table)
        self._lead = max(_HEAD_START - _MOST_LEAD, min(_HEAD_START + _MOST_LEAD, self._lead))

    def _combine(self) -> None:
        table = self._seen.with_expected(self._expected, weight=self._expected_weight)
        if self._ends:
            self._fitted = self._fitted.likeliest_for(table)
        wide = self._fitted.wider(_WIDER).chances()
        fitted = _mixed(wide, self._fitted.chances(), share=_SURPRISE)
        smooth = _mixed(wide, _smooth(table.chances()), share=_SURPRISE)
        self._fitted_hazards, self._table_hazards = hazards(fitted), hazards(smooth)
        self._chances = _mixed(fitted, smooth, share=1 / (1 + math.exp(-self._lead)))


def _mixed(one: Sequence[float], other: Sequence[float], *, share: float) -> list[float]:
    return [share * chance + (1 - share) * its for chance, its in zip(one, other, strict=True)]


def _smooth(chances: Sequence[float]) -> list[float]:
    """Return the chances, each spread over the parts around it."""
    smooth = [0.0] * len(chances)
    for part, chance in enumerate(chances):
        if chance > LEAST:
            for apart, share in _KERNEL:
                smooth[max(0, min(len(smooth) - 1, part + apart))] += chance * share
    return smooth
