"""A plan survives its way into the database and back, also between releases."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from airflow_provider_kling.polling import Experience, PollEnd, Poller, PollingPlan, PollStatus
from tests.polling.clock import MIDDLE, RUNNING, START

PLAN = PollingPlan(
    submitted_at=START,
    deadline=START + 60,
    kind="modellix 2026-04/kling-video-o1/std//5",
    expected_from_s=10.0,
    expected_s=30.0,
    min_interval_s=1.0,
    max_interval_s=2.0,
    max_overdue_interval_s=4.0,
)


def test_a_plan_survives_storage_whole() -> None:
    assert PollingPlan.from_json(json.loads(json.dumps(PLAN.to_json()))) == PLAN


def test_a_plan_starts_at_the_submission_and_ends_when_the_timeout_is_over() -> None:
    plan = PollingPlan.starting(submitted_at=START, timeout=60.0, expected_s=50.0)
    assert (plan.submitted_at, plan.deadline, plan.expected_s) == (START, START + 60.0, 50.0)


def test_a_plan_of_another_release_keeps_what_this_one_knows() -> None:
    stored = {**PLAN.to_json(), "a_field_of_a_later_release": 7.0}
    assert PollingPlan.from_json(stored) == PLAN
    older = {"submitted_at": START, "deadline": START + 60, "growth": 0.2}
    assert PollingPlan.from_json(older) == PollingPlan(submitted_at=START, deadline=START + 60)


@pytest.mark.parametrize("value", ["3", None, [], {}, float("nan"), float("inf"), -float("inf")])
def test_a_stored_value_that_is_no_number_gets_the_default(value: object) -> None:
    stored: dict[str, Any] = {"submitted_at": START, "deadline": START + 60, "expected_s": value}
    assert PollingPlan.from_json(stored) == PollingPlan(submitted_at=START, deadline=START + 60)


@pytest.mark.parametrize("value", [None, 5, ["x"], {}])
def test_a_stored_kind_that_is_no_text_is_none(value: object) -> None:
    assert PollingPlan.from_json({**PLAN.to_json(), "kind": value}).kind == ""


def test_a_stored_kind_is_as_long_as_one_can_be() -> None:
    assert len(PollingPlan.from_json({**PLAN.to_json(), "kind": "x" * 10_000}).kind) == 200


@pytest.mark.parametrize("stored", [{}, {"deadline": "soon"}, {"submitted_at": START}])
def test_a_plan_without_its_times_polls_once_and_ends(stored: dict[str, Any]) -> None:
    decide = Poller(plan=PollingPlan.from_json(stored), experience=Experience(), now=START)
    assert decide.window(now=START, jitter=MIDDLE).latest_s == 0.0
    assert decide.on_status(RUNNING, now=START) is PollEnd.DEADLINE


def test_a_plan_cannot_be_changed_on_its_way() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.deadline = 0.0  # type: ignore[misc]


@pytest.mark.parametrize("odd", [-1e300, -1.0, 0.0, 1e-300, 1e300])
@pytest.mark.parametrize(
    "name", ["expected_from_s", "expected_s", "min_interval_s", "max_interval_s", "max_overdue_interval_s"]
)
def test_whatever_is_stored_a_poll_comes_and_none_comes_at_once_after_another(name: str, odd: float) -> None:
    """The arguments of a trigger come from the database, perhaps of another release."""
    plan = PollingPlan.from_json({**PLAN.to_json(), "deadline": START + 1e9, name: odd})
    decide, now = Poller(plan=plan, experience=Experience(), now=START), START
    for _ in range(50):
        wait = decide.window(now=now, jitter=MIDDLE).latest_s
        assert 0.0 <= wait <= 86_400
        now += wait
        decide.on_status(RUNNING, now=now)
    assert now - START >= 25


def test_each_end_has_one_status_and_only_a_finished_task_is_success() -> None:
    assert {end: end.status for end in PollEnd} == {
        PollEnd.FINISHED: PollStatus.SUCCESS,
        PollEnd.FAILED_AT_SERVICE: PollStatus.FAILED,
        PollEnd.DEADLINE: PollStatus.TIMEOUT,
        PollEnd.KEY_REJECTED: PollStatus.ERROR,
        PollEnd.NOT_FOUND: PollStatus.ERROR,
        PollEnd.WAITER_BROKE: PollStatus.ERROR,
    }
