"""The retry policy agrees with what each error says of itself."""

from __future__ import annotations

import importlib

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import KlingError

sdk = pytest.importorskip("airflow.sdk")
if not hasattr(sdk, "ExceptionRetryPolicy"):
    pytest.skip("Airflow before 3.3 has no retry policies", allow_module_level=True)

policy = importlib.import_module("airflow_provider_kling.retry_policy").kling_retry_policy

ERRORS = [
    error
    for error in vars(exceptions).values()
    if isinstance(error, type) and issubclass(error, KlingError) and error.__subclasses__() == []
]


def raised(error_class: type[KlingError]) -> KlingError:
    """Make an error without its details, which the policy does not look at."""
    return error_class.__new__(error_class)


@pytest.mark.parametrize("error_class", ERRORS, ids=lambda error: error.__name__)
def test_it_retries_what_a_retry_can_mend_and_nothing_else(error_class: type[KlingError]) -> None:
    decision = policy.evaluate(raised(error_class), 1, 3)
    if error_class is exceptions.KlingMediaError:  # as the DAG's author configured it
        assert decision.action is sdk.RetryAction.DEFAULT
        return
    assert decision.action is (sdk.RetryAction.RETRY if error_class.retryable else sdk.RetryAction.FAIL)
    assert decision.reason


def test_other_errors_are_the_dags_own_business() -> None:
    assert policy.evaluate(ValueError("x"), 1, 3).action is sdk.RetryAction.DEFAULT


def test_it_survives_the_serialization_of_a_dag() -> None:
    again = type(policy).deserialize(policy.serialize())
    assert again.serialize() == policy.serialize()
