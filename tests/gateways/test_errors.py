"""Refusals: their classes, how long to wait, and whether a submission may have taken effect."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    ErrorCategory,
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import VideoO1Request
from tests.gateways.wire import NOW, TASK_ID, answer, complaint, envelope

GATEWAY = make_gateway()
SUBMISSION = GATEWAY.submission(VideoO1Request(prompt="x"))


def refusal(
    body: object, *, status: int, headers: dict[str, str] | None = None, submitting: bool = False
) -> KlingAPIError:
    """Return the error that an answer stands for."""
    parse: Any = SUBMISSION.parse if submitting else GATEWAY.task(TASK_ID).parse
    with pytest.raises(KlingAPIError) as caught:
        parse(answer(body, status=status, headers=headers))
    return caught.value


CLASSES = {
    400: KlingBadRequestError,
    401: KlingAuthenticationError,
    402: KlingBalanceError,
    403: KlingPermissionError,
    404: KlingNotFoundError,
    405: KlingAPIError,
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
    error = refusal(complaint("Oops: detail", code=status), status=status)
    assert type(error) is error_class
    assert (error.status_code, error.task_id) == (status, TASK_ID)
    assert f"GET /api/v1/tasks/{TASK_ID} was answered {status}: Oops: detail" in str(error)


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("Invalid parameters: parameter 'prompt' is required", ErrorCategory.INVALID_PARAMETERS),
        ("Missing required parameter: prompt", ErrorCategory.MISSING_PARAMETER),
        ("Invalid format: invalid JSON format", ErrorCategory.INVALID_FORMAT),
        ("Value out of range: parameter 'steps' must be", ErrorCategory.OUT_OF_RANGE),
        ("Authentication failed: invalid API key", ErrorCategory.AUTHENTICATION_FAILED),
        ("Payment Required: balance too low", ErrorCategory.PAYMENT_REQUIRED),
        ("Resource not found: task", ErrorCategory.NOT_FOUND),
        ("Rate limit exceeded: 100 per minute", ErrorCategory.RATE_LIMIT),
        ("Concurrent limit exceeded: 2 tasks", ErrorCategory.CONCURRENT_LIMIT),
        ("concurrent limit exceeded", ErrorCategory.CONCURRENT_LIMIT),
        ("Something new: detail", ErrorCategory.OTHER),
        ("", ErrorCategory.OTHER),
        (None, ErrorCategory.OTHER),
        (["x"], ErrorCategory.OTHER),
    ],
)
def test_the_category_is_the_part_before_the_colon(message: object, category: ErrorCategory) -> None:
    assert refusal(complaint(message, code=400), status=400).category is category


def test_too_many_tasks_and_too_many_requests_are_told_apart() -> None:
    busy = refusal(complaint("Concurrent limit exceeded: 2 tasks", code=429), status=429)
    hasty = refusal(complaint("Rate limit exceeded: 100 per minute", code=429), status=429)
    assert (type(busy), type(hasty)) == (KlingCapacityError, KlingRateLimitError)
    assert not isinstance(busy, KlingRateLimitError)


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b'"text"', b"[" * 100_000])
@pytest.mark.parametrize("status", [401, 404, 502])
def test_a_proxys_own_page_is_judged_by_its_status(status: int, body: bytes) -> None:
    assert type(refusal(body, status=status)) is CLASSES[status]


def test_a_long_complaint_is_cut() -> None:
    assert len(str(refusal(complaint("x" * 100_000, code=400), status=400))) < 700


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
def test_the_wait_that_the_service_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert (
        refusal(complaint("Rate limit exceeded", code=429), status=429, headers=headers).retry_after
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
def test_times_without_a_zone_are_utc_wherever_the_worker_stands() -> None:
    date = http_date(9).replace("GMT", "-0000")
    assert refusal({}, status=503, headers={"retry-after": date}).retry_after == 9.0
    times = {"extensions": {"submit_time": "2024-01-01T10:00:00"}}
    task = GATEWAY.task(TASK_ID).parse(answer(envelope(task_id=TASK_ID, result=times)))
    assert task.submitted_at == datetime(2024, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", [500, 503, 404])
def test_the_end_of_the_minute_is_no_reason_to_wait_when_requests_are_not_what_ran_out(status: int) -> None:
    assert refusal({}, status=status, headers=SPENT).retry_after is None
    assert refusal({}, status=status, headers={**SPENT, "retry-after": "7"}).retry_after == 7.0


# -- submissions: refused for certain, or unknown -------------------------------------------------

CERTAIN = [400, 401, 402, 403, 404, 405, 413, 415, 422, 429]
UNCERTAIN = [302, 408, 409, 418, 425, 500, 502, 503, 504, 599]


def explain(error: KlingError) -> KlingError:
    return SUBMISSION.explain(error)


@pytest.mark.parametrize("status", CERTAIN)
def test_a_definite_refusal_keeps_its_class_and_says_that_nothing_is_billed(status: int) -> None:
    headers = {"retry-after": "7"}
    plain = refusal(complaint("Oops: detail", code=status), status=status, headers=headers, submitting=True)
    explained = explain(plain)
    assert isinstance(explained, KlingAPIError)
    assert type(explained) is type(plain)
    for name in ("status_code", "category", "task_id", "retry_after"):
        assert getattr(explained, name) == getattr(plain, name)
    assert "Oops: detail" in str(explained)
    assert "nothing is billed" in str(explained)


def test_a_full_house_stays_a_capacity_error() -> None:
    error = refusal(complaint("Concurrent limit exceeded", code=429), status=429, submitting=True)
    assert type(explain(error)) is KlingCapacityError


@pytest.mark.parametrize("status", UNCERTAIN)
def test_any_other_status_leaves_the_outcome_unknown(status: int) -> None:
    error = refusal(complaint("Oops: detail", code=status), status=status, submitting=True)
    explained = explain(error)
    assert type(explained) is KlingSubmissionUnknownError
    assert explained.retryable is False
    assert "Oops: detail" in str(explained)


@pytest.mark.parametrize("code", [1, 500, 1001, -1])
def test_an_error_only_in_the_envelope_leaves_the_outcome_unknown(code: int) -> None:
    error = refusal(complaint("Oops: detail", code=code), status=200, submitting=True)
    assert type(explain(error)) is KlingSubmissionUnknownError


def test_a_service_that_was_never_reached_has_no_task() -> None:
    error = KlingConnectionError("refused", request_sent=False)
    assert explain(error) is error
    assert error.retryable is True


@pytest.mark.parametrize(
    "error",
    [KlingConnectionError("broke", request_sent=True), KlingProtocolError("HTML"), KlingError("odd")],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_or_odd_answer_leaves_the_outcome_unknown(error: KlingError) -> None:
    assert type(explain(error)) is KlingSubmissionUnknownError


@pytest.mark.parametrize(
    ("contract", "complaint_text", "other"),
    [
        ("2026-04", "Invalid parameters: parameter 'mode' is not supported", "2026-08"),
        ("2026-04", "Invalid parameters: parameter 'videos' is required", "2026-08"),
        ("2026-04", "Invalid parameters: unknown field resolution", "2026-08"),
        ("2026-08", "Invalid parameters: parameter 'resolution' is not supported", "2026-04"),
        ("2026-08", "Invalid parameters: parameter 'audio' is not supported", "2026-04"),
    ],
)
def test_a_complaint_about_a_field_of_one_contract_names_the_setting(
    contract: str, complaint_text: str, other: str
) -> None:
    call = make_gateway(contract=contract).submission(VideoO1Request(prompt="x"))
    error = refusal(complaint(complaint_text, code=400), status=400, submitting=True)
    text = str(call.explain(error))
    assert "`contract`" in text
    assert contract in text
    assert other in text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid parameters: parameter 'prompt' is required"),
        (400, "Invalid parameters: model is broken"),
        (404, "Resource not found: mode"),
        (429, "Rate limit exceeded: mode"),
    ],
)
def test_other_complaints_do_not_speak_of_contracts(status: int, message: str) -> None:
    error = refusal(complaint(message, code=status), status=status, submitting=True)
    assert "`contract`" not in str(explain(error))
