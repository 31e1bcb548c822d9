"""A person has a task run again: every way, in every state of its generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.crash.clears import CLEAR_CASES, ClearCase, State, Way
from tests.crash.harness import finish_generation
from tests.crash.report import Row
from tests.crash.scenario import Scenario, waits_or_ended


@pytest.fixture(scope="session")
def cleared_again(to_clear: Mapping[ClearCase, Scenario]) -> Mapping[ClearCase, Scenario]:
    """All runs, once their tasks run again; those whose generation was still running, once it has ended.

    Nothing is cleared before each task is in its state: which submissions lose their response is counted.
    """
    for case, scenario in to_clear.items():
        if case.state is State.RUNNING:
            scenario.deferred()
        else:
            scenario.ended()
    for case, scenario in to_clear.items():
        clear(case, scenario)
    running = [scenario for case, scenario in to_clear.items() if case.state is State.RUNNING]
    by_command = [scenario for case, scenario in to_clear.items() if case.way is Way.COMMAND]
    stack = by_command[0].stack
    stack.cli("tasks", "clear", "--yes", by_command[0].dag_id)
    stack.wait_for(
        lambda: all(waits_or_ended(each, tries=2) for each in running), what="the next tries to wait"
    )
    finish_generation(running[0])  # they share a sandbox
    return to_clear


@pytest.mark.parametrize("case", CLEAR_CASES, ids=str)
def test_a_task_that_is_cleared_pays_again_only_for_a_result_that_is_not_kept(
    case: ClearCase, cleared_again: Mapping[ClearCase, Scenario], report: list[Row]
) -> None:
    scenario = cleared_again[case]
    task = scenario.ended(tries=2)
    row = scenario.row(case.what)
    if task.state == "success" and scenario.result(scenario.label)["reused"]:
        row = replace(row, end="reused")
    report.append(row)
    assert row == case.expected, scenario.story()
    assert scenario.posts() == row.accepted


def clear(case: ClearCase, scenario: Scenario) -> None:
    """Do what the case is about, except for the command, which does it to all runs of a DAG."""
    api, task = scenario.stack.api, scenario.task
    if case.way is Way.COMMAND:
        return
    if case.way is Way.CLEAR_OF_RUN:
        api.clear_run(scenario.dag_id, scenario.run_id)
        return
    if case.way in (Way.MARKED_FAILED, Way.MARKED_SUCCESS):
        api.mark(task, "failed" if case.way is Way.MARKED_FAILED else "success")
        scenario.finish()
    api.clear(task, **({"keep_task_state": True} if case.way is Way.CLEAR_KEEPING_STATE else {}))
