"""When to poll a task again, and when to stop."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingConnectionError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
)
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling import (
    Budget,
    PollEnd,
    Poller,
    PollingPlan,
    PollStatus,
    capacity_delay,
)

START = 1_800_000_000.0
NO_BUDGET = Budget()
MIDDLE = 0.5  # the jitter that changes nothing
ALMOST_ONE = 1 - 2**-53


def poller(*, timeout: float = 3600.0, **bounds: float) -> Poller:
    return Poller(plan=PollingPlan.starting(submitted_at=START, timeout=timeout, **bounds))


def delay(
    elapsed: float, *, jitter: float = MIDDLE, budget: Budget = NO_BUDGET, timeout: float = 3600.0
) -> float:
    return poller(timeout=timeout).delay(now=START + elapsed, jitter=jitter, budget=budget)


def task(status: TaskStatus) -> Task:
    return Task(task_id="t", status=status, raw_status=status.value)


RUNNING, DONE, FAILED = task(TaskStatus.PROCESSING), task(TaskStatus.SUCCESS), task(TaskStatus.FAILED)
NOT_FOUND = KlingNotFoundError("no such task", status_code=404)
BROKEN = KlingConnectionError("broke", request_sent=True)


# -- the intervals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elapsed", "seconds"),
    [
        (0, 3.0),
        (15, 3.0),
        (20, 4.0),
        (50, 10.0),
        (75, 15.0),
        (299, 15.0),
        (300, 15.0),
        (301, 60.0),
        (3000, 60.0),
    ],
)
def test_intervals_grow_from_a_minimum_to_a_maximum_that_is_higher_when_the_task_is_overdue(
    elapsed: float, seconds: float
) -> None:
    assert delay(elapsed) == seconds


def test_the_end_of_a_task_is_detected_at_most_a_quarter_late_once_intervals_grow() -> None:
    for elapsed in range(20, 300):
        assert delay(elapsed, jitter=ALMOST_ONE) <= elapsed * 0.25 + 1e-9


def test_a_clock_that_is_behind_the_submission_does_no_harm() -> None:
    assert delay(-500) == 3.0


@pytest.mark.parametrize("elapsed", [0, 50, 200, 1000])
def test_jitter_keeps_tasks_apart_within_a_quarter_either_way(elapsed: float) -> None:
    middle = delay(elapsed)
    assert delay(elapsed, jitter=0.0) == middle * 0.75
    assert middle * 1.24 < delay(elapsed, jitter=ALMOST_ONE) <= middle * 1.25


@pytest.mark.parametrize(
    ("elapsed", "seconds"), [(0, 1.0), (15, 1.5), (20, 2.0), (49, 2.0), (50, 2.0), (51, 5.1), (100, 8.0)]
)
def test_the_bounds_of_a_plan_are_followed(elapsed: float, seconds: float) -> None:
    decide = poller(
        expected_s=50.0, min_interval_s=1.0, max_interval_s=2.0, max_overdue_interval_s=8.0, growth=0.1
    )
    wait = decide.delay(now=START + elapsed, jitter=MIDDLE, budget=NO_BUDGET)
    assert wait == pytest.approx(seconds)


# -- the plan in storage --------------------------------------------------------------------------

PLAN = PollingPlan(
    submitted_at=START,
    deadline=START + 60,
    expected_s=30.0,
    min_interval_s=1.0,
    max_interval_s=2.0,
    max_overdue_interval_s=4.0,
    growth=0.5,
)


def test_a_plan_survives_storage_whole() -> None:
    assert PollingPlan.from_json(json.loads(json.dumps(PLAN.to_json()))) == PLAN


def test_a_plan_starts_at_the_submission_and_ends_when_the_timeout_is_over() -> None:
    plan = PollingPlan.starting(submitted_at=START, timeout=60.0, growth=0.5)
    assert (plan.submitted_at, plan.deadline, plan.growth) == (START, START + 60.0, 0.5)


def test_a_plan_of_another_release_keeps_what_this_one_knows() -> None:
    stored = {**PLAN.to_json(), "a_field_of_a_later_release": 7.0}
    assert PollingPlan.from_json(stored) == PLAN
    older = {"submitted_at": START, "deadline": START + 60}
    assert PollingPlan.from_json(older) == PollingPlan(submitted_at=START, deadline=START + 60)


@pytest.mark.parametrize("value", ["3", None, [], {}, float("nan"), float("inf"), -float("inf")])
def test_a_stored_value_that_is_no_number_gets_the_default(value: object) -> None:
    stored: dict[str, Any] = {"submitted_at": START, "deadline": START + 60, "growth": value}
    assert PollingPlan.from_json(stored) == PollingPlan(submitted_at=START, deadline=START + 60)


@pytest.mark.parametrize("stored", [{}, {"deadline": "soon"}, {"submitted_at": START}])
def test_a_plan_without_its_times_polls_once_and_ends(stored: dict[str, Any]) -> None:
    decide = Poller(plan=PollingPlan.from_json(stored))
    assert decide.delay(now=START, jitter=MIDDLE, budget=NO_BUDGET) == 0.0
    assert decide.on_status(RUNNING, now=START) is PollEnd.DEADLINE


def test_a_plan_cannot_be_changed_on_its_way() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.deadline = 0.0  # type: ignore[misc]


# -- the deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "seconds"), [(10.0, 10.0), (0.5, 0.5), (0.0, 0.0), (-100.0, 0.0)])
def test_no_wait_goes_beyond_the_deadline(left: float, seconds: float) -> None:
    crowded = Budget(rate_limit=RateLimit(limit=1, remaining=0, reset_at=START + 1e6), pollers=100)
    assert delay(1000 - left, timeout=1000, budget=crowded) == seconds


@pytest.mark.parametrize("broken", [False, True], ids=["running", "failing"])
@pytest.mark.parametrize("timeout", [0.0, 1.0, 100.0, 3600.0])
@pytest.mark.parametrize("jitter", [0.0, MIDDLE, ALMOST_ONE])
def test_the_task_is_polled_once_at_the_deadline_and_never_after(
    timeout: float, jitter: float, broken: bool
) -> None:
    decide, now, polls, end = poller(timeout=timeout), START, [], None
    while end is None:
        now += decide.delay(now=now, jitter=jitter, budget=NO_BUDGET)
        polls.append(now)
        assert len(polls) < 10_000
        end = decide.on_error(BROKEN, now=now) if broken else decide.on_status(RUNNING, now=now)
    assert end is PollEnd.DEADLINE
    assert polls[-1] == pytest.approx(START + timeout, abs=1e-3)
    assert [at for at in polls if at >= START + timeout - 1e-3] == polls[-1:]


@pytest.mark.parametrize("late", [0.0, 1.0, 86400.0])
def test_the_end_of_a_task_counts_before_the_deadline(late: float) -> None:
    now = START + 3600 + late
    assert poller().on_status(DONE, now=now) is PollEnd.FINISHED
    assert poller().on_status(FAILED, now=now) is PollEnd.FAILED_AT_SERVICE
    assert poller().on_status(RUNNING, now=now) is PollEnd.DEADLINE
    assert poller().on_error(BROKEN, now=now) is PollEnd.DEADLINE


# -- responses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (TaskStatus.PENDING, None),
        (TaskStatus.PROCESSING, None),
        (TaskStatus.SUCCESS, PollEnd.FINISHED),
        (TaskStatus.FAILED, PollEnd.FAILED_AT_SERVICE),
    ],
)
def test_only_a_finished_or_failed_task_ends_the_polling(status: TaskStatus, end: PollEnd | None) -> None:
    assert poller().on_status(task(status), now=START + 60) is end


PASSING: list[KlingError] = [
    BROKEN,
    KlingConnectionError("refused", request_sent=False),
    KlingProtocolError("HTML"),
    KlingRateLimitError("429", status_code=429),
    KlingAPIError("408", status_code=408),
    KlingBadRequestError("400", status_code=400),
    *(KlingServerError(str(status), status_code=status) for status in (500, 502, 503, 504)),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_an_error_that_may_pass_never_ends_the_polling(error: KlingError) -> None:
    decide = poller()
    assert all(decide.on_error(error, now=START + second) is None for second in range(1, 3600))


@pytest.mark.parametrize(
    "error", [KlingAuthenticationError("401", status_code=401), KlingPermissionError("403", status_code=403)]
)
def test_a_rejected_key_ends_the_polling_at_once(error: KlingError) -> None:
    assert poller().on_error(error, now=START + 1) is PollEnd.KEY_REJECTED


def test_a_rejected_key_that_the_gateway_calls_transient_does_not_end_the_polling() -> None:
    """A signature may have expired between two clocks; the next poll is signed again."""
    expired = KlingAuthenticationError("401", status_code=401, transient=True)
    decide = poller()
    assert all(decide.on_error(expired, now=START + second) is None for second in range(1, 3600))


def test_a_task_that_is_not_known_once_may_be_new_to_a_replica() -> None:
    decide = poller()
    assert decide.on_error(NOT_FOUND, now=START + 1) is None
    assert decide.on_error(NOT_FOUND, now=START + 2) is PollEnd.NOT_FOUND


def test_a_successful_poll_in_between_restarts_the_count() -> None:
    decide = poller()
    for _ in range(5):
        assert decide.on_error(NOT_FOUND, now=START + 1) is None
        assert decide.on_status(RUNNING, now=START + 2) is None
    assert decide.on_error(NOT_FOUND, now=START + 3) is None
    assert decide.on_error(NOT_FOUND, now=START + 4) is PollEnd.NOT_FOUND


def test_another_error_in_between_does_not_restart_the_count() -> None:
    decide = poller()
    assert decide.on_error(NOT_FOUND, now=START + 1) is None
    assert decide.on_error(BROKEN, now=START + 2) is None
    assert decide.on_error(NOT_FOUND, now=START + 3) is PollEnd.NOT_FOUND


# -- a wait that the service asks for -------------------------------------------------------------


def test_a_wait_that_the_service_asks_for_is_kept_once() -> None:
    decide = poller()
    decide.on_error(KlingRateLimitError("429", status_code=429, retry_after=40.0), now=START + 1)
    assert decide.delay(now=START + 1, jitter=0.0, budget=NO_BUDGET) == 40.0
    decide.on_status(RUNNING, now=START + 41)
    assert decide.delay(now=START + 41, jitter=MIDDLE, budget=NO_BUDGET) == pytest.approx(8.2)
    decide.on_error(KlingRateLimitError("429", status_code=429, retry_after=40.0), now=START + 50)
    decide.on_error(BROKEN, now=START + 90)
    assert decide.delay(now=START + 90, jitter=MIDDLE, budget=NO_BUDGET) == 15.0


def test_a_short_wait_that_the_service_asks_for_does_not_shorten_an_interval() -> None:
    decide = poller()
    decide.on_error(KlingServerError("503", status_code=503, retry_after=1.0), now=START + 100)
    assert decide.delay(now=START + 100, jitter=MIDDLE, budget=NO_BUDGET) == 15.0


# -- the budget of one key ------------------------------------------------------------------------


def limits(remaining: int | None, *, reset_in: float | None = 30.0, limit: int | None = 100) -> RateLimit:
    return RateLimit(
        limit=limit, remaining=remaining, reset_at=None if reset_in is None else START + reset_in
    )


@pytest.mark.parametrize(
    ("pollers", "limit", "seconds"),
    [(1, 100, 1.2), (10, 100, 12.0), (100, 100, 120.0), (1000, 1000, 120.0), (50, 500, 12.0)],
)
def test_all_pollers_of_a_key_together_use_half_of_its_requests(
    pollers: int, limit: int, seconds: float
) -> None:
    budget = Budget(rate_limit=limits(90, limit=limit), pollers=pollers)
    assert budget.fair_interval() == pytest.approx(seconds)
    assert pollers * 60 / budget.fair_interval() == pytest.approx(limit / 2)
    assert delay(0, budget=budget) == pytest.approx(max(3.0, seconds))


@pytest.mark.parametrize("known", [None, limits(5, limit=None), limits(5, limit=0)])
def test_without_a_known_limit_the_plans_intervals_are_kept(known: RateLimit | None) -> None:
    assert Budget(rate_limit=known, pollers=1000).fair_interval() == 0.0
    assert delay(50, budget=Budget(rate_limit=known, pollers=1000)) == 10.0


@pytest.mark.parametrize(("remaining", "seconds"), [(11, 0.0), (10, 30.0), (1, 30.0), (0, 30.0)])
def test_the_last_tenth_is_left_to_submissions(remaining: int, seconds: float) -> None:
    assert Budget(rate_limit=limits(remaining)).pause(now=START) == seconds
    assert delay(0, budget=Budget(rate_limit=limits(remaining))) >= seconds


@pytest.mark.parametrize(
    ("reset_in", "seconds"), [(30.0, 30.0), (0.0, 0.0), (-500.0, 0.0), (61.0, 60.0), (90_000.0, 60.0)]
)
def test_two_clocks_that_disagree_cost_a_minute_at_most(reset_in: float, seconds: float) -> None:
    assert Budget(rate_limit=limits(0, reset_in=reset_in)).pause(now=START) == seconds


@pytest.mark.parametrize("known", [None, limits(None), limits(0, reset_in=None), limits(0, limit=None)])
def test_a_budget_that_is_known_in_part_causes_no_pause(known: RateLimit | None) -> None:
    assert Budget(rate_limit=known).pause(now=START) == 0.0


def test_after_a_pause_the_pollers_do_not_poll_all_at_once() -> None:
    spent = Budget(rate_limit=limits(0))
    waits = {delay(0, jitter=jitter / 10, budget=spent) for jitter in range(10)}
    assert len(waits) == 10
    assert all(30.0 <= wait <= 33.0 for wait in waits)


def test_a_thousand_pollers_stay_within_their_share_over_an_hour() -> None:
    budget = Budget(rate_limit=limits(900, limit=1000), pollers=1000)
    polls = 0
    for jitter in (0.125, 0.375, 0.625, 0.875):  # 250 pollers each
        now = START
        while now < START + 3600:
            now += poller(timeout=1e6).delay(now=now, jitter=jitter, budget=budget)
            polls += 250
    assert polls / 60 <= 1000 * 0.5 * 1.05


# -- how polling ends -----------------------------------------------------------------------------


def test_each_end_has_one_status_and_only_a_finished_task_is_success() -> None:
    assert {end: end.status for end in PollEnd} == {
        PollEnd.FINISHED: PollStatus.SUCCESS,
        PollEnd.FAILED_AT_SERVICE: PollStatus.FAILED,
        PollEnd.DEADLINE: PollStatus.TIMEOUT,
        PollEnd.KEY_REJECTED: PollStatus.ERROR,
        PollEnd.NOT_FOUND: PollStatus.ERROR,
        PollEnd.WAITER_BROKE: PollStatus.ERROR,
    }


# -- waiting for capacity -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rejections", "seconds"),
    [(1, 10.0), (2, 15.0), (3, 22.5), (6, 75.9375), (7, 113.90625), (8, 120.0), (99, 120.0)],
)
def test_waits_for_capacity_grow_to_a_maximum(rejections: int, seconds: float) -> None:
    assert capacity_delay(rejections=rejections, retry_after_s=None, jitter=MIDDLE) == seconds


@pytest.mark.parametrize("rejections", [1, 5, 100])
@pytest.mark.parametrize("retry_after_s", [None, 0.0, 3.0])
def test_no_wait_is_over_before_airflow_has_noticed_the_deferral(
    rejections: int, retry_after_s: float | None
) -> None:
    assert capacity_delay(rejections=rejections, retry_after_s=retry_after_s, jitter=0.0) >= 10.0


def test_tasks_that_were_rejected_together_are_not_sent_again_together() -> None:
    early = capacity_delay(rejections=8, retry_after_s=None, jitter=0.0)
    late = capacity_delay(rejections=8, retry_after_s=None, jitter=ALMOST_ONE)
    assert (early, late) == (60.0, pytest.approx(180.0))


def test_a_wait_that_the_service_asks_for_is_kept_whole() -> None:
    assert capacity_delay(rejections=1, retry_after_s=500.0, jitter=0.0) == 500.0
    assert 500.0 < capacity_delay(rejections=1, retry_after_s=500.0, jitter=ALMOST_ONE) <= 550.0
