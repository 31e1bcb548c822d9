"""The process of a task is killed at each point of its way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.crash.dags.points import Point
from tests.crash.lab import Lab
from tests.crash.ledger import Row
from tests.crash.trial import UNKNOWN, Trial

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]

# Between the intent and its record nobody can know: a retry submits nothing, and says so.
UNKNOWABLE = {Point.BEFORE_POST: 0, Point.BEFORE_ANSWER: 1, Point.BEFORE_RECORD: 1}


@dataclass(frozen=True, kw_only=True)
class Case:
    point: Point
    mode: str

    def __str__(self) -> str:
        return f"{self.mode}-{self.point.name.lower()}"

    def expected(self) -> Row:
        accepted = UNKNOWABLE.get(self.point)
        return Row(
            what=f"killed {self.point}",
            mode=self.mode,
            accepted=1 if accepted is None else accepted,
            tries=2,
            end="success" if accepted is None else UNKNOWN,
        )


CASES = [
    Case(point=point, mode=mode)
    for mode in ("deferrable", "blocking")
    for point in Point
    if not (point is Point.WHILE_WAITING and mode == "deferrable")
]


@pytest.fixture(scope="session")
def trials(lab: Lab) -> dict[Case, Trial]:
    return {case: lab.start(f"killed_{case.mode}", point=case.point) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_killed_task_submits_once_at_most(
    case: Case, trials: dict[Case, Trial], ledger: list[Row]
) -> None:
    trial = trials[case]
    trial.finish(timeout=400)
    row = trial.row(f"killed {case.point}", mode=case.mode)
    ledger.append(row)
    assert row == case.expected(), trial.story()
    assert trial.posts() == row.accepted
