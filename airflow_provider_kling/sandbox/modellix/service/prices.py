"""What a result costs, as far as the documents say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

# Some prices are published by mode. Each mode has one resolution (docs: kling-video-o1).
RESOLUTION_OF_MODE: Final = {"std": "720p", "pro": "1080p"}
_FLAT: Final = "any"


class Unit(StrEnum):
    """What a price is for: a second of video, an image, or a request."""

    SECOND = "$/sec"
    IMAGE = "$/img"
    REQUEST = "$/request"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for one unit, by resolution; ``any`` is the price of every resolution that is not listed.

    :param usd_with_audio: where a video with audio has another price.
    """

    unit: Unit
    usd: Mapping[str, float]
    usd_with_audio: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the price of a fact file."""
        return cls(
            unit=Unit(facts["unit"]),
            usd=_by_resolution(facts["usd"]),
            usd_with_audio=_by_resolution(facts.get("usd_with_audio", {})),
        )

    def amount(self, *, resolution: str, audio: bool, seconds: float, images: int) -> float | None:
        """Return the price of a result in USD, rounded to 0.0001; None where no price is documented."""
        rates = {**self.usd, **self.usd_with_audio} if audio else self.usd
        if (rate := rates.get(resolution, rates.get(_FLAT))) is None:
            return None
        units = {Unit.SECOND: seconds, Unit.IMAGE: images, Unit.REQUEST: 1}
        return round(rate * units[self.unit], 4)

    @property
    def range(self) -> tuple[float, float]:
        """Return the lowest and the highest price of a unit."""
        rates = [*self.usd.values(), *self.usd_with_audio.values()]
        return min(rates), max(rates)


def _by_resolution(rates: Mapping[str, float]) -> dict[str, float]:
    return {RESOLUTION_OF_MODE.get(name, name): rate for name, rate in rates.items()}
