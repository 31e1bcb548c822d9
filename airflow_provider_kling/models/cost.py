"""What a request will cost, by the newest published prices. The service decides what it bills. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from airflow_provider_kling.models.facts import ModelVersion, Price

# Some prices are published by mode, and each mode has one resolution (docs: kling-video-o1).
_RESOLUTIONS: Final = {"std": "720p", "pro": "1080p"}
_COUNTS: Final = ("n", "series_amount")
# Of seconds or images. No model documents less, or as much as hours of video.
_FEWEST_UNITS: Final = 1
_MOST_UNITS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A cost in USD, between two bounds where the prices leave it open.

    :param as_of: when the prices were published; None where they have no date.
    """

    low: Decimal
    high: Decimal
    as_of: str | None

    def __str__(self) -> str:
        amount = f"{self.low:f}" if self.low == self.high else f"{self.low:f} to {self.high:f}"
        return f"about {amount} USD by the prices of {self.as_of or 'an unknown day'}"


def estimate(version: ModelVersion, body: Mapping[str, Any]) -> Estimate | None:
    """Return what a request will cost; None where no price is published, or its length is not known.

    :param body: the request, in the fields of the version.
    """
    price = version.price
    units = None if price is None else _units(price, version, body)
    if price is None or units is None:
        return None
    rates = _rates(price, body)
    low, high = (Decimal(str(rate)) * units for rate in (min(rates), max(rates)))
    return Estimate(low=_plain(low), high=_plain(high), as_of=price.as_of)


def _plain(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001")).normalize()


def _rates(price: Price, body: Mapping[str, Any]) -> list[float]:
    """Return the price of a unit; all that are possible where the request does not say which."""
    has_audio = "on" in (body.get("audio"), body.get("sound"))
    by_tier = {**price.usd, **price.usd_with_audio} if has_audio else price.usd
    rates = {_RESOLUTIONS.get(tier, tier): rate for tier, rate in by_tier.items()}
    chosen = body.get("resolution") or body.get("mode")
    if price.range or not isinstance(chosen, str):
        return list(rates.values())
    rate = rates.get(_RESOLUTIONS.get(chosen, chosen), rates.get("any"))
    return list(rates.values()) if rate is None else [rate]


def _units(price: Price, version: ModelVersion, body: Mapping[str, Any]) -> Decimal | None:
    if price.unit == "$/request":
        return Decimal(1)
    if price.unit == "$/img":
        return _count(next((body[name] for name in _COUNTS if body.get(name) is not None), 1))
    return _count(
        body.get("duration", version.schema.get("properties", {}).get("duration", {}).get("default"))
    )


def _count(value: object) -> Decimal | None:
    """Return a number of seconds or images; None for what can be none. A request may be sent unchecked."""
    try:
        count = Decimal(str(value)) if isinstance(value, int | float | str) else Decimal("NaN")
    except (ArithmeticError, ValueError):  # the latter of a number with too many digits
        return None
    return count if count.is_finite() and _FEWEST_UNITS <= count <= _MOST_UNITS else None
