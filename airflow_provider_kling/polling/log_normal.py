"""The log-normal distribution, which times of work of one kind often have. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Self

from airflow_provider_kling.polling.life_table import EDGES, LEAST, LifeTable

_NARROWEST: Final = 0.05  # standard deviation of the logarithm: a service is never that regular for long
_WIDEST: Final = 5.0
_LOGARITHMS: Final = (-math.inf, *(math.log(edge) for edge in EDGES[1:]))
# Beyond so many deviations the usual formula for the normal distribution comes to 0.
_FAR: Final = 25.0
# The search for the likeliest distribution: steps of the logarithms of both of its numbers.
_FIRST_STEP: Final = 0.2
_LAST_STEP: Final = 0.02
_TOO_FEW: Final = 0.001


@dataclass(frozen=True, kw_only=True)
class LogNormal:
    """A distribution of times.

    :param middle: the logarithm of the median, in seconds.
    :param deviation: the standard deviation of the logarithm.
    """

    middle: float
    deviation: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "deviation", min(_WIDEST, max(_NARROWEST, self.deviation)))

    def wider(self, factor: float) -> Self:
        """Return the distribution with so many times the deviation."""
        return replace(self, deviation=self.deviation * factor)

    def chances(self) -> list[float]:
        """Return how likely an end is in each part of ``EDGES``; in all, 1."""
        running = [*(math.exp(self._log_survival(edge)) for edge in range(len(EDGES) - 1)), 0.0]
        return [before - after for before, after in pairwise(running)]

    def likeliest_for(self, table: LifeTable) -> Self:
        """Return the distribution for which what the table holds is likeliest; the search begins here."""
        counted = [
            (part, ended, at_risk)
            for part, (ended, at_risk) in enumerate(zip(table.ended, table.at_risk, strict=True))
            if ended > _TOO_FEW or at_risk > _TOO_FEW
        ]
        best, likelihood, step = self, self._log_likelihood(counted), _FIRST_STEP
        while step >= _LAST_STEP:
            for other in best._near(step):
                if (its_likelihood := other._log_likelihood(counted)) > likelihood:
                    best, likelihood = other, its_likelihood
                    break
            else:
                step /= 2
        return best

    def _near(self, step: float) -> Iterator[Self]:
        for by in (step, -step):
            yield replace(self, middle=self.middle + by * self.deviation)
            yield replace(self, deviation=self.deviation * math.exp(by))

    def _log_likelihood(self, counted: Sequence[tuple[int, float, float]]) -> float:
        """Return it for how many ended, and how many were at risk, in each part."""
        found, last, running = 0.0, -1, 0.0
        for part, ended, at_risk in counted:
            before = running if part == last + 1 else self._log_survival(part)
            last, running = part, self._log_survival(part + 1)
            rate = max(LEAST, before - running)
            found += ended * math.log(rate) - at_risk * rate
        return found

    def _log_survival(self, edge: int) -> float:
        """Return the logarithm of how likely it is to be running at an edge."""
        return _log_above((_LOGARITHMS[edge] - self.middle) / self.deviation) if edge else 0.0


def _log_above(deviations: float) -> float:
    """Return the logarithm of how likely a normal number is more than so many deviations above the middle."""
    if deviations < _FAR:
        return math.log(math.erfc(deviations / math.sqrt(2)) / 2)
    return -(deviations**2) / 2 - math.log(deviations * math.sqrt(2 * math.pi))
