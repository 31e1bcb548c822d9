"""Parsing the service's rate limits, and spacing requests."""

from __future__ import annotations

import pytest

from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter, retry_after


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        (("100", "7", "1800000000"), RateLimit(limit=100, remaining=7, reset_at=1_800_000_000.0)),
        (("100", "0", None), RateLimit(limit=100, remaining=0, reset_at=None)),
        ((None, None, "1800000000.5"), RateLimit(limit=None, remaining=None, reset_at=1_800_000_000.5)),
        (("many", "7", "soon"), RateLimit(limit=None, remaining=7, reset_at=None)),
        (("100", "-1", "1"), RateLimit(limit=100, remaining=None, reset_at=1.0)),
        (("many", "", "nan"), None),
        (("inf", None, None), None),
        ((None, None, None), None),
    ],
)
def test_limits_are_read_as_far_as_they_make_sense(
    headers: tuple[str | None, str | None, str | None], read: RateLimit | None
) -> None:
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    given = {name: value for name, value in zip(names, headers, strict=True) if value is not None}
    assert RateLimit.from_headers(given) == read


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 07:26:00 GMT", 0.0),
        ("-1", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        (f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT", None),
        (f"Wed, 21 Oct 2026 07:28:00 +{'9' * 16}", None),
    ],
)
def test_a_response_says_how_long_to_wait_as_far_as_it_makes_sense(
    header: str, seconds: float | None
) -> None:
    now = 1_792_567_620.0  # 2026-10-21 07:27:00 UTC
    assert retry_after({"retry-after": header}, status=503, now=now) == seconds


def test_requests_that_come_at_once_are_spaced_evenly() -> None:
    limiter = RateLimiter(per_minute=60)
    assert [limiter.reserve(now=100.0) for _ in range(4)] == [0.0, 1.0, 2.0, 3.0]


def test_a_minute_never_holds_more_than_was_allowed() -> None:
    limiter = RateLimiter(per_minute=7)
    now, sent = 1000.0, []
    for gap in [0.0] * 20 + [30.0] + [1.0] * 20:
        now += gap
        sent.append(now + limiter.reserve(now=now))
    assert all(sum(start <= at < start + 59.999 for at in sent) <= 7 for start in sent)


def test_a_pause_is_not_saved_up_for_a_burst() -> None:
    limiter = RateLimiter(per_minute=60)
    limiter.reserve(now=0.0)
    assert [limiter.reserve(now=100.0) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_without_a_limit_nothing_waits() -> None:
    limiter = RateLimiter(per_minute=None)
    assert [limiter.reserve(now=5.0) for _ in range(3)] == [0.0, 0.0, 0.0]
