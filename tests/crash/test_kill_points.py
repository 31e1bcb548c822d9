"""The process of a task is killed at each point of its way."""

from __future__ import annotations

import pytest

from tests.crash.cases import CASES, Case
from tests.crash.lab import Lab
from tests.crash.ledger import Row
from tests.crash.trial import Trial

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_killed_task_submits_once_at_most(case: Case, killed: dict[Case, Trial], ledger: list[Row]) -> None:
    trial = killed[case]
    trial.finish(timeout=400)
    row = trial.row(f"killed {case.point}", mode=case.mode)
    ledger.append(row)
    assert row == case.expected, trial.story()
    assert trial.posts() == row.accepted


def test_the_sandbox_counts_no_other_submissions(lab: Lab, killed: dict[Case, Trial]) -> None:
    """What is told apart by prompts adds up to all that was accepted."""
    for trial in killed.values():
        trial.finish(timeout=400)
    accepted = lab.sandboxes["kling_default"].stats()["submissions_accepted"]
    assert accepted == sum(case.expected.accepted for case in killed)
