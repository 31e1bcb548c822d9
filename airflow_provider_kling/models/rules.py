"""Rules between fields that several models have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule


def exclusive(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Allow at most one of the fields."""
    first, *others = [name for name in names if name in given] or [""]
    for other in others:
        yield BrokenRule(
            field=other,
            rule=f"must be left out when {first} is given",
            value=given[other],
            involves=frozenset(names),
        )


def at_least_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Require one of the fields, or more."""
    if not any(name in given for name in names):
        listed = ", ".join(names)
        yield BrokenRule(
            field=names[0], rule=f"is required unless another of {listed} is given", involves=frozenset(names)
        )


def exactly_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Require one of the fields, and allow no more."""
    yield from at_least_one(given, *names)
    yield from exclusive(given, *names)


def omni_video(given: Mapping[str, Any]) -> Iterator[BrokenRule]:
    """Check the rules of the omni video models that do everything: about shots, and about editing a video."""
    shots = frozenset({"multi_shot", "shot_type"})
    if given.get("multi_shot") is True and "shot_type" not in given:
        yield BrokenRule(
            field="shot_type", rule='must be "intelligence" when multi_shot is true', involves=shots
        )
    if given.get("multi_shot") is not True and "shot_type" in given:
        yield BrokenRule(
            field="shot_type",
            rule="must be left out when multi_shot is not true",
            value=given["shot_type"],
            involves=shots,
        )
    if "videos" not in given:
        return
    if given.get("sound") == "on":
        yield BrokenRule(
            field="sound",
            rule='must be "off" when videos is given',
            value=given["sound"],
            involves=frozenset({"sound", "videos"}),
        )
    if "duration" in given:
        yield BrokenRule(
            field="duration",
            rule="must be left out when videos is given: the result is as long as its source",
            value=given["duration"],
            involves=frozenset({"duration", "videos"}),
        )
