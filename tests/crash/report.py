"""What the crashes led to, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One crash and what came of it.

    :param accepted: submissions that the sandbox accepted.
    :param tries: of the Airflow task.
    """

    what: str
    mode: str
    accepted: int
    tries: int
    end: str


def table(rows: Sequence[Row], *, airflow: str) -> Iterator[str]:
    """Return the lines of the table."""
    lines: list[tuple[str, ...]] = [("what happened", "mode", "Airflow", "accepted", "tries", "end")]
    for row in rows:
        what, mode, *rest = (str(cell) for cell in astuple(row))
        lines.append((what, mode, airflow, *rest))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
