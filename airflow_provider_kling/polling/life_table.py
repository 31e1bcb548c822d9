"""How many generations ended, and how many might have, in each part of their time. Pure.

Statisticians call it a life table. What still runs counts for as long as it has run. So of tasks that begin
together the short ones, which are seen first, are not taken for what is usual.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

STEP: Final = 1.06
EDGES: Final = (0.0, *(STEP**number for number in range(1 + int(math.log(172_800) / math.log(STEP)))))
"""The limits of the parts into which times are divided, in seconds: up to 45 hours, ever wider."""

_WIDTHS: Final = tuple(end - begin for begin, end in pairwise(EDGES))
LEAST: Final = 1e-12
"""What is rarer makes no difference."""


class Seen(NamedTuple):
    """What was seen of a generation in one part of its time.

    :param part: the number of the part.
    :param at_risk: for how much of the part it was running: 1 is all of it.
    :param ended: how likely it is that it ended in it.
    """

    part: int
    at_risk: float
    ended: float


def survival(*, since_s: float, until_s: float) -> list[Seen]:
    """Return that a generation was running from one time to another, in seconds since its submission."""
    return [Seen(part, inside, 0.0) for part, inside in _parts_between(since_s, until_s)]


def end(*, after_s: float, before_s: float, chances: Sequence[float]) -> list[Seen]:
    """Return that a generation was running at one time and had ended at another.

    :param chances: how likely an end is in each part. Where there are several, the end is divided so.
    """
    parts = list(_parts_between(after_s, before_s))
    shares = [inside * max(LEAST, chances[part]) for part, inside in parts]
    if not shares:
        return [Seen(_part_of(before_s), 0.0, 1.0)]
    ended = [share / sum(shares) for share in shares]
    still = [1 - before for before in accumulate(ended, initial=0.0)]
    return [
        Seen(part, inside * (running - share / 2), share)
        for (part, inside), running, share in zip(parts, still, ended, strict=False)
    ]


class LifeTable:
    """Ends, and time at risk, of generations of one kind.

    :param memory: for how much one still counts when another has been in the same part of its time. Of longer
        times nothing is forgotten meanwhile: thousands that end soon say nothing of them.
    :ivar ended: how many ended in each part of :data:`EDGES`.
    :ivar at_risk: how many were running in each part, each by how much of it.
    """

    def __init__(self, *, memory: float = 1.0) -> None:
        self._memory = memory
        self.ended = [0.0] * len(_WIDTHS)
        self.at_risk = [0.0] * len(_WIDTHS)

    def add(self, seen: Iterable[Seen]) -> None:
        """Count what was seen of a generation. In its parts, those before it count for a little less."""
        for part, at_risk, ended in seen:
            memory = self._memory ** (at_risk + ended / 2)  # who ends in a part has half of it left
            self.at_risk[part] = self.at_risk[part] * memory + at_risk
            self.ended[part] = self.ended[part] * memory + ended

    def with_expected(self, chances: Sequence[float], *, weight: float) -> LifeTable:
        """Return the table as if so many more had been seen, which ended as is expected.

        :param chances: how likely an end is expected in each part; in all, 1.
        :param weight: how many.
        """
        table, running = LifeTable(), 1.0
        for part, (chance, rate) in enumerate(zip(chances, hazards(chances), strict=True)):
            at_risk = chance / rate if rate > LEAST else running
            table.ended[part] = self.ended[part] + weight * chance
            table.at_risk[part] = self.at_risk[part] + weight * at_risk
            running -= chance
        return table

    def chances(self) -> list[float]:
        """Return how likely it is that a generation ends in each part; in all, 1."""
        found, running = [], 1.0
        for ended, at_risk in zip(self.ended, self.at_risk, strict=True):
            still = running * math.exp(-ended / at_risk) if at_risk > 0 else running
            found.append(running - still)
            running = still
        found[-1] += running
        return found


def hazards(chances: Sequence[float]) -> list[float]:
    """Return the rate of ends in each part, among those that run: one end for each in its time is 1."""
    rates, running = [], 1.0
    for chance in chances:
        still = max(LEAST, running - chance)
        rates.append(max(LEAST, math.log(running / still)))
        running = still
    return rates


def _part_of(seconds: float) -> int:
    return max(1, min(len(_WIDTHS), bisect_right(EDGES, seconds))) - 1


def _parts_between(since_s: float, until_s: float) -> Iterator[tuple[int, float]]:
    """Return each part that is between two times, and how much of it is: 1 where all of it."""
    for part in range(_part_of(since_s), _part_of(until_s) + 1):
        inside = min(until_s, EDGES[part + 1]) - max(since_s, EDGES[part])
        if inside > 0:
            yield part, inside / _WIDTHS[part]
