"""The client keeps every documented rule of the fact files, and only warns of what is inferred."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.models import find_model, list_models
from tests.models.cases import bodies, fullest
from tests.models.implementations import Verdict, client_verdict
from tests.models.model_facts import FILES, PLATFORM_FILES, PLATFORM_VERSIONS, VERSIONS, ModelVersion
from tests.models.oracle import Judgement, exceeds_inferred, judge


@pytest.fixture(params=[*VERSIONS, *PLATFORM_VERSIONS], ids=str)
def version(request: pytest.FixtureRequest) -> ModelVersion:
    found: ModelVersion = request.param
    return found


def test_each_fact_file_is_a_model_and_there_are_no_others() -> None:
    assert {model.slug for model in list_models()} == FILES.keys() | PLATFORM_FILES.keys()


def test_the_model_has_the_api_versions_of_its_file() -> None:
    for slug, facts in (FILES | PLATFORM_FILES).items():
        assert [version.api_version for version in find_model(slug).versions] == list(facts["api_versions"])


def test_the_cases_have_every_field_in_a_valid_request(version: ModelVersion) -> None:
    valid = fullest(version)
    assert all(judge(version, body).valid for body in valid)
    assert frozenset[str]().union(*(body.keys() for body in valid)) == version.fields.keys()


def test_the_cases_break_a_rule_of_every_field(version: ModelVersion) -> None:
    broken = frozenset[str]().union(*(judge(version, body).fields for body in bodies(version)))
    unbounded = {name for name, field in version.fields.items() if "type" not in field}
    assert broken >= version.fields.keys() - unbounded


def test_the_client_keeps_what_is_documented(version: ModelVersion) -> None:
    wrong = [
        f"{str(body)[:200]}: {judgement}; {verdict}"
        for body in bodies(version)
        if not _agree(
            version, body, judgement := judge(version, body), verdict := client_verdict(version, body)
        )
    ]
    assert wrong == []


def _agree(version: ModelVersion, body: dict[str, Any], judgement: Judgement, verdict: Verdict) -> bool:
    if None in body.values():  # the author's None means that a field is left out
        return True
    if not judgement.valid and version.documented:
        return not verdict.accepted and bool(verdict.fields & judgement.involved)
    warns = not judgement.valid or exceeds_inferred(version, body)
    return verdict.sent == body and verdict.warned is warns
