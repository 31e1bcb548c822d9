"""The service's documents as facts, in ``kling_models.json``: what both sides are held to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Era(StrEnum):
    """The generation of field names that a set of fields belongs to."""

    APRIL = "2026-04"
    AUGUST = "2026-08"


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A model's fields in one generation.

    :param certain: its page was seen, so that its rules hold.
    """

    slug: str
    era: Era
    certain: bool
    fields: Mapping[str, Mapping[str, Any]]
    rules: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.slug} {self.era}"


def _read() -> Iterator[Documented]:
    file = Path(__file__).with_name("kling_models.json")
    for model in json.loads(file.read_text(encoding="utf-8"))["models"]:
        yield Documented(
            slug=model["slug"],
            era=_era(model["field_contract"]),
            certain=model["confidence"].startswith("documented"),
            fields=model["fields"],
            rules=tuple(model["rules"]),
        )
        for variant in model.get("variants", ()):
            # A variant of nested fields is older than every path that is left, and one was never seen.
            if isinstance(variant["fields"], dict) and _era(variant["field_contract"]) is Era.AUGUST:
                whole = variant["fields"].keys() >= {"prompt"}
                yield Documented(
                    slug=model["slug"],
                    era=Era.AUGUST,
                    certain=True,
                    fields=variant["fields"] if whole else {**model["fields"], **variant["fields"]},
                    rules=tuple(variant.get("rules", ())),
                )


def _era(field_contract: str) -> Era:
    return Era.AUGUST if field_contract.startswith("2026-08") else Era.APRIL


DOCUMENTED = list(_read())
