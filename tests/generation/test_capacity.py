"""When the service has no capacity: wait without a worker and without a bill, and then go on."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingBalanceError,
    KlingCapacityError,
    KlingMinBalanceError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingRequestError,
)
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from airflow_provider_kling.triggers.kling import KlingCapacityTrigger
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract

FULL = {"status": 429, "body": {"code": 429, "message": "Concurrent limit exceeded: 10 tasks are running"}}
BUSY = {"status": 429, "body": {"code": 429, "message": "Rate limit exceeded: 100 requests per minute"}}


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.01)


def defer(task_instance: FakeTaskInstance, method: str = "execute", **arguments: Any) -> TaskDeferred:
    operator = video()
    with pytest.raises(TaskDeferred) as deferred:
        getattr(operator, method)(context(operator, task_instance), **arguments)
    return deferred.value


@pytest.mark.usefixtures("_no_pause")
@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize("rejection", [FULL, BUSY], ids=["full", "busy"])
def test_a_rejection_for_lack_of_capacity_is_no_failure(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, rejection: dict[str, Any], deferrable: bool
) -> None:
    sandbox.faults([{"method": "POST", "times": 3, "action": rejection}])
    assert run(video(deferrable=deferrable), task_instance)["status"] == "success"
    stats = sandbox.stats()
    assert (stats["submissions_accepted"], stats["submissions_rejected"]) == (1, {"429": 3})


def test_it_waits_in_the_triggerer_and_leaves_no_record(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": FULL}])
    deferred = defer(task_instance)
    assert isinstance(deferred.trigger, KlingCapacityTrigger)
    assert deferred.method_name == "execute_queued"
    assert task_instance.store.get("kling") is None, "rejected for certain"


def test_waits_grow_and_their_beginning_is_kept(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "times": None, "action": FULL}])
    began = time.time()
    first = defer(task_instance).trigger
    later = defer(task_instance, "execute_queued", event={"since": began - 100, "rejections": 9}).trigger
    assert isinstance(first, KlingCapacityTrigger)
    assert isinstance(later, KlingCapacityTrigger)
    assert (later.since, later.rejections) == (began - 100, 10)
    assert first.until - began < 20
    assert later.until - time.time() >= 60


def test_the_wait_is_as_long_as_the_service_asks_for(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    full = {**FULL, "headers": {"Retry-After": "300"}}
    sandbox.faults([{"method": "POST", "action": full}])
    trigger = defer(task_instance).trigger
    assert isinstance(trigger, KlingCapacityTrigger)
    assert 299 <= trigger.until - time.time() <= 331


@pytest.mark.parametrize(
    ("rejection", "error"), [(FULL, KlingCapacityError), (BUSY, KlingRateLimitError)], ids=["full", "busy"]
)
def test_the_wait_ends_at_the_queue_timeout_in_an_error_that_is_retried(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    rejection: dict[str, Any],
    error: type[Exception],
) -> None:
    sandbox.faults([{"method": "POST", "times": None, "action": rejection}])
    with pytest.raises(error, match="its queue_timeout allows no further attempt") as exhausted:
        run(video(queue_timeout=0), task_instance)
    assert not isinstance(exhausted.value, AirflowFailException)


def test_a_wait_that_ends_without_its_event_submits_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    operator = video()
    with pytest.raises(KlingProtocolError, match="Nothing was submitted"):
        operator.execute_queued(context(operator, task_instance), event=None)
    assert sandbox.requests("POST") == []


def test_a_balance_too_low_at_the_service_is_named_and_not_retried(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    sandbox.faults([{"method": "POST", "action": {"status": 402}}])
    with pytest.raises(KlingBalanceError, match=r"The balance is 100\.0 USD") as broke:
        run(video(), task_instance)
    assert isinstance(broke.value, AirflowFailException)
    assert task_instance.store.get("kling") is None


@pytest.mark.parametrize("least", [100.01, "100.01", Decimal("100.01")])
def test_a_balance_below_min_balance_sends_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, least: Any
) -> None:
    with pytest.raises(KlingMinBalanceError, match=r"less than the min_balance of 100\.01 USD") as low:
        run(video(min_balance=least), task_instance)
    assert low.value.balance == 100
    assert isinstance(low.value, AirflowFailException), "no retries are used up"
    assert sandbox.requests("POST") == []


def test_a_balance_of_min_balance_is_enough(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    assert run(video(min_balance=100), task_instance)["status"] == "success"


@pytest.mark.parametrize("policy", ["on_unknown_submission", "on_rerun"])
def test_a_policy_that_does_not_exist_fails_the_import(policy: str) -> None:
    with pytest.raises(KlingRequestError, match=f"{policy}: must be"):
        video(**{policy: "perhaps"})
