"""Requests per minute and concurrent tasks, by tier."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.modellix.service.limits import TIERS, RequestWindow
from tests.sandbox.conftest import T2V_BODY, Client
from tests.sandbox.paths import O1_T2V


@pytest.mark.parametrize(
    ("tier", "tasks", "requests"),
    [
        ("<10", 2, 100),
        ("10", 10, 100),
        ("100", 20, 200),
        ("200", 30, 300),
        ("500", 50, 500),
        ("1000", 100, 1000),
    ],
)
def test_the_tiers_are_the_documented_ones(tier: str, tasks: int, requests: int):
    assert (TIERS[tier].concurrent_tasks, TIERS[tier].requests_per_minute) == (tasks, requests)


def test_a_window_grants_its_limit_and_opens_again_after_a_minute():
    window = RequestWindow(limit=2)
    taken = [window.take(now=now) for now in (1000.5, 1010, 1060.4, 1060.5)]
    assert [allowance.granted for allowance in taken] == [True, True, False, True]
    assert [allowance.remaining for allowance in taken] == [1, 0, 0, 1]
    assert [allowance.reset for allowance in taken] == [1061, 1061, 1061, 1121]


def test_tasks_over_the_limit_are_rejected_until_one_is_done(august_only: Client):
    august_only.sandbox.faults([{"method": "POST", "times": 2, "action": {"task": {"status": "failed"}}}])
    august_only.submitted(T2V_BODY, O1_T2V)
    august_only.submitted(T2V_BODY, O1_T2V)
    rejected = august_only.submit(T2V_BODY, O1_T2V)
    assert (rejected.status_code, rejected.json()["code"]) == (429, 429)
    assert rejected.json()["message"].startswith("Concurrent limit exceeded: ")
    august_only.sandbox.advance(200)
    assert august_only.submit(T2V_BODY, O1_T2V).status_code == 200
    stats = august_only.sandbox.stats()
    assert stats["submissions_rejected"] == {"429": 1}
    assert (stats["submissions_accepted"], stats["peak_concurrent"]) == (3, 2)
