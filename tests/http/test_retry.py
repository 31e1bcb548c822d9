"""How long to wait before another attempt, and when to give up."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingResultHostError,
    KlingServerError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.http.retry import RetryPolicy

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


@pytest.mark.parametrize("requested", [0.5, 7.0, 29.9, 30.0])
@pytest.mark.parametrize("jitter", [0.0, ALMOST_ONE])
def test_the_requested_wait_is_the_least_and_jitter_is_added(requested: float, jitter: float) -> None:
    delay = POLICY.delay(busy(requested), attempt=1, jitter=jitter)
    assert delay is not None
    assert requested <= delay <= requested + 1.0
    assert (delay > requested) is (jitter > 0)


@pytest.mark.parametrize("requested", [30.1, 60.0, 86400.0])
def test_a_requested_wait_that_is_too_long_ends_the_call(requested: float) -> None:
    assert POLICY.delay(busy(requested), attempt=1, jitter=0.5) is None


def test_a_moment_that_is_already_over_leaves_the_back_off_as_it_is() -> None:
    assert [POLICY.delay(busy(0.0), attempt=attempt, jitter=0.5) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [200, 401, 408, 429, 500])
@pytest.mark.parametrize("transient", [True, False])
def test_the_error_says_whether_it_is_transient_and_its_status_does_not(status: int, transient: bool) -> None:
    error = KlingAPIError("x", status_code=status, transient=transient)
    assert (POLICY.delay(error, attempt=1, jitter=0.5) is not None) is transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (BROKEN, True),
        (KlingConnectionError("not reached", request_sent=False), True),
        (KlingProtocolError("HTML"), True),
        (KlingServerError("broken", status_code=501), True),
        (KlingRateLimitError("busy", status_code=429), True),
        (KlingResultHostError("busy", status_code=429), True),
        (KlingAuthenticationError("no", status_code=401), False),
        (KlingNotFoundError("no", status_code=404), False),
        (KlingMediaError("a page"), False),
        (KlingSubmissionUnknownError("?"), False),
        (KlingError("?"), False),
    ],
    ids=repr,
)
def test_only_what_passes_by_itself_is_repeated(error: KlingError, transient: bool) -> None:
    assert (POLICY.delay(error, attempt=1, jitter=0.5) is not None) is transient
