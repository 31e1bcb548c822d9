"""When one task is polled, and when its polling ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingConnectionError,
    KlingError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
)
from airflow_provider_kling.http.task import TaskStatus
from airflow_provider_kling.polling import Experience, PollEnd, PollingPlan
from tests.polling.clock import (
    ALMOST_ONE,
    BROKEN,
    DONE,
    FAILED,
    MIDDLE,
    NOT_FOUND,
    RUNNING,
    START,
    poller,
    task,
)

# -- the deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "seconds"), [(0.5, 0.5), (0.0, 0.0), (-100.0, 0.0)])
def test_no_wait_goes_beyond_the_deadline(left: float, seconds: float) -> None:
    decide = poller(timeout=1000)
    decide.on_error(KlingServerError("503", status_code=503, retry_after=500.0), now=START + 1)
    window = decide.window(now=START + 1000 - left, jitter=ALMOST_ONE)
    assert (window.earliest_s, window.latest_s) == (seconds, seconds)


@pytest.mark.parametrize("broken", [False, True], ids=["running", "failing"])
@pytest.mark.parametrize("timeout", [0.0, 1.0, 100.0, 3600.0])
@pytest.mark.parametrize("jitter", [0.0, MIDDLE, ALMOST_ONE])
def test_the_task_is_polled_once_at_the_deadline_and_never_after(
    timeout: float, jitter: float, broken: bool
) -> None:
    decide, now, polls, end = poller(timeout=timeout), START, [], None
    while end is None:
        now += decide.window(now=now, jitter=jitter).latest_s
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


# -- when to poll next ----------------------------------------------------------------------------


def test_a_wait_that_the_service_asks_for_is_kept_once() -> None:
    decide = poller()
    decide.on_error(KlingRateLimitError("429", status_code=429, retry_after=400.0), now=START + 150)
    window = decide.window(now=START + 150, jitter=0.0)
    assert (window.earliest_s, window.latest_s) == (400.0, 400.0)
    decide.on_status(RUNNING, now=START + 550)
    assert decide.window(now=START + 550, jitter=MIDDLE).latest_s < 100


def test_a_short_wait_that_the_service_asks_for_does_not_shorten_an_interval() -> None:
    decide, asked = poller(), poller()
    asked.on_error(KlingServerError("503", status_code=503, retry_after=0.01), now=START + 100)
    decide.on_error(BROKEN, now=START + 100)
    planned = decide.window(now=START + 100, jitter=MIDDLE).latest_s
    assert asked.window(now=START + 100, jitter=MIDDLE).latest_s == planned


def test_tasks_that_are_polled_together_after_a_restart_are_apart_after_it() -> None:
    decide = poller()
    waits = sorted(decide.window(now=START + 130, jitter=number / 1000).latest_s for number in range(1000))
    gaps = [after - before for before, after in pairwise(waits)]
    assert max(gaps) < waits[-1] / 100


def test_a_clock_that_is_behind_the_submission_does_no_harm() -> None:
    assert 0 < poller().window(now=START - 500, jitter=MIDDLE).latest_s <= 500


@pytest.mark.parametrize(("earlier", "later"), [(40.0, 140.0), (1000.0, 200.0)])
def test_of_two_that_have_waited_as_long_the_one_nearer_to_its_likely_end_is_more_urgent(
    earlier: float, later: float
) -> None:
    decide = {elapsed: poller() for elapsed in (earlier, later)}
    for elapsed, one in decide.items():
        one.on_status(RUNNING, now=START + elapsed)
    assert decide[later].urgency(START + later + 5) > decide[earlier].urgency(START + earlier + 5) > 0


def test_whoever_waits_becomes_more_urgent() -> None:
    decide = poller()
    decide.on_status(RUNNING, now=START + 5000)
    assert decide.urgency(START + 5000) == 0
    assert decide.urgency(START + 5100) > decide.urgency(START + 5050) > 0


# -- what is learned ------------------------------------------------------------------------------


UNBOUND = 3600.0


def first_poll(experience: Experience, *, kind: str = "a") -> float:
    decide = poller(experience=experience, kind=kind, max_overdue_interval_s=UNBOUND)
    return decide.window(now=START, jitter=ALMOST_ONE).latest_s


def end(
    experience: Experience,
    *,
    kind: str,
    watched_s: float = 0.0,
    running_s: float | None,
    seen_s: float,
    said_s: float | None,
) -> None:
    """Let a task end."""
    decide = poller(experience=experience, kind=kind, max_overdue_interval_s=UNBOUND, now=START + watched_s)
    if running_s is not None:
        decide.on_status(RUNNING, now=START + running_s)
    at = datetime.fromtimestamp(START, tz=UTC)
    said = {} if said_s is None else {"submitted_at": at, "finished_at": at + timedelta(seconds=said_s)}
    decide.on_status(task(TaskStatus.SUCCESS, **said), now=START + seen_s)


@pytest.mark.parametrize("said_s", [None, 605.0])
def test_the_next_of_a_kind_is_polled_when_those_before_have_ended(said_s: float | None) -> None:
    experience = Experience()
    early = first_poll(experience)
    for _ in range(20):
        end(experience, kind="a", running_s=600.0, seen_s=620.0, said_s=said_s)
    assert early < 100
    assert 250 < first_poll(experience) < 600
    assert first_poll(experience, kind="b") == early


def test_what_the_service_says_of_a_time_counts_only_where_it_fits_what_was_seen() -> None:
    experience, without = Experience(), Experience()
    for _ in range(20):
        end(experience, kind="a", running_s=600.0, seen_s=620.0, said_s=1e9)
        end(without, kind="a", running_s=600.0, seen_s=620.0, said_s=None)
    assert first_poll(experience) == first_poll(without) > 250


def test_an_end_that_nobody_looked_for_says_little() -> None:
    experience = Experience()
    early = first_poll(experience)
    for _ in range(20):
        end(experience, kind="a", running_s=None, seen_s=4000.0, said_s=None)
    assert first_poll(experience) == pytest.approx(early, rel=0.2)


def test_of_an_end_that_is_seen_late_only_is_learned_how_long_the_task_ran() -> None:
    experience = Experience()
    early = first_poll(experience)
    for _ in range(20):
        end(experience, kind="a", running_s=100.0, seen_s=4000.0, said_s=None)
    assert early < first_poll(experience) < 150


@pytest.mark.parametrize(
    ("watched_s", "seen_s", "said_s"),
    [
        (3990.0, 4000.0, None),
        (3990.0, 4000.0, 3000.0),
        (8.0, 20.0, 6.0),  # it had ended when the trigger started
    ],
)
def test_an_end_that_may_have_come_before_the_watching_began_says_nothing(
    watched_s: float, seen_s: float, said_s: float | None
) -> None:
    """As after a restart: those that ended before were seen by another process, or had not ended."""
    experience = Experience()
    early = first_poll(experience)
    for _ in range(20):
        end(experience, kind="a", watched_s=watched_s, running_s=None, seen_s=seen_s, said_s=said_s)
    assert first_poll(experience) == early


def test_time_counts_once_also_where_a_clock_is_set_back() -> None:
    experience, other = Experience(), Experience()
    for steps, known in (([100.0, 40.0, 100.0] * 50, experience), ([100.0], other)):
        decide = poller(experience=known, kind="a")
        for elapsed in steps:
            decide.on_status(RUNNING, now=START + elapsed)
        decide.on_status(DONE, now=START + 101.0)
    assert first_poll(experience) == first_poll(other)


def test_a_task_that_still_runs_after_a_restart_does_not_say_that_none_ends_before() -> None:
    experience = Experience()
    early = first_poll(experience)
    for _ in range(100):
        decide = poller(experience=experience, kind="a", now=START + 500)
        decide.on_status(RUNNING, now=START + 510)
    end(experience, kind="a", running_s=99.0, seen_s=101.0, said_s=None)
    assert first_poll(experience) <= early


def test_tasks_that_run_long_are_not_polled_often_before_one_has_ended() -> None:
    experience = Experience()
    early = first_poll(experience)
    for _ in range(100):
        poller(experience=experience, kind="a").on_status(RUNNING, now=START + 600)
    end(experience, kind="a", running_s=600.0, seen_s=610.0, said_s=None)
    assert first_poll(experience) > 2 * early


def test_where_the_kind_is_not_known_nothing_is_learned() -> None:
    experience = Experience()
    early = first_poll(experience, kind="")
    for _ in range(20):
        end(experience, kind="", running_s=600.0, seen_s=620.0, said_s=None)
    assert first_poll(experience, kind="") == early


def test_a_process_remembers_the_latest_kinds_only() -> None:
    experience = Experience()
    for number in range(600):
        plan = PollingPlan.starting(submitted_at=START, timeout=60.0, kind=str(number))
        experience.survived(plan, since_s=0.0, until_s=5.0)
    assert len(experience._kinds) == 500
