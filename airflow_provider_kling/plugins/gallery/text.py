"""Numbers and times as the pages write them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


def seconds(value: float | None) -> str:
    """Return a length of time: ``5 s``, ``2:05`` or ``1:02:05``; empty for an unknown one."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def money(amount: Decimal, unit: str) -> str:
    """Return an amount with its unit: ``$0.4345``, ``3 units``."""
    plain = f"{amount.normalize():f}"
    return f"${plain}" if unit == "USD" else f"{plain} {unit}".strip()


def cost(summary: Any) -> str:
    """Return what a generation was billed; empty where that is not known."""
    if summary.cost_usd is not None:
        return money(summary.cost_usd, "USD")
    return "" if summary.cost is None else money(summary.cost, summary.cost_unit or "")


def amounts(by_unit: Mapping[str, Decimal]) -> str:
    """Return amounts in several units."""
    return " + ".join(money(amount, unit) for unit, amount in sorted(by_unit.items())) or "—"


def moment(value: datetime | None) -> str:
    """Return a moment in UTC, to the minute; empty for an unknown one."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
