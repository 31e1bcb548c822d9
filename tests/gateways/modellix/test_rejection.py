"""A failed submission: whether it was rejected for certain, or its outcome is unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingCapacityError,
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.certainty import WITHOUT_TASK
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import VideoO1Request
from tests.gateways.calls import error_envelope, response

REJECTED = [
    *(301, 302, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 417),
    *(421, 422, 425, 426, 428, 429, 431, 451),
]
UNKNOWN = sorted({*range(300, 600)} - {*REJECTED})


def submission(api_version: str = "2026-04") -> Call[Task]:
    gateway = make_gateway(api_version=api_version)
    return gateway.submit(gateway.encode(VideoO1Request(prompt="x")), key="k")


def explain(error: KlingError, api_version: str = "2026-04") -> KlingError:
    return submission(api_version).explain(error)


def error_of(
    message: str, *, status: int, code: int | None = None, headers: dict[str, str] | None = None
) -> KlingAPIError:
    """Return the error that the response to a submission means, before it is explained.

    :param code: the code in the envelope, where it differs from the HTTP status.
    """
    body = error_envelope(message, code=status if code is None else code)
    with pytest.raises(KlingAPIError) as caught:
        submission().parse(response(body, status=status, headers=headers))
    return caught.value


@pytest.mark.parametrize("status", REJECTED)
def test_a_certain_rejection_keeps_its_class_and_says_that_nothing_is_billed(status: int) -> None:
    error = error_of("Oops: detail", status=status, headers={"retry-after": "7"})
    explained = explain(error)
    assert isinstance(explained, KlingAPIError)
    assert type(explained) is type(error)
    for name in ("status_code", "code", "task_id", "retry_after", "transient", "retryable"):
        assert getattr(explained, name) == getattr(error, name)
    assert "Oops: detail" in str(explained)
    assert "no task exists, and nothing is billed" in str(explained)


@pytest.mark.parametrize("status", [200, 302, 400, 404, 429])
def test_a_rejection_that_names_a_task_is_none(status: int) -> None:
    body = {"code": 400 if status == 200 else status, "message": "Oops", "data": {"task_id": "task-1"}}
    with pytest.raises(KlingAPIError) as caught:
        submission().parse(response(body, status=status))
    explained = explain(caught.value)
    assert isinstance(explained, KlingSubmissionUnknownError)
    assert "names task task-1" in str(explained)


def test_a_lack_of_capacity_stays_one() -> None:
    error = error_of("Concurrent limit exceeded: 2 tasks", status=429)
    assert type(explain(error)) is KlingCapacityError


@pytest.mark.parametrize("status", UNKNOWN)
def test_after_any_other_status_the_outcome_is_unknown(status: int) -> None:
    explained = explain(error_of("Oops: detail", status=status))
    assert type(explained) is KlingSubmissionUnknownError
    assert (explained.retryable, explained.transient) == (False, False)
    assert "Oops: detail" in str(explained)
    assert "be billed, so nothing was sent again" in str(explained)


def test_the_page_has_the_same_table() -> None:
    page = Path("docs/never-pay-twice.md").read_text()
    rows = re.findall(r"^\| ([0-9, ]+) \| (.+) \|$", page, re.MULTILINE)
    told = {int(status): reason for statuses, reason in rows for status in statuses.split(",")}
    assert told == WITHOUT_TASK
    assert sorted(told) == REJECTED


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("https://new.example/api?token=canary", "'https://new.example/api'; it is not followed"),
        ("/elsewhere\x1b[31m", "'/elsewhere [31m'"),
        ("x" * 10_000, "x" * 100),
    ],
)
def test_a_redirect_says_where_it_leads_to(target: str, told: str) -> None:
    error = error_of("Moved", status=308, headers={"location": target})
    assert told in str(error)
    assert "canary" not in str(error)
    assert len(str(error)) < 1500


@pytest.mark.parametrize("code", [1, 301, 500, 1001, -1])
def test_after_an_error_that_is_only_in_the_envelope_the_outcome_is_unknown(code: int) -> None:
    error = error_of("Oops: detail", status=200, code=code)
    assert type(explain(error)) is KlingSubmissionUnknownError


def test_when_the_service_was_never_reached_there_is_no_task() -> None:
    error = KlingConnectionError("refused", request_sent=False)
    assert explain(error) is error
    assert error.retryable is True


@pytest.mark.parametrize(
    "error",
    [KlingConnectionError("broke", request_sent=True), KlingProtocolError("HTML"), KlingError("odd")],
    ids=lambda error: type(error).__name__,
)
def test_after_a_broken_connection_or_response_the_outcome_is_unknown(error: KlingError) -> None:
    assert type(explain(error)) is KlingSubmissionUnknownError


@pytest.mark.parametrize(
    ("api_version", "message", "other"),
    [
        ("2026-04", "Invalid parameters: parameter 'mode' is not supported", "2026-08"),
        ("2026-04", "Invalid parameters: parameter 'videos' is required", "2026-08"),
        ("2026-04", "Invalid parameters: unknown field resolution", "2026-08"),
        ("2026-08", "Invalid parameters: parameter 'resolution' is not supported", "2026-04"),
        ("2026-08", "Invalid parameters: parameter 'audio' is not supported", "2026-04"),
    ],
)
def test_a_rejection_for_a_field_of_one_api_version_names_the_setting(
    api_version: str, message: str, other: str
) -> None:
    text = str(explain(error_of(message, status=400), api_version))
    assert f"this request was written for {api_version!r}" in text
    assert f"set the connection's extra `api_version` to {other!r}" in text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid parameters: parameter 'prompt' is required"),
        (400, "Invalid parameters: model is broken"),
        (404, "Resource not found: mode"),
        (429, "Rate limit exceeded: mode"),
    ],
)
def test_other_rejections_do_not_name_the_setting(status: int, message: str) -> None:
    assert "`api_version`" not in str(explain(error_of(message, status=status)))
