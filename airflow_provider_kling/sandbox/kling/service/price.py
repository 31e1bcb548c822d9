"""What results cost, in units of a resource pack (docs: pricing/base)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

_ANY: Final = "any"
_STEP_S: Final = 5  # lip-sync is billed by five seconds


class PackType(StrEnum):
    """The types of resource packs."""

    VIDEO = "video"
    IMAGE = "image"
    AUDIO = "audio"


class Variant(StrEnum):
    """What makes the same model cost more or less."""

    PLAIN = "plain"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_INPUT = "video_input"
    IMAGE_INPUT = "image_input"


class Per(StrEnum):
    """What a price is for."""

    SECOND = "second"
    FIVE_SECONDS = "5 seconds"
    IMAGE = "image"
    CALL = "call"


@dataclass(frozen=True, kw_only=True)
class Price:
    """Units for one second, image or call, by variant and by resolution.

    :param units: the resolution ``any`` is every one that is not listed.
    :param certainty: ``documented`` or ``inferred``.
    """

    per: Per
    certainty: str
    units: Mapping[Variant, Mapping[str, Decimal]]

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return a price of ``facts/prices.json``."""
        return cls(
            per=Per(facts["per"]),
            certainty=facts["certainty"],
            units={
                Variant(name): {resolution: Decimal(units) for resolution, units in rates.items()}
                for name, rates in facts["units"].items()
            },
        )

    def amount(self, *, variant: Variant, resolution: str, seconds: float, images: int) -> Decimal:
        """Return the price of a result in units.

        A variant or a resolution without a price of its own costs what the closest one does (inferred).

        :param seconds: what is billed, of a video.
        """
        rates = self.units.get(variant) or self.units.get(Variant.PLAIN) or next(iter(self.units.values()))
        rate = rates.get(resolution, rates.get(_ANY))
        if rate is None:
            rate = next(iter(rates.values()))
        times = {
            Per.SECOND: max(1, round(seconds)),
            Per.FIVE_SECONDS: max(1, math.ceil(round(seconds) / _STEP_S)),
            Per.IMAGE: images,
            Per.CALL: 1,
        }
        return rate * times[self.per]


def units_text(units: Decimal) -> str:
    """Return units as responses write them: ``2.4``, and ``3`` without a fraction."""
    text = f"{units:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
