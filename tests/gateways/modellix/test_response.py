"""Error responses: their classes, their codes, and how long the service asks to wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingRateLimitError,
    KlingServerError,
)
from airflow_provider_kling.gateways import make_gateway
from tests.gateways.calls import NOW, TASK_ID, envelope, error_envelope, response

GATEWAY = make_gateway()


def poll_error(body: object, *, status: int, headers: dict[str, str] | None = None) -> KlingAPIError:
    """Return the error that the response to a poll means."""
    with pytest.raises(KlingAPIError) as caught:
        GATEWAY.task(TASK_ID).parse(response(body, status=status, headers=headers))
    return caught.value


CLASSES = {
    400: KlingBadRequestError,
    401: KlingAuthenticationError,
    402: KlingBalanceError,
    403: KlingPermissionError,
    404: KlingNotFoundError,
    405: KlingBadRequestError,
    410: KlingBadRequestError,
    408: KlingAPIError,
    409: KlingAPIError,
    413: KlingBadRequestError,
    415: KlingBadRequestError,
    418: KlingAPIError,
    422: KlingBadRequestError,
    425: KlingAPIError,
    429: KlingRateLimitError,
    500: KlingServerError,
    502: KlingServerError,
    503: KlingServerError,
    504: KlingServerError,
    599: KlingServerError,
    302: KlingAPIError,
}


@pytest.mark.parametrize(("status", "error_class"), CLASSES.items())
def test_each_status_has_its_class(status: int, error_class: type[KlingAPIError]) -> None:
    error = poll_error(error_envelope("Oops: detail", code=status), status=status)
    assert type(error) is error_class
    assert (error.status_code, error.task_id) == (status, TASK_ID)
    assert f"GET /api/v1/tasks/{TASK_ID} was answered {status}: Oops: detail" in str(error)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Invalid parameters: parameter 'prompt' is required", "invalid parameters"),
        ("Missing required parameter: prompt", "missing required parameter"),
        ("Value out of range: parameter 'steps' must be: 5", "value out of range"),
        ("Concurrent limit exceeded: 2 tasks", "concurrent limit exceeded"),
        ("Something new: detail", "something new"),
        ("concurrent limit exceeded", "concurrent limit exceeded"),
        (": detail", None),
        ("", None),
        (None, None),
        (["x"], None),
    ],
)
def test_the_code_is_the_services_own_word_before_the_colon(message: object, code: str | None) -> None:
    assert poll_error(error_envelope(message, code=400), status=400).code == code


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", {}])
def test_a_response_without_a_message_has_no_code(body: object) -> None:
    assert poll_error(body, status=502).code is None


TRANSIENT = {408, 425, 429, 500, 502, 503, 504, 599}


@pytest.mark.parametrize("status", CLASSES)
def test_an_error_says_whether_the_same_read_may_succeed_a_moment_later(status: int) -> None:
    error = poll_error(error_envelope("Oops: detail", code=status), status=status)
    assert error.transient is (status in TRANSIENT)


def test_too_many_tasks_and_too_many_requests_are_told_apart() -> None:
    busy = poll_error(error_envelope("Concurrent limit exceeded: 2 tasks", code=429), status=429)
    hasty = poll_error(error_envelope("Rate limit exceeded: 100 per minute", code=429), status=429)
    assert (type(busy), type(hasty)) == (KlingCapacityError, KlingRateLimitError)
    assert not isinstance(busy, KlingRateLimitError)


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b'"text"', b"[" * 100_000])
@pytest.mark.parametrize("status", [401, 404, 502])
def test_a_proxys_own_page_is_classified_by_its_status(status: int, body: bytes) -> None:
    assert type(poll_error(body, status=status)) is CLASSES[status]


def test_a_long_message_is_cut() -> None:
    assert len(str(poll_error(error_envelope("x" * 100_000, code=400), status=400))) < 700


# -- how long to wait -----------------------------------------------------------------------------

SPENT = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 12)}


def http_date(seconds_from_now: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds_from_now, tz=UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": http_date(9)}, 9.0),
        ({"retry-after": http_date(-60)}, 0.0),
        ({"retry-after": http_date(9).replace("GMT", "-0000")}, 9.0),
        ({"retry-after": http_date(9), **SPENT}, 9.0),
        ({"retry-after": "7", **SPENT}, 7.0),
        (SPENT, 12.0),
        ({**SPENT, "retry-after": "soon"}, 12.0),
        ({"x-ratelimit-reset": str(NOW + 3)}, 3.0),
        ({**SPENT, "x-ratelimit-reset": str(NOW - 100)}, 0.0),
        ({**SPENT, "x-ratelimit-remaining": "40"}, None),
        ({"retry-after": "-7"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_the_service_asks_for_is_parsed(headers: dict[str, str], seconds: float | None) -> None:
    assert (
        poll_error(error_envelope("Rate limit exceeded", code=429), status=429, headers=headers).retry_after
        == seconds
    )


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_times_without_a_zone_are_utc_whatever_the_local_time_of_the_worker() -> None:
    date = http_date(9).replace("GMT", "-0000")
    assert poll_error({}, status=503, headers={"retry-after": date}).retry_after == 9.0
    times = {"extensions": {"submit_time": "2024-01-01T10:00:00"}}
    task = GATEWAY.task(TASK_ID).parse(response(envelope(task_id=TASK_ID, result=times)))
    assert task.submitted_at == datetime(2024, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", [500, 503, 404])
def test_the_end_of_the_minute_is_no_reason_to_wait_when_requests_are_not_what_ran_out(status: int) -> None:
    assert poll_error({}, status=status, headers=SPENT).retry_after is None
    assert poll_error({}, status=status, headers={**SPENT, "retry-after": "7"}).retry_after == 7.0
