"""Records of open submissions are in Variables, too, and the provider removes those that are of no use."""

from __future__ import annotations

import re

from tests.crash.cases import Case
from tests.crash.harness import Harness
from tests.crash.scenario import UNKNOWN, Scenario


def test_only_a_submission_whose_outcome_is_unknown_leaves_a_variable(
    harness: Harness, killed: dict[Case, Scenario]
) -> None:
    for scenario in killed.values():
        scenario.finish()
    unknown = [scenario for case, scenario in killed.items() if case.expected.end == UNKNOWN]
    named = {name for each in unknown for name in re.findall(r"kling_journal_\w+", each.error())}
    assert named == {each.variable() for each in unknown}

    # Other tests' runs have Variables, too.
    own = {scenario.variable() for scenario in killed.values()}
    api = harness.stack.api
    # A success is known a moment before its Variable goes.
    harness.stack.wait_for(lambda: api.variables().keys() & own == named, what=f"no Variables but {named}")
