"""When to look at a task again, and when to stop."""

from __future__ import annotations

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
from airflow_provider_kling.polling import Budget, EndStatus, PollEnd, Poller, queue_delay

START = 1_800_000_000.0
NO_BUDGET = Budget()
MIDDLE = 0.5  # the jitter that changes nothing
ALMOST_ONE = 1 - 2**-53


def poller(*, timeout: float = 3600.0, usual: float = 300.0) -> Poller:
    return Poller(submitted_at=START, deadline=START + timeout, usual_s=usual)


def delay(
    elapsed: float, *, jitter: float = MIDDLE, budget: Budget = NO_BUDGET, timeout: float = 3600.0
) -> float:
    return poller(timeout=timeout).delay(now=START + elapsed, jitter=jitter, budget=budget)


def task(status: TaskStatus) -> Task:
    return Task(task_id="t", status=status, raw_status=status.value)


RUNNING, DONE, FAILED = task(TaskStatus.PROCESSING), task(TaskStatus.SUCCESS), task(TaskStatus.FAILED)
NOT_FOUND = KlingNotFoundError("no such task", status_code=404)
BROKEN = KlingConnectionError("broke", request_sent=True)


# -- the usual pace -------------------------------------------------------------------------------


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
def test_looks_grow_apart_between_a_floor_and_a_cap_that_rises_when_overdue(
    elapsed: float, seconds: float
) -> None:
    assert delay(elapsed) == seconds


def test_an_end_is_found_at_most_a_quarter_late_once_looks_have_grown_apart() -> None:
    for elapsed in range(20, 300):
        assert delay(elapsed, jitter=ALMOST_ONE) <= elapsed * 0.25 + 1e-9


def test_a_clock_that_is_behind_the_submission_does_no_harm() -> None:
    assert delay(-500) == 3.0


@pytest.mark.parametrize("elapsed", [0, 50, 200, 1000])
def test_jitter_keeps_tasks_apart_within_a_quarter_either_way(elapsed: float) -> None:
    middle = delay(elapsed)
    assert delay(elapsed, jitter=0.0) == middle * 0.75
    assert middle * 1.24 < delay(elapsed, jitter=ALMOST_ONE) <= middle * 1.25


# -- the deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "seconds"), [(10.0, 10.0), (0.5, 0.5), (0.0, 0.0), (-100.0, 0.0)])
def test_no_wait_goes_beyond_the_deadline(left: float, seconds: float) -> None:
    crowded = Budget(rate_limit=RateLimit(limit=1, remaining=0, reset_at=START + 1e6), watchers=100)
    assert delay(1000 - left, timeout=1000, budget=crowded) == seconds


@pytest.mark.parametrize("broken", [False, True], ids=["running", "failing"])
@pytest.mark.parametrize("timeout", [0.0, 1.0, 100.0, 3600.0])
@pytest.mark.parametrize("jitter", [0.0, MIDDLE, ALMOST_ONE])
def test_the_task_is_looked_at_once_at_the_deadline_and_never_after(
    timeout: float, jitter: float, broken: bool
) -> None:
    decide, now, looks, ended = poller(timeout=timeout), START, [], None
    while ended is None:
        now += decide.delay(now=now, jitter=jitter, budget=NO_BUDGET)
        looks.append(now)
        assert len(looks) < 10_000
        ended = decide.missed(BROKEN, now=now) if broken else decide.saw(RUNNING, now=now)
    assert ended is PollEnd.DEADLINE
    assert looks[-1] == pytest.approx(START + timeout, abs=1e-3)
    assert [at for at in looks if at >= START + timeout - 1e-3] == looks[-1:]


@pytest.mark.parametrize("late", [0.0, 1.0, 86400.0])
def test_an_end_counts_before_the_deadline_does(late: float) -> None:
    now = START + 3600 + late
    assert poller().saw(DONE, now=now) is PollEnd.FINISHED
    assert poller().saw(FAILED, now=now) is PollEnd.FAILED_AT_SERVICE
    assert poller().saw(RUNNING, now=now) is PollEnd.DEADLINE
    assert poller().missed(BROKEN, now=now) is PollEnd.DEADLINE


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        (TaskStatus.PENDING, None),
        (TaskStatus.PROCESSING, None),
        (TaskStatus.SUCCESS, PollEnd.FINISHED),
        (TaskStatus.FAILED, PollEnd.FAILED_AT_SERVICE),
    ],
)
def test_only_the_tasks_own_end_is_an_end(status: TaskStatus, ended: PollEnd | None) -> None:
    assert poller().saw(task(status), now=START + 60) is ended


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
def test_trouble_that_may_pass_never_ends_the_watching(error: KlingError) -> None:
    decide = poller()
    assert all(decide.missed(error, now=START + second) is None for second in range(1, 3600))


@pytest.mark.parametrize(
    "error", [KlingAuthenticationError("401", status_code=401), KlingPermissionError("403", status_code=403)]
)
def test_a_refused_key_ends_the_watching_at_once(error: KlingError) -> None:
    assert poller().missed(error, now=START + 1) is PollEnd.KEY_REFUSED


def test_a_task_that_is_not_known_once_may_be_news_to_a_replica() -> None:
    decide = poller()
    assert decide.missed(NOT_FOUND, now=START + 1) is None
    assert decide.missed(NOT_FOUND, now=START + 2) is PollEnd.NOT_FOUND


def test_a_good_look_in_between_starts_the_count_anew() -> None:
    decide = poller()
    for _ in range(5):
        assert decide.missed(NOT_FOUND, now=START + 1) is None
        assert decide.saw(RUNNING, now=START + 2) is None
    assert decide.missed(NOT_FOUND, now=START + 3) is None
    assert decide.missed(NOT_FOUND, now=START + 4) is PollEnd.NOT_FOUND


def test_other_trouble_in_between_does_not_make_a_task_known() -> None:
    decide = poller()
    assert decide.missed(NOT_FOUND, now=START + 1) is None
    assert decide.missed(BROKEN, now=START + 2) is None
    assert decide.missed(NOT_FOUND, now=START + 3) is PollEnd.NOT_FOUND


# -- what the service asks for --------------------------------------------------------------------


def test_a_wait_that_the_service_asks_for_is_kept_once() -> None:
    decide = poller()
    decide.missed(KlingRateLimitError("429", status_code=429, retry_after=40.0), now=START + 1)
    assert decide.delay(now=START + 1, jitter=0.0, budget=NO_BUDGET) == 40.0
    decide.saw(RUNNING, now=START + 41)
    assert decide.delay(now=START + 41, jitter=MIDDLE, budget=NO_BUDGET) == pytest.approx(8.2)
    decide.missed(KlingRateLimitError("429", status_code=429, retry_after=40.0), now=START + 50)
    decide.missed(BROKEN, now=START + 90)
    assert decide.delay(now=START + 90, jitter=MIDDLE, budget=NO_BUDGET) == 15.0


def test_a_short_wait_that_is_asked_for_does_not_hasten_the_looks() -> None:
    decide = poller()
    decide.missed(KlingServerError("503", status_code=503, retry_after=1.0), now=START + 100)
    assert decide.delay(now=START + 100, jitter=MIDDLE, budget=NO_BUDGET) == 15.0


# -- the budget of one key ------------------------------------------------------------------------


def limits(remaining: int | None, *, reset_in: float | None = 30.0, limit: int | None = 100) -> RateLimit:
    return RateLimit(
        limit=limit, remaining=remaining, reset_at=None if reset_in is None else START + reset_in
    )


@pytest.mark.parametrize(
    ("watchers", "limit", "seconds"),
    [(1, 100, 1.2), (10, 100, 12.0), (100, 100, 120.0), (1000, 1000, 120.0), (50, 500, 12.0)],
)
def test_all_watchers_together_use_half_of_the_keys_requests(
    watchers: int, limit: int, seconds: float
) -> None:
    budget = Budget(rate_limit=limits(90, limit=limit), watchers=watchers)
    assert budget.fair_interval() == pytest.approx(seconds)
    assert watchers * 60 / budget.fair_interval() == pytest.approx(limit / 2)
    assert delay(0, budget=budget) == pytest.approx(max(3.0, seconds))


@pytest.mark.parametrize("known", [None, limits(5, limit=None), limits(5, limit=0)])
def test_without_a_known_limit_the_usual_pace_is_kept(known: RateLimit | None) -> None:
    assert Budget(rate_limit=known, watchers=1000).fair_interval() == 0.0
    assert delay(50, budget=Budget(rate_limit=known, watchers=1000)) == 10.0


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
def test_a_budget_that_is_known_in_part_pauses_nobody(known: RateLimit | None) -> None:
    assert Budget(rate_limit=known).pause(now=START) == 0.0


def test_after_a_pause_the_watchers_do_not_all_come_at_once() -> None:
    spent = Budget(rate_limit=limits(0))
    waits = {delay(0, jitter=jitter / 10, budget=spent) for jitter in range(10)}
    assert len(waits) == 10
    assert all(30.0 <= wait <= 33.0 for wait in waits)


def test_a_thousand_watchers_stay_within_their_share_over_an_hour() -> None:
    budget = Budget(rate_limit=limits(900, limit=1000), watchers=1000)
    looks = 0
    for jitter in (0.125, 0.375, 0.625, 0.875):  # 250 watchers each
        now = START
        while now < START + 3600:
            now += poller(timeout=1e6).delay(now=now, jitter=jitter, budget=budget)
            looks += 250
    assert looks / 60 <= 1000 * 0.5 * 1.05


# -- the vocabulary -------------------------------------------------------------------------------


def test_each_reason_has_one_status_and_only_a_finish_is_success() -> None:
    assert {reason: reason.status for reason in PollEnd} == {
        PollEnd.FINISHED: EndStatus.SUCCESS,
        PollEnd.FAILED_AT_SERVICE: EndStatus.FAILED,
        PollEnd.DEADLINE: EndStatus.TIMEOUT,
        PollEnd.KEY_REFUSED: EndStatus.ERROR,
        PollEnd.NOT_FOUND: EndStatus.ERROR,
        PollEnd.WATCHER_BROKE: EndStatus.ERROR,
    }


# -- waiting for room -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusals", "seconds"),
    [(1, 10.0), (2, 15.0), (3, 22.5), (6, 75.9375), (7, 113.90625), (8, 120.0), (99, 120.0)],
)
def test_waits_for_room_grow_to_a_cap(refusals: int, seconds: float) -> None:
    assert queue_delay(refusals=refusals, asked_s=None, jitter=MIDDLE) == seconds


@pytest.mark.parametrize("refusals", [1, 5, 100])
@pytest.mark.parametrize("asked", [None, 0.0, 3.0])
def test_no_wait_is_over_before_airflow_has_noticed_the_deferral(refusals: int, asked: float | None) -> None:
    assert queue_delay(refusals=refusals, asked_s=asked, jitter=0.0) >= 10.0


def test_tasks_that_were_refused_together_do_not_come_back_together() -> None:
    early = queue_delay(refusals=8, asked_s=None, jitter=0.0)
    late = queue_delay(refusals=8, asked_s=None, jitter=ALMOST_ONE)
    assert (early, late) == (60.0, pytest.approx(180.0))


def test_a_wait_that_the_service_asks_for_is_kept_whole() -> None:
    assert queue_delay(refusals=1, asked_s=500.0, jitter=0.0) == 500.0
    assert 500.0 < queue_delay(refusals=1, asked_s=500.0, jitter=ALMOST_ONE) <= 550.0
