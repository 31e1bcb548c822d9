"""Every model of the contract file, asked of both sides: the documented holds, the inferred passes."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_kling.models import MODELS, find_model
from airflow_provider_kling.models.model import Certainty
from tests.models.cases import Case, cases, fullest
from tests.models.contract_file import DOCUMENTED, Documented
from tests.models.rules import unheard_rules
from tests.models.sides import Sandbox, client_verdict


@pytest.fixture(params=DOCUMENTED, ids=str)
def documented(request: pytest.FixtureRequest) -> Documented:
    found: Documented = request.param
    return found


def test_each_of_the_47_models_has_an_entry_and_no_other() -> None:
    assert {model.slug for model in MODELS} == {one.slug for one in DOCUMENTED}
    assert len(MODELS) == 47


def test_no_rule_and_no_field_of_the_file_is_forgotten(documented: Documented) -> None:
    assert unheard_rules(documented) == []
    covered = frozenset[str]().union(*(body.keys() for body in fullest(documented)))
    assert covered == documented.fields.keys()


def test_the_entry_is_as_sure_as_the_file(documented: Documented) -> None:
    certain = find_model(documented.slug).certainty is Certainty.DOCUMENTED
    assert certain is documented.certain


def told(case: Case, said: str) -> str:
    return f"{case.why}: {str(case.body)[:120]} -> {said[:200]}"


def test_the_client_keeps_what_is_documented(documented: Documented) -> None:
    wrong = []
    for case in cases(documented):
        verdict = client_verdict(documented, case.body)
        if case.refused:
            right = not verdict.accepted and case.field in verdict.fields
        else:
            right = verdict.sent == case.body and verdict.warned is (case.field is not None)
        if not right:
            wrong.append(told(case, verdict.said or f"accepted, warned: {verdict.warned}"))
    assert wrong == []


def test_the_sandbox_keeps_what_is_documented(documented: Documented, sandbox: Sandbox) -> None:
    wrong = []
    for case in cases(documented):
        verdict = sandbox.verdict(documented, case.body)
        if verdict.accepted is case.refused or (case.refused and case.field not in verdict.fields):
            wrong.append(told(case, verdict.said))
    assert wrong == []


def test_the_cases_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    kinds: Counter[str] = Counter()
    for one in DOCUMENTED:
        for case in cases(one):
            kinds["refused" if case.refused else "inferred" if case.field else "valid"] += 1
    with capsys.disabled():
        print(  # noqa: T201  - whoever runs the tests shall see how many there were
            f"\n{sum(kinds.values())} cases of {len(MODELS)} models in {len(DOCUMENTED)} sets of fields, "
            f"each asked of both sides: {kinds['valid']} valid, {kinds['refused']} that break a documented "
            f"rule, {kinds['inferred']} that break an inferred one"
        )
    assert kinds["valid"] >= 2 * len(DOCUMENTED)
