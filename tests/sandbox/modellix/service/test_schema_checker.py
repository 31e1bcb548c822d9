"""Request bodies that are accepted and rejected, and the words of the rejections."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.core.schema_checker import first_violation, unknown_keywords
from airflow_provider_kling.sandbox.modellix.service.catalogue import ApiVersion, Model, Offer, read_models
from airflow_provider_kling.sandbox.modellix.service.rejection import OF_VIOLATION
from tests.models.cases import bodies
from tests.models.model_facts import VERSIONS, ModelVersion
from tests.models.oracle import judge
from tests.sandbox.golden_cases import CASES, Case

MODELS: dict[str, Model] = {model.slug: model for model in read_models()}


def _offer(path: str) -> Offer:
    """The offer behind the path of a case."""
    slug = path.removesuffix("/async").rpartition("/")[2]
    return MODELS[slug].offers[ApiVersion.APRIL if path.endswith("/async") else ApiVersion.AUGUST]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path} {str(case.body)[:60]}")
def test_what_the_documents_say_is_enforced_in_the_services_words(case: Case):
    broken = _offer(case.path).violation(case.body)
    assert (None if broken is None else f"{OF_VIOLATION[broken.kind]}: {broken.detail}") == case.message


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_the_checker_agrees_with_the_library_and_names_a_field_that_breaks_a_rule(version: ModelVersion):
    wrong = []
    for body in bodies(version):
        judgement, broken = judge(version, body), first_violation(version.schema, body)
        named = None if broken is None else broken.detail.removeprefix("parameter '").partition("'")[0]
        field = None if named is None else named.partition("[")[0].partition(".")[0]
        if field not in (judgement.fields or {None}):
            wrong.append(f"{str(body)[:200]}: {judgement.fields}, {broken}")
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_only_documented_rules_are_enforced(version: ModelVersion):
    offer = MODELS[version.slug].offers[ApiVersion(version.api_version)]
    assert offer.enforced is version.documented
    assert (offer.violation({"no_such_field": 1}) is None) is not version.documented
    assert offer.violation([]) is not None  # any object, but nothing else


def test_a_field_that_the_schema_does_not_have_can_be_allowed():
    offer = MODELS["kling-video-o1"].offers[ApiVersion.APRIL]
    body = {"prompt": "x", "seed": 1}
    assert offer.violation(body) is not None
    assert offer.violation(body, allow_unknown=True) is None
    assert offer.violation(body | {"duration": 7}, allow_unknown=True) is not None


def test_a_keyword_that_the_checker_would_ignore_is_found():
    assert unknown_keywords({"properties": {"a": {"items": {"pattern": "x"}}}}) == {"pattern"}
