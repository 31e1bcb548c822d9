"""Rules between fields, as several models have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule


def exclusive(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Let at most one of the fields be given."""
    first, *others = [name for name in names if name in given] or [""]
    for other in others:
        yield BrokenRule(
            field=other,
            rule=f"must be left out when {first} is given",
            value=given[other],
            involves=frozenset(names),
        )


def at_least_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Want one of the fields, or more."""
    if not any(name in given for name in names):
        listed = ", ".join(names)
        yield BrokenRule(
            field=names[0], rule=f"is required unless another of {listed} is given", involves=frozenset(names)
        )


def exactly_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Want one of the fields, and no more."""
    yield from at_least_one(given, *names)
    yield from exclusive(given, *names)
