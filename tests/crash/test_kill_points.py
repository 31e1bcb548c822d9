"""The process of a task is killed at each point of its way."""

from __future__ import annotations

import pytest

from tests.crash.cases import CASES, Case
from tests.crash.harness import Harness
from tests.crash.report import Row
from tests.crash.scenario import Scenario


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_killed_task_submits_once_at_most(
    case: Case, killed: dict[Case, Scenario], report: list[Row]
) -> None:
    scenario = killed[case]
    scenario.finish()
    row = scenario.row(f"killed {case.point}", mode=case.mode)
    report.append(row)
    assert row == case.expected, scenario.story()
    assert scenario.posts() == row.accepted


def test_the_sandbox_counts_no_other_submissions(harness: Harness, killed: dict[Case, Scenario]) -> None:
    """What is told apart by prompts adds up to all that was accepted."""
    for scenario in killed.values():
        scenario.finish()
    accepted = harness.sandboxes["kling_killed"].stats()["submissions_accepted"]
    assert accepted == sum(case.expected.accepted for case in killed)
