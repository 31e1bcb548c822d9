"""The tree of errors: what is whose kind, what a retry can change, and how broken rules read."""

from __future__ import annotations

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import (
    BrokenRule,
    ErrorCategory,
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingError,
    KlingJournalError,
    KlingMediaError,
    KlingModerationError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingRequestError,
    KlingServerError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
    api_error_class,
)

PARENTS = {
    KlingRequestError: KlingError,
    KlingAPIError: KlingError,
    KlingAuthenticationError: KlingAPIError,
    KlingBalanceError: KlingAPIError,
    KlingPermissionError: KlingAPIError,
    KlingNotFoundError: KlingAPIError,
    KlingRateLimitError: KlingAPIError,
    KlingCapacityError: KlingAPIError,
    KlingBadRequestError: KlingAPIError,
    KlingServerError: KlingAPIError,
    KlingConnectionError: KlingError,
    KlingProtocolError: KlingError,
    KlingJournalError: KlingError,
    KlingSubmissionUnknownError: KlingError,
    KlingTaskFailedError: KlingError,
    KlingModerationError: KlingTaskFailedError,
    KlingTimeoutError: KlingError,
    KlingMediaError: KlingError,
}
HOPELESS = {
    KlingRequestError,
    KlingAuthenticationError,
    KlingPermissionError,
    KlingBalanceError,
    KlingBadRequestError,
    KlingNotFoundError,
    KlingModerationError,
    KlingSubmissionUnknownError,
}


@pytest.mark.parametrize(("error", "parent"), PARENTS.items(), ids=lambda error: error.__name__)
def test_each_error_is_of_its_kind(error: type[KlingError], parent: type[KlingError]) -> None:
    assert error.__bases__ == (parent,)


def test_every_error_of_the_package_is_in_the_tree() -> None:
    own = [
        each for each in vars(exceptions).values() if getattr(each, "__module__", "") == exceptions.__name__
    ]
    defined = {
        each
        for each in own
        if isinstance(each, type) and issubclass(each, Exception) and not issubclass(each, Warning)
    }
    assert defined == {KlingError, *PARENTS}


@pytest.mark.parametrize("error", PARENTS, ids=lambda error: error.__name__)
def test_only_what_can_get_better_by_itself_is_worth_a_retry(error: type[KlingError]) -> None:
    assert error.retryable is (error not in HOPELESS)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 503])
def test_only_a_429_can_be_a_lack_of_capacity(status: int) -> None:
    found = api_error_class(status, ErrorCategory.CONCURRENT_LIMIT)
    assert (found is KlingCapacityError) is (status == 429)


def test_an_api_error_carries_what_to_branch_on() -> None:
    error = KlingServerError("busy", status_code=503, task_id="t", retry_after=7.0)
    assert (error.status_code, error.category, error.task_id, error.retry_after) == (
        503,
        ErrorCategory.OTHER,
        "t",
        7.0,
    )
    assert str(error) == "busy"


@pytest.mark.parametrize(
    ("rule", "reads"),
    [
        (BrokenRule(field="mode", rule="must be 'std'", value="4k"), "mode: must be 'std'; got '4k'"),
        (BrokenRule(field="mode", rule="is required"), "mode: is required"),
        (BrokenRule(field="on", rule="must be true", value=False), "on: must be true; got False"),
        (BrokenRule(field="n", rule="must be 5", value=0), "n: must be 5; got 0"),
        (BrokenRule(field="p", rule="is bad", value="a\nb"), "p: is bad; got 'a\\nb'"),
    ],
)
def test_a_broken_rule_reads_as_field_rule_and_value(rule: BrokenRule, reads: str) -> None:
    assert str(rule) == reads


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 10_000], {"k": "x" * 10_000}, b"x" * 10_000])
def test_a_long_value_is_cut(value: object) -> None:
    text = str(BrokenRule(field="f", rule="is bad", value=value))
    assert len(text) < 150
    assert "…" in text


def test_a_value_of_usual_length_is_not_cut() -> None:
    link = "https://media.example/" + "x" * 50
    assert str(BrokenRule(field="f", rule="is bad", value=link)).endswith(f"got {link!r}")
