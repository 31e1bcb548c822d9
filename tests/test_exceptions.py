"""The tree of errors: what is whose kind, what a retry can change, and that no part is lost on the way."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import (
    BrokenRule,
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingFileStoreFullError,
    KlingJournalError,
    KlingMediaError,
    KlingMinBalanceError,
    KlingModerationError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingRequestError,
    KlingResultHostError,
    KlingServerError,
    KlingSignatureExpiredError,
    KlingSubmissionLookupError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
    KlingUnsupportedError,
    api_error_class,
)

PARENTS = {
    KlingRequestError: KlingError,
    KlingUnsupportedError: KlingError,
    KlingAPIError: KlingError,
    KlingAuthenticationError: KlingAPIError,
    KlingSignatureExpiredError: KlingAuthenticationError,
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
    KlingFileStoreFullError: KlingError,
    KlingMinBalanceError: KlingError,
    KlingSubmissionUnknownError: KlingError,
    KlingSubmissionLookupError: KlingSubmissionUnknownError,
    KlingDuplicateSubmissionError: KlingError,
    KlingTaskFailedError: KlingError,
    KlingModerationError: KlingTaskFailedError,
    KlingTimeoutError: KlingError,
    KlingMediaError: KlingError,
    KlingResultHostError: KlingMediaError,
}
NOT_RETRYABLE = {
    KlingRequestError,
    KlingUnsupportedError,
    KlingAuthenticationError,
    KlingPermissionError,
    KlingBalanceError,
    KlingBadRequestError,
    KlingNotFoundError,
    KlingMinBalanceError,
    KlingModerationError,
    KlingSubmissionUnknownError,
}
TRANSIENT = {
    KlingSignatureExpiredError,
    KlingRateLimitError,
    KlingCapacityError,
    KlingServerError,
    KlingConnectionError,
    KlingProtocolError,
    KlingResultHostError,
}

each_class = pytest.mark.parametrize("kind", [KlingError, *PARENTS], ids=lambda kind: kind.__name__)


# -- the tree -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "parent"), PARENTS.items(), ids=lambda kind: kind.__name__)
def test_each_error_is_of_its_kind(kind: type[KlingError], parent: type[KlingError]) -> None:
    assert kind.__bases__ == (parent,)


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


@each_class
def test_only_what_can_get_better_by_itself_is_worth_a_retry(kind: type[KlingError]) -> None:
    assert kind.retryable is (kind not in NOT_RETRYABLE)


@each_class
def test_only_what_passes_in_a_moment_is_transient(kind: type[KlingError]) -> None:
    assert kind.transient is (kind in TRANSIENT)


@each_class
def test_each_error_has_a_reason_for_what_a_retry_does(kind: type[KlingError]) -> None:
    assert kind.retry_reason
    if not kind.retryable:
        assert kind.retry_reason != KlingError.retry_reason


@each_class
def test_a_delay_before_a_retry_is_some_time_or_left_to_the_task(kind: type[KlingError]) -> None:
    assert kind.retry_delay is None or kind.retry_delay > timedelta(0)


# -- what each carries ----------------------------------------------------------------------------


def _with_cause(error: KlingError) -> KlingError:
    error.__cause__ = ValueError("the cause")
    return error


RULES = [BrokenRule(field="mode", rule="must be 'std'", value="4k"), BrokenRule(field="n", rule="is bad")]


def _api(kind: type[KlingAPIError]) -> KlingAPIError:
    return kind(
        "no", status_code=418, code="teapot", task_id="t", retry_after=7.0, transient=not kind.transient
    )


SAMPLES: dict[type[KlingError], Callable[[], KlingError]] = {
    KlingError: lambda: KlingError("odd"),
    KlingRequestError: lambda: KlingRequestError(subject="kling-video-o1", broken=RULES),
    KlingUnsupportedError: lambda: KlingUnsupportedError("no files"),
    KlingConnectionError: lambda: KlingConnectionError("broke", request_sent=True),
    KlingProtocolError: lambda: KlingProtocolError("HTML"),
    KlingJournalError: lambda: KlingJournalError("broken", retryable=False),
    KlingFileStoreFullError: lambda: KlingFileStoreFullError("full"),
    KlingMinBalanceError: lambda: KlingMinBalanceError("poor", balance=Decimal("0.10")),
    KlingSubmissionUnknownError: lambda: KlingSubmissionUnknownError("unknown", retryable=True),
    KlingSubmissionLookupError: lambda: KlingSubmissionLookupError("not found"),
    KlingDuplicateSubmissionError: lambda: KlingDuplicateSubmissionError("twice"),
    KlingTaskFailedError: lambda: KlingTaskFailedError("failed", task_id="t", code="77"),
    KlingModerationError: lambda: KlingModerationError("rejected", task_id="t", code="1301"),
    KlingTimeoutError: lambda: KlingTimeoutError("late", task_id="t"),
    KlingMediaError: lambda: KlingMediaError("no video", retryable=False),
    KlingResultHostError: lambda: KlingResultHostError("busy", status_code=503),
    **{kind: partial(_api, kind) for kind in PARENTS if issubclass(kind, KlingAPIError)},
}
ATTRIBUTES: dict[type[KlingError], dict[str, object]] = {
    KlingRequestError: {"subject": "kling-video-o1", "broken": tuple(RULES)},
    KlingConnectionError: {"request_sent": True},
    KlingJournalError: {"retryable": False},
    KlingMinBalanceError: {"balance": Decimal("0.10")},
    KlingSubmissionUnknownError: {"retryable": True},
    KlingTaskFailedError: {"task_id": "t", "code": "77"},
    KlingModerationError: {"task_id": "t", "code": "1301"},
    KlingTimeoutError: {"task_id": "t"},
    KlingMediaError: {"retryable": False},
    KlingResultHostError: {"status_code": 503, "retryable": True},
    **{
        kind: {
            "status_code": 418,
            "code": "teapot",
            "task_id": "t",
            "retry_after": 7.0,
            "transient": not kind.transient,
        }
        for kind in PARENTS
        if issubclass(kind, KlingAPIError)
    },
}


def assert_complete(error: KlingError, kind: type[KlingError]) -> None:
    """Check the class of an error and everything that it carries, its message left aside."""
    assert type(error) is kind
    expected = ATTRIBUTES.get(kind, {})
    assert {name: getattr(error, name) for name in expected} == expected
    for name in ("retryable", "transient"):
        assert getattr(error, name) == expected.get(name, getattr(kind, name))


@each_class
def test_each_error_carries_what_to_branch_on(kind: type[KlingError]) -> None:
    assert_complete(SAMPLES[kind](), kind)


def test_an_api_error_needs_nothing_but_its_status() -> None:
    error = KlingServerError("busy", status_code=503)
    assert (error.status_code, error.code, error.task_id, error.retry_after) == (503, None, None, None)
    assert error.transient is True
    assert str(error) == "busy"


COPIES: dict[str, Callable[[KlingError], KlingError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES.keys())
@each_class
def test_a_copy_is_complete(kind: type[KlingError], duplicate: Callable[[KlingError], KlingError]) -> None:
    error = SAMPLES[kind]()
    error.add_note("a note")
    again = duplicate(error)
    assert again is not error
    assert_complete(again, kind)
    assert (str(again), again.args, again.__notes__) == (str(error), error.args, ["a note"])


# -- more context ---------------------------------------------------------------------------------


@each_class
def test_more_context_makes_the_message_longer_and_keeps_the_rest(kind: type[KlingError]) -> None:
    error = _with_cause(SAMPLES[kind]())
    before = str(error)
    longer = error.with_context("Nothing was submitted.")
    assert_complete(longer, kind)
    assert longer.__cause__ is error.__cause__
    assert str(longer).startswith(before)
    assert str(longer).endswith("Nothing was submitted.")
    assert (str(error), longer is error) == (before, False)
    twice = longer.with_context("Again.")
    assert_complete(twice, kind)
    assert str(twice).startswith(str(longer))


@each_class
def test_an_error_with_more_context_can_be_copied_too(kind: type[KlingError]) -> None:
    longer = SAMPLES[kind]().with_context("Nothing was submitted.")
    again = pickle.loads(pickle.dumps(longer))
    assert_complete(again, kind)
    assert str(again) == str(longer)


@pytest.mark.parametrize("message", ["The service is busy", "The service is busy."])
def test_the_context_is_a_sentence_of_its_own(message: str) -> None:
    longer = KlingProtocolError(message).with_context("Nothing was submitted.")
    assert str(longer) == "The service is busy. Nothing was submitted."


def test_the_context_of_broken_rules_is_not_taken_for_one_of_them() -> None:
    longer = KlingRequestError(subject="kling-video-o1", broken=RULES).with_context("The record is kept.")
    assert str(longer).splitlines()[1:] == [
        "  - mode: must be 'std'; got '4k'",
        "  - n: is bad",
        "The record is kept.",
    ]


def test_an_error_with_more_context_replaces_the_first_in_a_traceback() -> None:
    def poll() -> None:
        raise _with_cause(KlingProtocolError("HTML"))

    def wait() -> None:
        try:
            poll()
        except KlingError as error:
            raise error.with_context("The task goes on.") from error.__cause__

    with pytest.raises(KlingProtocolError) as caught:
        wait()
    shown = "".join(traceback.format_exception(caught.value))
    assert "KlingProtocolError: HTML. The task goes on." in shown
    assert "KlingProtocolError: HTML\n" not in shown
    assert "ValueError: the cause" in shown
    assert "in poll" in shown, "where the first was raised"


# -- broken rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (BrokenRule(field="mode", rule="must be 'std'", value="4k"), "mode: must be 'std'; got '4k'"),
        (BrokenRule(field="mode", rule="is required"), "mode: is required"),
        (BrokenRule(field="on", rule="must be true", value=False), "on: must be true; got False"),
        (BrokenRule(field="n", rule="must be 5", value=0), "n: must be 5; got 0"),
        (BrokenRule(field="p", rule="is bad", value="a\nb"), "p: is bad; got 'a\\nb'"),
    ],
)
def test_a_broken_rule_reads_as_field_rule_and_value(rule: BrokenRule, text: str) -> None:
    assert str(rule) == text


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 10_000], {"k": "x" * 10_000}, b"x" * 10_000])
def test_a_long_value_is_cut(value: object) -> None:
    text = str(BrokenRule(field="f", rule="is bad", value=value))
    assert len(text) < 150
    assert "…" in text


def test_a_value_of_usual_length_is_not_cut() -> None:
    link = "https://media.example/" + "x" * 50
    assert str(BrokenRule(field="f", rule="is bad", value=link)).endswith(f"got {link!r}")


@pytest.mark.parametrize(
    ("count", "first_line"),
    [
        (1, "kling-video-o1: 1 rule is broken; nothing was sent."),
        (2, "kling-video-o1: 2 rules are broken; nothing was sent."),
    ],
)
def test_a_request_error_counts_its_rules_and_claims_nothing_about_earlier_bills(
    count: int, first_line: str
) -> None:
    lines = str(KlingRequestError(subject="kling-video-o1", broken=RULES[:count])).splitlines()
    assert lines == [first_line, *(f"  - {rule}" for rule in RULES[:count])]


# -- HTTP statuses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, KlingBadRequestError),
        (401, KlingAuthenticationError),
        (402, KlingBalanceError),
        (403, KlingPermissionError),
        (404, KlingNotFoundError),
        (408, KlingAPIError),
        (409, KlingAPIError),
        (413, KlingBadRequestError),
        (415, KlingBadRequestError),
        (422, KlingBadRequestError),
        (429, KlingRateLimitError),
        (500, KlingServerError),
        (599, KlingServerError),
        (302, KlingAPIError),
    ],
)
def test_an_http_status_has_a_class(status: int, kind: type[KlingAPIError]) -> None:
    assert api_error_class(status) is kind
