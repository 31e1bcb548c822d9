"""Sums of what was billed, by DAG, model and day. What is not known is counted, and is not zero. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

_MOST_DAYS: Final = 60
_MOST_LINES: Final = 200


@dataclass(frozen=True, kw_only=True)
class Billed:
    """What one generation was billed.

    :param at: when it ended.
    :param amount: None where it is not known.
    :param unit: of the amount; empty where the amount is not known.
    """

    dag_id: str
    model: str
    at: datetime
    amount: Decimal | None
    unit: str


@dataclass
class Sum:
    """A sum.

    :ivar amounts: by unit.
    :ivar generations: how many there are.
    :ivar unknown: how many of them have an unknown cost.
    """

    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    generations: int = 0
    unknown: int = 0

    def add(self, one: Billed) -> None:
        """Add a generation."""
        self.generations += 1
        if one.amount is None:
            self.unknown += 1
        else:
            self.amounts[one.unit] += one.amount


@dataclass(frozen=True, kw_only=True)
class Sums:
    """The sum of all, and the sums of parts, the greatest or the newest first.

    :ivar by_day: by the day in UTC, as ISO 8601.
    """

    all: Sum
    by_dag: Mapping[str, Sum]
    by_model: Mapping[str, Sum]
    by_day: Mapping[str, Sum]


def sums(billed: Iterable[Billed]) -> Sums:
    """Return the sums of generations, in memory that does not grow with their number."""
    total = Sum()
    by_dag: dict[str, Sum] = defaultdict(Sum)
    by_model: dict[str, Sum] = defaultdict(Sum)
    by_day: dict[str, Sum] = defaultdict(Sum)
    for one in billed:
        day = one.at.astimezone(UTC).date().isoformat()
        for part in (total, by_dag[one.dag_id], by_model[one.model], by_day[day]):
            part.add(one)
    days = dict(sorted(by_day.items(), reverse=True)[:_MOST_DAYS])
    return Sums(all=total, by_dag=_greatest(by_dag), by_model=_greatest(by_model), by_day=days)


def _greatest(parts: Mapping[str, Sum]) -> dict[str, Sum]:
    ordered = sorted(parts.items(), key=lambda item: (-sum(item[1].amounts.values()), item[0]))
    return dict(ordered[:_MOST_LINES])
