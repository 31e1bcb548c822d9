"""Airflow before 3.3 keeps the records in Variables. Last, when everything has ended."""

from __future__ import annotations

import re

import pytest

from tests.crash.cases import Case
from tests.crash.lab import Lab
from tests.crash.trial import UNKNOWN, Trial
from tests.crash.watcher import Watcher

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]


def test_only_a_submission_whose_outcome_nobody_knows_leaves_a_variable(
    lab: Lab, killed: dict[Case, Trial], scenes: Watcher
) -> None:
    scenes.trial.finish(timeout=400)
    unknown = set()
    for case, trial in killed.items():
        trial.finish(timeout=400)
        if case.expected.end == UNKNOWN:
            unknown |= set(re.findall(r"kling_journal_\w+", trial.error()))
    # A success is known a moment before its Variable goes.
    lab.stack.wait_for(
        lambda: lab.stack.api.variables().keys() == unknown, what=f"no Variables but {unknown}", timeout=20
    )
