"""A person marks a task while it is deferred."""

from __future__ import annotations

import pytest
from airflow.triggers.base import BaseTrigger

from tests.crash.harness import finish_generation
from tests.crash.report import Row
from tests.crash.scenario import Scenario, waits_or_ended
from tests.e2e.run import DEFERRING

TRUTH = "cannot be cancelled: it goes on at the service and may be billed"


@pytest.mark.skipif(not hasattr(BaseTrigger, "on_kill"), reason="Airflow tells no trigger before 3.3")
def test_a_task_marked_failed_while_deferred_says_that_it_goes_on_and_may_be_billed(marked: Scenario) -> None:
    marked.deferred()
    before = marked.task_log().count(TRUTH)  # it is said to a triggerer that another took over from, too
    mark_failed(marked)
    marked.stack.wait_for(lambda: marked.task_log().count(TRUTH) > before, what="the truth in the log")


def test_a_task_that_finished_unwatched_is_attached_and_not_deferred_again(
    fetched: Scenario, report: list[Row]
) -> None:
    mark_failed(fetched)
    finish_generation(fetched)
    fetched.stack.api.clear(fetched.task)
    # One that submitted again would be deferred, and wait in vain.
    fetched.stack.wait_for(lambda: waits_or_ended(fetched, tries=2), what="the end of the next try")
    assert fetched.task.state == "success"
    row = fetched.row("marked failed while deferred, finished, cleared")
    report.append(row)
    assert (row.accepted, row.tries) == (1, 2)
    assert DEFERRING in fetched.task_log(1)
    assert DEFERRING not in fetched.task_log()


def mark_failed(scenario: Scenario) -> None:
    """Mark a task failed while it is deferred."""
    scenario.stack.api.mark(scenario.deferred(), "failed")
    assert scenario.finish() == "failed"
