"""Where a record is kept fails once, at any call: nothing is paid twice, and no task is stuck."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Variable

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.task_runner import run, video

pytestmark = pytest.mark.contract

MOST_CALLS = 40


class OneFailure:
    """Fails one call, by its number, of all that read and write records."""

    def __init__(self, number: int) -> None:
        self.calls = 0
        self._number = number

    @property
    def happened(self) -> bool:
        """Whether there were so many calls."""
        return self.calls > self._number

    def of(self, function: Callable[..., Any], *, silent: bool = False) -> Callable[..., Any]:
        """Return the function with the failure.

        :param silent: it does nothing in place of raising, as Airflow does when a Variable cannot be written.
        """

        def perhaps(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls - 1 != self._number:
                return function(*args, **options)
            if silent:
                return None
            raise RuntimeError("the API server is down")

        return perhaps


def install(failure: OneFailure, task_instance: FakeTaskInstance, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compat, "read_variable", failure.of(compat.read_variable))
    patch.setattr(Variable, "set", failure.of(Variable.set, silent=True))
    patch.setattr(Variable, "delete", failure.of(Variable.delete))
    for name in ("get", "set", "delete"):
        patch.setattr(task_instance.store, name, failure.of(getattr(task_instance.store, name)))


@pytest.mark.parametrize("rejected", [False, True])
def test_a_failure_of_one_call_costs_no_second_submission_and_no_task(
    sandbox: SandboxProcess, rejected: bool
) -> None:
    for number in range(MOST_CALLS):
        sandbox.reset()
        if rejected:
            sandbox.faults([{"method": "POST", "action": {"status": 400}}])
        task_instance, failure = FakeTaskInstance(), OneFailure(number)
        with pytest.MonkeyPatch.context() as patch, suppress(KlingError):
            install(failure, task_instance, patch)
            run(video(deferrable=False), task_instance)
        if not failure.happened:
            break
        for _ in range(2):  # the first of them may be the one that is rejected
            task_instance.retry()
            with suppress(KlingError):
                result = run(video(deferrable=False), task_instance)
        assert result["task_id"], number
        assert sandbox.stats()["submissions_accepted"] == 1, number
    else:
        pytest.fail(f"a try makes more than {MOST_CALLS} calls")
