"""On Kling's own platform, a crash never leads to a question, and never to a second task."""

from __future__ import annotations

import pytest

from tests.crash.cases import LOST_ANSWERS, PLATFORM_CASES, Case
from tests.crash.harness import Harness
from tests.crash.report import Row
from tests.crash.scenario import Scenario


@pytest.mark.parametrize("case", PLATFORM_CASES, ids=str)
def test_a_killed_task_submits_once_and_asks_nobody(
    case: Case, killed_on_platform: dict[Case, Scenario], report: list[Row]
) -> None:
    scenario = killed_on_platform[case]
    scenario.finish()
    row = scenario.row(f"killed {case.point}", mode=case.mode)
    report.append(row)
    assert row == case.expected, scenario.story()
    assert (row.accepted, row.end) == (1, "success")


@pytest.mark.parametrize("what", LOST_ANSWERS)
def test_a_lost_answer_is_found_out_and_asks_nobody(what: str, lost_on_platform: dict[str, Scenario]) -> None:
    """Which run a fault hits depends on which is first; how many tasks were made is counted below."""
    assert lost_on_platform[what].finish() == "success", lost_on_platform[what].error()


def test_each_task_was_made_once(
    harness: Harness, killed_on_platform: dict[Case, Scenario], lost_on_platform: dict[str, Scenario]
) -> None:
    runs = {"kling_platform_killed": killed_on_platform, "kling_platform_lossy": lost_on_platform}
    for conn_id, scenarios in runs.items():
        for scenario in scenarios.values():  # type: ignore[attr-defined]
            scenario.finish()
        assert harness.sandboxes[conn_id].stats()["submissions_accepted"] == len(scenarios)
