"""The retry policy agrees with what each class of errors declares."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import (
    KlingCapacityError,
    KlingError,
    KlingFileStoreFullError,
    KlingRateLimitError,
)

sdk: Any = pytest.importorskip("airflow.sdk")
if not hasattr(sdk, "ExceptionRetryPolicy"):
    pytest.skip("Airflow before 3.3 has no retry policies", allow_module_level=True)

policy = importlib.import_module("airflow_provider_kling.retry_policy").kling_retry_policy

ERRORS = [
    kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, KlingError) and kind is not KlingError
]
each_class = pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)


def raised(kind: type[KlingError]) -> KlingError:
    """Make an error without its details, which the policy does not use."""
    return kind.__new__(kind)


@each_class
def test_an_error_is_retried_when_its_class_says_so_after_the_delay_and_for_the_reason_that_it_names(
    kind: type[KlingError],
) -> None:
    decision = policy.evaluate(raised(kind), 1, 3)
    again = sdk.RetryAction.RETRY
    if issubclass(kind, (KlingRateLimitError, KlingCapacityError, KlingFileStoreFullError)):
        again = getattr(sdk.RetryAction, "RESCHEDULE", again)  # from Airflow 3.4 on: no retry is used up
    assert decision.action is (again if kind.retryable else sdk.RetryAction.FAIL)
    assert decision.retry_delay == kind.retry_delay
    assert decision.reason == kind.retry_reason


@each_class
def test_an_error_of_a_dags_own_subclass_is_treated_as_its_base(kind: type[KlingError]) -> None:
    own = type("OwnError", (kind,), {})
    assert policy.evaluate(raised(own), 1, 3) == policy.evaluate(raised(kind), 1, 3)


def test_each_class_has_one_rule_and_no_rule_hides_a_later_one() -> None:
    """The first rule that fits is taken, so a base before its subclass would hide it."""
    kinds = [rule.exception for rule in policy.rules]
    assert sorted(kinds, key=str) == sorted(ERRORS, key=str)
    for place, kind in enumerate(kinds):
        assert not [later for later in kinds[place + 1 :] if issubclass(later, kind)]


def test_other_errors_are_the_dags_own_business() -> None:
    assert policy.evaluate(ValueError("x"), 1, 3).action is sdk.RetryAction.DEFAULT


def test_it_survives_the_serialization_of_a_dag() -> None:
    again = type(policy).deserialize(policy.serialize())
    assert again.serialize() == policy.serialize()
    for kind in ERRORS:
        assert again.evaluate(raised(kind), 1, 3) == policy.evaluate(raised(kind), 1, 3)


AFTER_A_FAILURE = """
import json
from airflow_provider_kling.exceptions import KlingProtocolError, KlingRequestError
from airflow_provider_kling.generation.failure import failing_as_sensor, failing_fast

for fail, error in (
    (failing_fast, KlingRequestError(subject="x", broken=[])),
    (failing_as_sensor, KlingProtocolError("x")),
):
    try:
        with fail():
            raise error
    except Exception as kept:
        assert type(kept) is not type(error)

from airflow_provider_kling.retry_policy import kling_retry_policy
print(len(kling_retry_policy.rules))
"""


def test_it_is_the_same_in_a_process_where_a_task_has_failed_before() -> None:
    """The error that fails a task has a class of its own; a rule for it would change the serialized DAG."""
    ran = subprocess.run(
        [sys.executable, "-c", AFTER_A_FAILURE], capture_output=True, text=True, check=True, timeout=100
    )
    assert ran.stdout.splitlines()[-1] == str(len(ERRORS))
