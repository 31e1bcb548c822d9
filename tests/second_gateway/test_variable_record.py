"""The record in a Variable of a real Airflow, as on one without a task state store.

It is deleted once Airflow knows of the success. After that, only the key keeps a task from being paid twice.
"""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingSubmissionLookupError, KlingTaskFailedError
from airflow_provider_kling.journal.record import Phase
from tests.airflow_names import AirflowFailException
from tests.second_gateway.conftest import Killed, Reaper
from tests.second_gateway.logical_task import AirflowDatabase, AirflowTask
from tests.second_gateway.service import Result, SecondService, Verdict
from tests.task_runner import video

pytest.importorskip("airflow.serialization.definitions.dag", reason="the tests' Airflow needs 3.2")

pytestmark = pytest.mark.contract


@pytest.fixture
def task(real_airflow: AirflowDatabase, monkeypatch: pytest.MonkeyPatch) -> AirflowTask:
    monkeypatch.setattr("airflow_provider_kling.compat.task_state_store", lambda context: None)
    return AirflowTask(in_variable=True)


def film(**arguments: Any) -> Any:
    return video(**{"retries": 9, "multiple_outputs": False, **arguments})


def die(task: AirflowTask, kill_at: Reaper, at: Phase) -> None:
    kill_at(at)
    with pytest.raises(Killed):
        task.run(film())
    task.retry()


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "blocking"])
def test_a_whole_generation_is_paid_once_and_leaves_no_record(
    service: SecondService, task: AirflowTask, deferrable: bool
) -> None:
    service.duration_s = 0.1
    result = task.run(film(deferrable=deferrable))
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert (result["cost"], result["cost_unit"]) == ("3", "units")
    assert task.record is None


def test_an_intent_is_found_by_its_key(service: SecondService, task: AirflowTask, kill_at: Reaper) -> None:
    die(task, kill_at, Phase.SUBMITTED)
    assert (task.record or {})["phase"] == "intent"
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 1


def test_an_absent_intent_is_submitted_with_the_same_key(
    service: SecondService, task: AirflowTask, kill_at: Reaper
) -> None:
    die(task, kill_at, Phase.INTENT)
    intended = task.record or {}
    task.run(film())
    assert service.references == [intended["key"]]


def test_a_look_up_that_fails_sends_nothing(
    service: SecondService, task: AirflowTask, kill_at: Reaper
) -> None:
    die(task, kill_at, Phase.SUBMITTED)
    service.next_lookups.extend([Verdict.BROKE_DOWN] * 4)
    with pytest.raises(KlingSubmissionLookupError) as unknown:
        task.run(film())
    assert not isinstance(unknown.value, AirflowFailException)
    task.retry()
    task.run(film())
    assert len(service.references) == 1


def test_a_task_that_is_still_running_is_waited_for_again(service: SecondService, task: AirflowTask) -> None:
    service.keep_running()
    with pytest.raises(Exception, match="still running"):
        task.run(film(timeout=0))
    assert (task.record or {})["phase"] == "submitted"
    task.retry()
    service.end()
    assert [job.number for job in service.accepted] == [task.run(film())["task_id"]]


def test_after_a_success_a_clear_finds_by_the_key_what_was_paid_for(
    service: SecondService, task: AirflowTask
) -> None:
    first = task.run(film())
    task.clear()
    assert task.run(film())["task_id"] == first["task_id"]
    assert len(service.accepted) == 1


def test_after_a_success_a_clear_pays_again_where_somebody_wants_that(
    service: SecondService, task: AirflowTask
) -> None:
    for number in (1, 2, 3):
        assert task.run(film(on_rerun="regenerate"))["task_id"] == service.accepted[-1].number
        assert len(service.accepted) == number
        task.clear()


def test_after_a_failure_a_retry_submits_with_another_key(service: SecondService, task: AirflowTask) -> None:
    service.result_of_job = Result.BROKEN
    with pytest.raises(KlingTaskFailedError):
        task.run(film())
    assert task.record is None
    task.retry()
    service.result_of_job = Result.DONE
    assert task.run(film())["task_id"] == service.accepted[1].number
    assert len(set(service.references)) == 2
