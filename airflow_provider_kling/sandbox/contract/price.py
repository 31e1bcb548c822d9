"""What a model costs, as far as the documents say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Unit(StrEnum):
    """What a price is for: a second of the clip, an image, or a request."""

    SECOND = "$/s"
    IMAGE = "$/image"
    REQUEST = "$"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD per unit, by resolution; ``usd_with_sound`` where a clip with sound has another price.

    ``as_of`` is the date of the document, as precise as it is, or None.
    """

    as_of: str | None
    unit: Unit
    usd: Mapping[str, float]
    usd_with_sound: Mapping[str, float] = field(default_factory=dict)

    def amount(self, *, resolution: str, sound: bool, seconds: float, images: int) -> float | None:
        """Return the price of a result in USD, to a hundredth of a cent; None where none is documented."""
        rates = {**self.usd, **self.usd_with_sound} if sound else self.usd
        if (rate := rates.get(resolution)) is None:
            return None
        times = {Unit.SECOND: seconds, Unit.IMAGE: images, Unit.REQUEST: 1}
        return round(rate * times[self.unit], 4)

    @property
    def range(self) -> tuple[float, float]:
        """Return the lowest and the highest price of a unit."""
        rates = [*self.usd.values(), *self.usd_with_sound.values()]
        return min(rates), max(rates)
