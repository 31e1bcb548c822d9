"""What a response means: the business code decides, and not the HTTP status."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    NO_CAPACITY,
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingServerError,
    KlingSignatureExpiredError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways.kling.envelope import explain_submission, parse_data
from tests.gateways.calls import NOW, response
from tests.gateways.kling.answers import KEY, READ, SUBMIT, TASK_ID, error, success

# Docs: error-codes. By code: HTTP status, class, whether it passes by itself, and whether a submission
# that ends so has made no task.
CODES: list[tuple[int, int, type[KlingAPIError], bool, bool]] = [
    (401, 1000, KlingAuthenticationError, False, True),
    (401, 1001, KlingAuthenticationError, False, True),
    (401, 1002, KlingAuthenticationError, False, True),
    (401, 1003, KlingSignatureExpiredError, True, True),
    (401, 1004, KlingSignatureExpiredError, True, True),
    (429, 1100, KlingPermissionError, False, True),
    (429, 1101, KlingBalanceError, False, True),
    (429, 1102, KlingBalanceError, False, True),
    (403, 1103, KlingPermissionError, False, True),
    (400, 1200, KlingBadRequestError, False, True),
    (400, 1201, KlingBadRequestError, False, True),
    (404, 1202, KlingBadRequestError, False, True),
    (404, 1203, KlingNotFoundError, False, True),
    (400, 1300, KlingBadRequestError, False, True),
    (400, 1301, KlingBadRequestError, False, True),
    (429, 1302, KlingRateLimitError, True, True),
    (429, 1303, KlingCapacityError, True, True),
    (429, 1304, KlingPermissionError, False, True),
    (500, 5000, KlingServerError, True, False),
    (503, 5001, KlingServerError, True, False),
    (504, 5002, KlingServerError, True, False),
]


def failure(body: object, *, status: int, request: Any = READ, **headers: str) -> KlingError:
    """Return the error that a response is."""
    with pytest.raises(KlingError) as caught:
        parse_data(response(body, status=status, request=request, headers=headers))
    return caught.value


@pytest.mark.parametrize("as_200", [False, True])
@pytest.mark.parametrize(("status", "code", "error_class", "transient", "without_task"), CODES)
def test_the_code_decides_whatever_the_status(
    *,
    status: int,
    code: int,
    error_class: type[KlingAPIError],
    transient: bool,
    without_task: bool,
    as_200: bool,
) -> None:
    found = failure(error(code), status=200 if as_200 else status, request=SUBMIT)
    assert type(found) is error_class
    assert found.transient is transient
    assert f"code {code}: something" in str(found)
    explained = explain_submission(found)
    assert isinstance(explained, KlingSubmissionUnknownError) is not without_task
    if without_task:
        assert "no task exists, and nothing is billed" in str(explained)


def test_only_two_codes_of_a_429_wait_for_room() -> None:
    waiting = {
        code for status, code, *_ in CODES if isinstance(failure(error(code), status=status), NO_CAPACITY)
    }
    assert waiting == {1302, 1303}


@pytest.mark.parametrize("code", [1099, 1305, 4290, -1])
def test_a_429_with_an_unknown_code_is_no_reason_to_wait(code: int) -> None:
    found = failure(error(code), status=429)
    assert not found.transient
    assert not isinstance(found, NO_CAPACITY)


@pytest.mark.parametrize(
    ("status", "without_task"),
    [(200, False), (400, True), (429, True), (409, False), (500, False), (502, False)],
)
def test_after_an_unknown_code_the_status_says_what_is_certain(*, status: int, without_task: bool) -> None:
    explained = explain_submission(failure(error(7777), status=status, request=SUBMIT))
    assert isinstance(explained, KlingSubmissionUnknownError) is not without_task


@pytest.mark.parametrize(("status", "transient"), [(429, True), (502, True), (401, False), (302, False)])
def test_without_a_code_the_status_decides(*, status: int, transient: bool) -> None:
    for body in (b"<html>no</html>", {"message": "x"}, {"code": "1303"}, {"code": True}, []):
        assert failure(body, status=status).transient is transient


@pytest.mark.parametrize(
    "body", [b"<html>", [], {"data": {}}, {"code": None}, {"code": "0"}, {"code": False}]
)
def test_a_success_without_an_envelope_is_none(body: object) -> None:
    found = failure(body, status=200, request=SUBMIT)
    assert isinstance(found, KlingProtocolError)
    assert isinstance(explain_submission(found), KlingSubmissionUnknownError)


def test_a_repeated_id_is_told_from_the_other_meanings_of_its_code() -> None:
    text = f"External_task_id {KEY} already exists"
    duplicate = failure(error(1201, text), status=400, request=SUBMIT)
    assert isinstance(duplicate, KlingDuplicateSubmissionError)
    assert explain_submission(duplicate) is duplicate
    for other in ("duration must be one of 5, 10", "external_task_id is too long", "the file already exists"):
        assert type(failure(error(1201, other), status=400, request=SUBMIT)) is KlingBadRequestError
    # On a read, the same words are about something else.
    assert type(failure(error(1201, text), status=400, request=READ)) is KlingBadRequestError


def test_a_task_that_is_not_found_is_told_by_path_and_message() -> None:
    text = f"Task not found by id/external id: {TASK_ID}"
    assert isinstance(failure(error(1201, text), status=400, request=READ), KlingNotFoundError)
    assert (
        type(failure(error(1201, "Voice id not found"), status=400, request=SUBMIT)) is KlingBadRequestError
    )


def test_a_rejection_that_names_a_task_is_none() -> None:
    body = {**error(1201, "bad"), "data": {"id": TASK_ID}}
    explained = explain_submission(failure(body, status=400, request=SUBMIT))
    assert isinstance(explained, KlingSubmissionUnknownError)


@pytest.mark.parametrize(
    ("seconds", "words"), [(600, "600 s behind"), (-42, "42 s ahead of"), (0, "agrees with")]
)
def test_a_wrong_clock_is_told_from_a_wrong_key(seconds: int, words: str) -> None:
    date = formatdate(NOW + seconds, usegmt=True)
    for code in (1003, 1004):
        assert words in str(failure(error(code), status=401, date=date))
    assert "clock" not in str(failure(error(1002), status=401, date=date))


def test_without_a_date_the_clock_may_be_wrong() -> None:
    for date in ("", "yesterday", "Thu, 01 Jan 99999999 00:00:00 GMT"):
        assert "clock, which may be wrong" in str(failure(error(1003), status=401, date=date))


def test_what_was_not_sent_was_not_submitted() -> None:
    unsent = KlingConnectionError("x", request_sent=False)
    assert explain_submission(unsent) is unsent
    lost = explain_submission(KlingConnectionError("x", request_sent=True))
    assert isinstance(lost, KlingSubmissionUnknownError)


def test_a_hostile_message_is_one_short_line() -> None:
    text = str(failure(error(1201, "x\n\x1b[2J" * 5000), status=400))
    assert len(text) < 700
    assert re.search(r"[\x00-\x1f]", text) is None


def test_the_data_of_a_success_are_returned() -> None:
    assert parse_data(response(success([1]), request=READ)) == [1]
