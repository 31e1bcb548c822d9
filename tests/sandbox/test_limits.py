"""Requests a minute and tasks at a time."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from airflow_provider_kling.sandbox.clock import Clock
from airflow_provider_kling.sandbox.limits import TIERS, RequestWindow
from tests.sandbox.conftest import CLIP, T2V, TEXT, Client


@pytest.mark.parametrize(
    ("tier", "tasks", "requests"),
    [("<10", 2, 100), ("10", 10, 100), ("100", 20, 200), ("500", 50, 500), ("1000", 100, 1000)],
)
def test_the_tiers_are_the_documented_ones(tier: str, tasks: int, requests: int):
    assert (TIERS[tier].concurrent_tasks, TIERS[tier].requests_per_minute) == (tasks, requests)


def test_a_window_grants_its_limit_and_opens_again_after_a_minute():
    window = RequestWindow(limit=2)
    taken = [window.take(now=now) for now in (1000.5, 1010, 1060.4, 1060.5)]
    assert [allowance.granted for allowance in taken] == [True, True, False, True]
    assert [allowance.remaining for allowance in taken] == [1, 0, 0, 1]
    assert [allowance.reset for allowance in taken] == [1061, 1061, 1061, 1121]


async def test_who_waits_for_a_moment_is_woken_by_a_move_of_the_clock():
    clock = Clock(wall=lambda: 1000.0)
    waiter = asyncio.create_task(clock.wait_until(1500))
    await asyncio.sleep(0)
    clock.advance(499)
    await asyncio.sleep(0)
    assert not waiter.done()
    clock.advance(1)
    await asyncio.wait_for(waiter, 1)
    assert clock.now() == 1500


def test_every_authenticated_answer_carries_the_limit(lifelike: Client):
    answers = [
        lifelike.http.get("/api/v1/team/balance"),
        lifelike.http.get("/api/v1/apikey/validate"),
        lifelike.submit(CLIP),
        lifelike.submit({}),
        lifelike.poll("unknown"),
        lifelike.http.get("/api/v1/none"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 404, 404]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == [
        "99",
        "98",
        "97",
        "96",
        "95",
        "94",
    ]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"100"}
    stranger = httpx.get(f"{lifelike.sandbox.url}/api/v1/team/balance")
    assert "X-RateLimit-Limit" not in stranger.headers


def test_requests_beyond_the_limit_are_refused_until_the_minute_is_over(lifelike: Client):
    task_id = lifelike.submitted(CLIP)
    assert {lifelike.poll(task_id).status_code for _ in range(99)} == {200}
    refused = lifelike.poll(task_id)
    assert (refused.status_code, refused.json()["code"]) == (429, 429)
    assert refused.json()["message"].startswith("Rate limit exceeded: ")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    reset = int(refused.headers["X-RateLimit-Reset"])
    now = lifelike.sandbox.requests("GET")[-1]["at"]
    assert 0 < reset - now <= 61
    lifelike.sandbox.advance(60)
    assert lifelike.poll(task_id).status_code == 200
    assert lifelike.sandbox.stats()["polls_refused"] == 1


def test_tasks_beyond_the_limit_are_refused_until_one_is_done(august: Client):
    august.sandbox.faults([{"method": "POST", "times": 2, "action": {"task": {"status": "failed"}}}])
    august.submitted(TEXT, T2V)
    august.submitted(TEXT, T2V)
    refused = august.submit(TEXT, T2V)
    assert (refused.status_code, refused.json()["code"]) == (429, 429)
    assert refused.json()["message"].startswith("Concurrent limit exceeded: ")
    august.sandbox.advance(200)
    assert august.submit(TEXT, T2V).status_code == 200
    stats = august.sandbox.stats()
    assert stats["submissions_refused"] == {"429": 1}
    assert (stats["submissions_accepted"], stats["peak_concurrent"]) == (3, 2)
