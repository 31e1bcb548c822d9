"""The calls to the service become Airflow's metrics."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingCapacityError, KlingServerError
from airflow_provider_kling.hooks.metrics import METRICS, Kind, Metric, StatsObserver
from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import CallInfo, WaitReason
from tests.recorded_stats import record_stats

SUBMIT = CallInfo(operation=Operation.SUBMIT, request="POST /x", attempts=1, elapsed_s=2.0)
POLL = CallInfo(operation=Operation.POLL, request="GET /x", attempts=1, elapsed_s=2.0)
FULL = KlingCapacityError("full", status_code=429)
BUSY = KlingServerError("busy", status_code=503)
OF = {"gateway": "kling", "model": "kling-v3", "dag_id": "films", "task_id": "clip"}
GATEWAY = {"gateway": "kling"}


@pytest.mark.parametrize(
    ("event", "call", "facts", "metric"),
    [
        ("on_submission", SUBMIT, {}, ("kling.submissions", 1, OF)),
        (
            "on_rejection",
            SUBMIT,
            {"error": FULL},
            ("kling.rejections", 1, {**OF, "error": "KlingCapacityError"}),
        ),
        ("on_poll", POLL, {}, ("kling.polls", 1, GATEWAY)),
        (
            "on_poll_error",
            POLL,
            {"error": BUSY},
            ("kling.poll_errors", 1, {**GATEWAY, "error": "KlingServerError"}),
        ),
        (
            "on_wait",
            POLL,
            {"seconds": 1.5, "reason": WaitReason.POLL},
            ("kling.waits", 1500.0, {**GATEWAY, "reason": "poll"}),
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
    stats = record_stats(monkeypatch)
    getattr(StatsObserver(tags=OF), event)(call, **facts)
    assert stats.sent == [metric]


@given(value=st.one_of(st.none(), st.text(max_size=300)), metric=st.sampled_from(METRICS))
def test_no_tag_holds_what_a_protocol_of_metrics_reads_as_its_own(value: str | None, metric: Metric) -> None:
    """StatsD's text has ``:``, ``|``, ``,``, ``=``, ``#`` and line ends, and values may come from a DAG."""
    with pytest.MonkeyPatch.context() as patch:
        stats = record_stats(patch)
        tags = {**dict.fromkeys(metric.tags, value), "other": "x"}
        if metric.kind is Kind.COUNTER:
            metric.count(tags=tags)
        else:
            metric.time(1.0, tags=tags)
        ((_, _, sent),) = stats.sent
    assert sent.keys() <= set(metric.tags)
    assert all(re.fullmatch(r"[^:|,=#\s]+", text) for text in sent.values())
    if value is not None and re.fullmatch("[a-z0-9_-]{1,250}", value):
        assert set(sent.values()) == {value}
