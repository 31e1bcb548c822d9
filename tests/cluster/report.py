"""What became of a run on the cluster, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Blow:
    """Something that was done to the cluster.

    :param at_s: seconds after the run began.
    :param results: those that were there already.
    :param hit: how many of what it was meant to hit.
    """

    what: str
    at_s: float
    results: int
    hit: int
    of_what: str


@dataclass(kw_only=True)
class Report:
    """The blows, and what was counted at the end."""

    blows: list[Blow] = field(default_factory=list)
    counts: dict[str, object] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Return the lines of the page."""
        yield "# Generations on a cluster that is hit"
        yield ""
        yield (
            "`make test-cluster`: one mapped task on PostgreSQL and Celery over Redis, with two workers, two "
            "triggerers and two schedulers. The sandbox has room for 50 generations at a time."
        )
        yield ""
        yield from _table(
            ("what was done", "after", "results by then", "what it hit"),
            [
                (blow.what, f"{blow.at_s:.0f} s", str(blow.results), f"{blow.hit} {blow.of_what}")
                for blow in self.blows
            ],
        )
        yield ""
        yield from _table(("at the end", ""), [(name, _text(value)) for name, value in self.counts.items()])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {number}" for name, number in sorted(value.items())) or "none"
    return str(value)
