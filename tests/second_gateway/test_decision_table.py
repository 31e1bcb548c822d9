"""Every row of the decision table, with recovery: nothing is paid twice, and nothing is stuck for ever.

Each test counts the submissions that the service accepted, which are what is billed.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingCapacityError,
    KlingError,
    KlingModerationError,
    KlingNotFoundError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
)
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record
from tests.airflow_names import AirflowFailException
from tests.second_gateway.conftest import Killed, Reaper
from tests.second_gateway.logical_task import LogicalTask
from tests.second_gateway.service import Mishap, Result, SecondService, Verdict
from tests.task_runner import video

pytestmark = pytest.mark.contract

ATTEMPTS = 4  # of a call that is idempotent
BREAK_DOWN = [Verdict.BROKE_DOWN] * ATTEMPTS


def film(**arguments: Any) -> Any:
    """Return an operator for a short clip, with retries to spare and few XComs, each of which takes time."""
    return video(**{"retries": 9, "multiple_outputs": False, **arguments})


def phase(task: LogicalTask) -> str | None:
    return None if task.record is None else task.record["phase"]


def die(task: LogicalTask, kill_at: Reaper, at: Phase, **arguments: Any) -> None:
    """Run a try until its worker dies, and begin the next one."""
    kill_at(at)
    with pytest.raises(Killed):
        task.run(film(**arguments))
    task.retry()


def leave_intent(task: LogicalTask, kill_at: Reaper, **arguments: Any) -> None:
    """Submit, and die before the response is recorded."""
    die(task, kill_at, Phase.SUBMITTED, **arguments)
    assert phase(task) == "intent"


def time_out(task: LogicalTask) -> None:
    """Submit a task that is still running at its deadline, and begin the next try."""
    with pytest.raises(Exception, match="still running") as late:
        task.run(film(timeout=0))
    assert not isinstance(late.value, AirflowFailException)
    assert phase(task) == "submitted"
    task.retry()


# -- no record ----------------------------------------------------------------------------------------


def test_a_first_try_submits_once_and_records_the_key_that_it_sent(
    service: SecondService, task: LogicalTask
) -> None:
    result = task.run(film())
    record = task.record
    assert record is not None
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert service.references == [record["key"]]


# -- the outcome of a submission is unknown -----------------------------------------------------------


def test_an_intent_that_is_found_running_is_waited_for(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    service.duration_s = 0.2
    leave_intent(task, kill_at)
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 1


def test_an_intent_that_is_found_finished_is_completed_at_once(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    leave_intent(task, kill_at)
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 1
    assert service.seen("GET", "/v7/jobs")[-1].query == {"references": service.references[0]}


def test_an_intent_that_is_found_failed_is_submitted_again_with_another_key(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    service.result_of_job = Result.BROKEN
    leave_intent(task, kill_at)
    service.result_of_job = Result.DONE
    result = task.run(film())
    assert result["task_id"] == service.accepted[1].number
    assert len(service.accepted) == len(set(service.references)) == 2


def test_an_intent_that_is_found_moderated_is_not_submitted_again(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    service.result_of_job = Result.BARRED
    leave_intent(task, kill_at)
    with pytest.raises(KlingModerationError, match="house rules") as barred:
        task.run(film())
    assert isinstance(barred.value, AirflowFailException)
    assert len(service.accepted) == 1
    assert phase(task) == "failed"


def test_an_intent_that_is_absent_is_submitted_again_with_the_same_key(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    die(task, kill_at, Phase.INTENT)
    intended = task.record
    assert intended is not None
    assert service.accepted == []
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert service.references == [intended["key"]]


def test_a_lost_request_is_looked_up_and_sent_again_with_the_same_key_in_one_try(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Mishap.LOSE_REQUEST)
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 2
    assert len(set(service.references)) == 1


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_lost_response_is_looked_up_and_nothing_is_sent_again(
    service: SecondService, task: LogicalTask, deferrable: bool
) -> None:
    service.next_submissions.append(Mishap.LOSE_RESPONSE)
    result = task.run(film(deferrable=deferrable))
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 1


def test_a_submission_that_arrives_late_is_a_duplicate_of_itself(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Mishap.ARRIVE_LATE)
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 2


def test_a_submission_of_a_killed_try_that_arrives_late_is_adopted(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Mishap.ARRIVE_LATE)
    service.next_lookups.extend(BREAK_DOWN)
    with pytest.raises(KlingSubmissionUnknownError):
        task.run(film())
    task.retry()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 2
    assert len(set(service.references)) == 1


@pytest.mark.parametrize("on_unknown", ["fail", "resubmit"])
def test_a_look_up_that_fails_is_unknown_and_never_absent(
    service: SecondService, task: LogicalTask, kill_at: Reaper, on_unknown: str
) -> None:
    leave_intent(task, kill_at)
    service.next_lookups.extend(BREAK_DOWN)
    with pytest.raises(KlingSubmissionUnknownError, match="the look-up failed") as unknown:
        task.run(film(on_unknown_submission=on_unknown))
    assert not isinstance(unknown.value, AirflowFailException), "a retry looks it up again"
    assert phase(task) == "intent"
    assert len(service.references) == 1
    task.retry()
    result = task.run(film(on_unknown_submission=on_unknown))
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 1


def test_a_look_up_that_lags_leads_to_a_duplicate_and_not_to_a_second_task(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    leave_intent(task, kill_at)
    service.next_lookups.append(Mishap.LAG)
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 2


def test_a_look_up_that_keeps_lagging_is_unknown_until_a_later_try(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    leave_intent(task, kill_at)
    service.next_lookups.extend([Mishap.LAG, Mishap.LAG])
    with pytest.raises(KlingSubmissionUnknownError, match="yet the look-up finds no task") as unknown:
        task.run(film())
    assert not isinstance(unknown.value, AirflowFailException)
    task.retry()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_a_success_that_a_look_up_first_missed_is_not_made_again_by_regenerate(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    task.run(film(on_rerun="regenerate"))
    task.clear()
    leave_intent(task, kill_at, on_rerun="regenerate")
    service.next_lookups.append(Mishap.LAG)
    result = task.run(film(on_rerun="regenerate"))
    assert result["task_id"] == service.accepted[1].number
    assert len(service.accepted) == 2, "one for each time that somebody wanted a new one"


@pytest.mark.parametrize("rejection", [Verdict.SLOTS_TAKEN, Verdict.TOO_FAST])
@pytest.mark.parametrize("deferrable", [True, False])
def test_an_absent_submission_that_is_rejected_for_capacity_waits_and_keeps_its_key(
    service: SecondService, task: LogicalTask, kill_at: Reaper, rejection: Verdict, deferrable: bool
) -> None:
    die(task, kill_at, Phase.INTENT)
    service.next_submissions.extend([rejection] * 3)
    result = task.run(film(deferrable=deferrable))
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(service.references) == 4
    assert len(set(service.references)) == 1


def test_a_rejection_after_a_lost_request_ends_the_wait_without_losing_the_key(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.extend([Mishap.ARRIVE_LATE, Verdict.SLOTS_TAKEN])
    with pytest.raises(KlingCapacityError):
        task.run(film(queue_timeout=0))
    assert len(service.accepted) == 1, "the first one has arrived meanwhile"
    task.retry()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]


@pytest.mark.parametrize("rejection", [Verdict.SLOTS_TAKEN, Verdict.PURSE_EMPTY])
def test_a_rejection_after_a_lost_request_forgets_it_no_more_when_the_task_was_cleared(
    service: SecondService, task: LogicalTask, rejection: Verdict
) -> None:
    task.run(film(on_rerun="regenerate"))
    task.clear()
    service.next_submissions.extend([Mishap.ARRIVE_LATE, rejection])
    with pytest.raises(KlingError):
        task.run(film(on_rerun="regenerate", queue_timeout=0))
    assert len(service.accepted) == 2, "the first one has arrived meanwhile"
    task.retry()
    result = task.run(film(on_rerun="regenerate"))
    assert [job.number for job in service.accepted][1:] == [result["task_id"]]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_wait_for_capacity_finds_a_lost_request_that_arrives(
    service: SecondService, task: LogicalTask, deferrable: bool
) -> None:
    service.next_submissions.extend([Mishap.ARRIVE_LATE, Verdict.SLOTS_TAKEN])
    result = task.run(film(deferrable=deferrable))
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_a_key_whose_task_could_not_be_looked_up_is_refused_and_looked_up_again(
    service: SecondService, task: LogicalTask
) -> None:
    again: dict[str, Any] = {"on_rerun": "regenerate"}
    task.run(film(**again))
    task.lose_record()
    task.clear()
    service.next_lookups.extend(BREAK_DOWN)
    with pytest.raises(KlingSubmissionUnknownError):
        task.run(film(**again))
    task.retry()
    result = task.run(film(**again))
    assert [job.number for job in service.accepted][1:] == [result["task_id"]]


# -- the request was submitted ------------------------------------------------------------------------


def test_a_submitted_task_that_is_running_is_waited_for(service: SecondService, task: LogicalTask) -> None:
    service.keep_running()
    time_out(task)
    service.end()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_a_submitted_task_that_failed_meanwhile_is_submitted_again(
    service: SecondService, task: LogicalTask
) -> None:
    service.keep_running()
    time_out(task)
    service.end(Result.BROKEN)
    service.duration_s = 0
    result = task.run(film())
    assert result["task_id"] == service.accepted[1].number
    assert len(service.accepted) == len(set(service.references)) == 2


def test_a_submitted_task_that_was_moderated_meanwhile_is_not_submitted_again(
    service: SecondService, task: LogicalTask
) -> None:
    service.keep_running()
    time_out(task)
    service.end(Result.BARRED)
    with pytest.raises(KlingModerationError):
        task.run(film())
    assert len(service.accepted) == 1


def test_a_submitted_task_that_the_service_should_know_but_does_not_needs_a_manual_decision(
    service: SecondService, task: LogicalTask
) -> None:
    service.keep_running()
    time_out(task)
    service.forget_jobs()
    with pytest.raises(KlingNotFoundError, match="has the key of 'kling_default' changed") as missing:
        task.run(film())
    assert isinstance(missing.value, AirflowFailException)
    assert len(service.references) == 1


@pytest.mark.parametrize("reason", ["older than any", "accepted to be paid twice"])
def test_a_submitted_task_that_is_gone_is_submitted_again_with_another_key(
    service: SecondService, task: LogicalTask, reason: str
) -> None:
    service.keep_running()
    time_out(task)
    service.forget_jobs()
    service.duration_s = 0
    arguments = {}
    if reason == "older than any":
        task.change_record(intent_at=time.time() - 31 * 86400)
    else:
        arguments = {"on_unknown_submission": "resubmit"}
    result = task.run(film(**arguments))
    assert result["task_id"] == service.accepted[1].number
    assert len(set(service.references)) == 2


# -- the task has ended -------------------------------------------------------------------------------


def test_a_finished_task_is_reused_without_a_request(service: SecondService, task: LogicalTask) -> None:
    first = task.run(film())
    before = len(service.requests)
    task.clear()
    again = task.run(film())
    assert again == {**first, "try_number": 2, "reused": True}
    assert len(service.requests) == before


def test_a_finished_task_is_made_again_where_somebody_wants_that(
    service: SecondService, task: LogicalTask
) -> None:
    for number in (1, 2, 3):
        result = task.run(film(on_rerun="regenerate"))
        assert result["task_id"] == service.accepted[-1].number
        assert len(service.accepted) == len(set(service.references)) == number
        task.clear()


def test_a_finished_task_whose_links_are_over_is_read_again(
    service: SecondService, task: LogicalTask
) -> None:
    first = task.run(film())
    task.change_record(result={**first, "expires_at": "2020-01-01T00:00:00+00:00"})
    task.clear()
    again = task.run(film())
    assert (again["task_id"], again["reused"]) == (first["task_id"], True)
    assert len(service.accepted) == 1


def test_a_finished_task_of_which_nothing_is_left_is_made_again(
    service: SecondService, task: LogicalTask
) -> None:
    first = task.run(film())
    task.change_record(result={**first, "expires_at": "2020-01-01T00:00:00+00:00"})
    service.forget_jobs()
    task.clear()
    assert task.run(film())["task_id"] != first["task_id"]
    assert len(service.accepted) == len(set(service.references)) == 2


def test_a_failed_task_is_submitted_again_with_another_key(service: SecondService, task: LogicalTask) -> None:
    service.result_of_job = Result.BROKEN
    with pytest.raises(KlingTaskFailedError):
        task.run(film())
    assert phase(task) == "failed"
    service.result_of_job = Result.DONE
    task.retry()
    result = task.run(film())
    assert result["task_id"] == service.accepted[1].number
    assert len(service.accepted) == len(set(service.references)) == 2


# -- the request has changed --------------------------------------------------------------------------


def test_a_changed_request_is_submitted_beside_the_former(service: SecondService, task: LogicalTask) -> None:
    service.keep_running()
    time_out(task)
    service.duration_s = 0
    result = task.run(film(prompt="A paper plane"))
    assert result["task_id"] == service.accepted[1].number
    assert len(service.accepted) == len(set(service.references)) == 2


def test_a_request_that_is_changed_back_finds_what_was_paid_for(
    service: SecondService, task: LogicalTask
) -> None:
    first = task.run(film())
    task.clear()
    task.run(film(prompt="A paper plane"))
    task.clear()
    assert task.run(film())["task_id"] == first["task_id"]
    assert len(service.accepted) == 2


def test_a_changed_request_takes_nothing_of_one_that_was_absent(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    die(task, kill_at, Phase.INTENT)
    result = task.run(film(prompt="A paper plane"))
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_a_changed_request_never_gets_the_result_of_one_that_arrives_late(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Mishap.ARRIVE_LATE)
    service.next_lookups.extend(BREAK_DOWN)
    with pytest.raises(KlingSubmissionUnknownError):
        task.run(film())
    task.retry()
    result = task.run(film(prompt="A paper plane"))
    (made,) = [job for job in service.accepted if job.number == result["task_id"]]
    assert made.form["contents"][0]["text"] == "A paper plane"


# -- the record is lost, and the key is used ----------------------------------------------------------


def test_without_its_record_a_running_task_is_adopted(service: SecondService, task: LogicalTask) -> None:
    service.keep_running()
    time_out(task)
    task.lose_record()
    service.duration_s = 0
    service.end()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]


@pytest.mark.parametrize("cleared", [True, False])
def test_without_its_record_a_finished_task_is_adopted(
    service: SecondService, task: LogicalTask, kill_at: Reaper, cleared: bool
) -> None:
    die(task, kill_at, Phase.FINISHED)
    task.lose_record()
    if cleared:
        task.clear()
    result = task.run(film())
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_without_its_record_a_changed_request_is_adopted_too(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    task.run(film())
    task.clear()
    plane = {"prompt": "A paper plane"}
    die(task, kill_at, Phase.FINISHED, **plane)
    task.lose_record()
    assert task.run(film(**plane))["task_id"] == service.accepted[1].number
    assert len(service.accepted) == 2


def test_without_its_record_a_crash_after_the_end_pays_nothing_whatever_the_policy(
    service: SecondService, task: LogicalTask, kill_at: Reaper
) -> None:
    die(task, kill_at, Phase.FINISHED, on_rerun="regenerate")
    task.lose_record()
    result = task.run(film(on_rerun="regenerate"))
    assert [job.number for job in service.accepted] == [result["task_id"]]


def test_without_its_record_a_cleared_task_is_made_again_where_somebody_wants_that(
    service: SecondService, task: LogicalTask
) -> None:
    for number in (1, 2, 3):
        result = task.run(film(on_rerun="regenerate"))
        assert result["task_id"] == service.accepted[-1].number
        assert len(service.accepted) == number
        task.lose_record()
        task.clear()


def test_a_key_that_is_used_up_is_on_record_before_another_one_is_sent(
    service: SecondService, task: LogicalTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a crash in between would make the next try take the task that nobody wants any more."""
    again: dict[str, Any] = {"on_rerun": "regenerate"}
    task.run(film(**again))
    task.lose_record()
    task.clear()
    write = Journal.write

    def write_and_die(self: Journal, record: Record) -> None:
        write(self, record)
        if record.phase is Phase.FAILED:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", write_and_die)
        with pytest.raises(Killed):
            task.run(film(**again))
    task.retry()
    result = task.run(film(**again))
    assert [job.number for job in service.accepted][1:] == [result["task_id"]]


@pytest.mark.parametrize("times", [1, 3])
def test_without_its_record_a_failed_task_is_submitted_with_a_new_key_and_not_stuck(
    service: SecondService, task: LogicalTask, times: int
) -> None:
    service.result_of_job = Result.BROKEN
    for _ in range(times):
        with pytest.raises(KlingTaskFailedError):
            task.run(film())
        task.lose_record()
        task.retry()
    service.result_of_job = Result.DONE
    result = task.run(film())
    assert result["task_id"] == service.accepted[-1].number
    assert len(service.accepted) == times + 1


def test_without_its_record_a_moderated_task_is_not_submitted_again(
    service: SecondService, task: LogicalTask
) -> None:
    service.keep_running()
    time_out(task)
    service.end(Result.BARRED)
    task.lose_record()
    with pytest.raises(KlingModerationError):
        task.run(film())
    assert len(service.accepted) == 1


def test_without_its_record_a_key_whose_task_is_gone_needs_the_author_to_accept_two_bills(
    service: SecondService, task: LogicalTask
) -> None:
    service.keep_running()
    time_out(task)
    task.lose_record()
    service.forget_jobs()
    service.duration_s = 0
    with pytest.raises(KlingSubmissionUnknownError, match="on_unknown_submission='resubmit'"):
        task.run(film())
    assert len(service.accepted) == 1
    task.retry()
    result = task.run(film(on_unknown_submission="resubmit"))
    assert result["task_id"] == service.accepted[1].number
