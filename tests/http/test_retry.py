"""How long to wait before a call is made again, and when not to."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingProtocolError,
    KlingServerError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.http.retry import RetryPolicy, is_transient

ALMOST_ONE = 1 - 2**-53
BROKEN = KlingConnectionError("broke", request_sent=True)
POLICY = RetryPolicy(attempts=10, base_s=1.0, longest_s=30.0)


def busy(seconds: float | None) -> KlingServerError:
    return KlingServerError("busy", status_code=503, retry_after=seconds)


@pytest.mark.parametrize(
    ("attempt", "bound"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0), (6, 30.0), (9, 30.0)]
)
def test_the_back_off_doubles_up_to_a_cap_with_full_jitter(attempt: int, bound: float) -> None:
    assert POLICY.delay(BROKEN, attempt=attempt, jitter=0.0) == 0.0
    assert POLICY.delay(BROKEN, attempt=attempt, jitter=0.5) == bound / 2
    longest = POLICY.delay(BROKEN, attempt=attempt, jitter=ALMOST_ONE)
    assert longest is not None
    assert bound * 0.999 < longest <= bound


def test_the_last_attempt_is_not_followed_by_another() -> None:
    policy = RetryPolicy(attempts=3)
    assert [policy.delay(BROKEN, attempt=attempt, jitter=0.5) for attempt in (1, 2, 3, 4)] == [
        0.5,
        1.0,
        None,
        None,
    ]


@pytest.mark.parametrize("asked", [0.5, 7.0, 29.9, 30.0])
@pytest.mark.parametrize("jitter", [0.0, ALMOST_ONE])
def test_what_the_service_asks_for_is_the_least_and_jitter_comes_on_top(asked: float, jitter: float) -> None:
    delay = POLICY.delay(busy(asked), attempt=1, jitter=jitter)
    assert delay is not None
    assert asked <= delay <= asked + 1.0
    assert (delay > asked) is (jitter > 0)


@pytest.mark.parametrize("asked", [30.1, 60.0, 86400.0])
def test_a_service_that_asks_for_too_long_ends_the_call(asked: float) -> None:
    assert POLICY.delay(busy(asked), attempt=1, jitter=0.5) is None


def test_a_moment_that_is_already_over_does_not_make_the_retries_hasty() -> None:
    assert [POLICY.delay(busy(0.0), attempt=attempt, jitter=0.5) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_statuses_that_pass_are_transient(status: int) -> None:
    assert is_transient(KlingAPIError("x", status_code=status))


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 499])
def test_statuses_that_stay_are_not(status: int) -> None:
    error = KlingAPIError("x", status_code=status, retry_after=1.0)
    assert not is_transient(error)
    assert POLICY.delay(error, attempt=1, jitter=0.5) is None


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (BROKEN, True),
        (KlingConnectionError("refused", request_sent=False), True),
        (KlingProtocolError("HTML"), True),
        (KlingMediaError("a page"), False),
        (KlingSubmissionUnknownError("?"), False),
        (KlingError("?"), False),
    ],
    ids=repr,
)
def test_only_connections_and_answers_that_broke_are_transient(error: KlingError, transient: bool) -> None:
    assert is_transient(error) is transient
