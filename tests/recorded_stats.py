"""Stands in for Airflow's statistics: keeps what would be sent."""

from __future__ import annotations

import pytest

from airflow_provider_kling.hooks import metrics


class RecordedStats:
    """What was sent, in order: name, value and tags."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float, dict[str, str]]] = []

    def incr(self, name: str, count: int = 1, *, tags: dict[str, str]) -> None:
        """Keep a count."""
        self.sent.append((name, count, tags))

    def timing(self, name: str, milliseconds: float, *, tags: dict[str, str]) -> None:
        """Keep a time."""
        self.sent.append((name, milliseconds, tags))

    def of(self, name: str) -> list[tuple[float, dict[str, str]]]:
        """Return the values of one metric, with their tags."""
        return [(value, tags) for sent, value, tags in self.sent if sent == name]


def record_stats(monkeypatch: pytest.MonkeyPatch) -> RecordedStats:
    """Put a recorder in the place of Airflow's statistics."""
    stats = RecordedStats()
    monkeypatch.setattr(metrics, "Stats", stats)
    return stats
