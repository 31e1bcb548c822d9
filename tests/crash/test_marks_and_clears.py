"""What a person does to a task while it is deferred."""

from __future__ import annotations

import pytest
from airflow.triggers.base import BaseTrigger

from tests.crash.lab import finish_generation
from tests.crash.ledger import Row
from tests.crash.trial import Trial

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]

DEFERRING = "Pausing task as DEFERRED"  # Airflow's line in the log of a task that defers


@pytest.mark.skipif(not hasattr(BaseTrigger, "on_kill"), reason="Airflow tells no trigger before 3.3")
def test_a_task_marked_failed_while_deferred_says_that_it_goes_on_and_may_be_billed(marked: Trial) -> None:
    mark_failed(marked)
    marked.stack.wait_for(
        lambda: "cannot be cancelled: it goes on at the service and may be billed" in marked.story(),
        what="the truth in the log",
        timeout=60,
    )


def test_a_task_that_finished_while_nobody_watched_is_attached_and_not_deferred_again(
    marked: Trial, ledger: list[Row]
) -> None:
    mark_failed(marked)
    finish_generation(marked)
    assert marked.cleared() == "success"
    row = marked.row("marked failed while deferred, finished, cleared")
    ledger.append(row)
    assert (row.accepted, row.tries) == (1, 2)
    assert DEFERRING in marked.story(1)
    assert DEFERRING not in marked.story(2)


def test_a_task_cleared_while_deferred_waits_for_the_same_generation(
    cleared: Trial, ledger: list[Row]
) -> None:
    first = cleared.deferred()
    cleared.clear()
    cleared.stack.wait_for(
        lambda: cleared.deferred().try_number > first.try_number, what="the next try", timeout=120
    )
    finish_generation(cleared)
    assert cleared.finish(timeout=400) == "success"
    row = cleared.row("cleared while deferred")
    ledger.append(row)
    assert (row.accepted, row.tries) == (1, 2)


def mark_failed(trial: Trial) -> None:
    """Mark a deferred task failed; one that is marked stays so."""
    if trial.task.state != "failed":
        trial.stack.api.mark(trial.deferred(), "failed")
        assert trial.finish() == "failed"
