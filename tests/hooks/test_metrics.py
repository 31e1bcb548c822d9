"""The calls to the service become Airflow's metrics."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingCapacityError, KlingServerError
from airflow_provider_kling.hooks import metrics
from airflow_provider_kling.hooks.metrics import StatsObserver
from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import CallInfo, WaitReason

SUBMIT = CallInfo(operation=Operation.SUBMIT, request="POST /x", attempts=1, elapsed_s=2.0)
POLL = CallInfo(operation=Operation.POLL, request="GET /x", attempts=1, elapsed_s=2.0)
FULL = KlingCapacityError("full", status_code=429)
BUSY = KlingServerError("busy", status_code=503)


class Stats:
    """Keeps what Airflow's client would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float, dict[str, str]]] = []

    def incr(self, name: str, count: int = 1, tags: dict[str, str] | None = None) -> None:
        self.sent.append((name, count, tags or {}))

    def timing(self, name: str, milliseconds: float, tags: dict[str, str] | None = None) -> None:
        self.sent.append((name, milliseconds, tags or {}))


@pytest.mark.parametrize(
    ("event", "call", "facts", "metric"),
    [
        ("on_submission", SUBMIT, {}, ("kling.submissions", 1, {})),
        ("on_rejection", SUBMIT, {"error": FULL}, ("kling.rejections", 1, {"error": "KlingCapacityError"})),
        ("on_poll", POLL, {}, ("kling.polls", 1, {})),
        ("on_poll_error", POLL, {"error": BUSY}, ("kling.poll_errors", 1, {"error": "KlingServerError"})),
        (
            "on_wait",
            POLL,
            {"seconds": 1.5, "reason": WaitReason.POLL},
            ("kling.waits", 1500.0, {"reason": "poll"}),
        ),
    ],
)
def test_each_event_has_a_metric(
    monkeypatch: pytest.MonkeyPatch,
    event: str,
    call: CallInfo,
    facts: dict[str, Any],
    metric: tuple[str, float, dict[str, str]],
) -> None:
    stats = Stats()
    monkeypatch.setattr(metrics, "Stats", stats)
    getattr(StatsObserver(), event)(call, **facts)
    assert stats.sent == [metric]
