"""``docs/models.md`` says what the facts and the classes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_kling.models import KlingRequest, list_models
from dev.models_page import models_page, read_docstring

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
VERSIONS = [(model, version) for model in list_models() for version in model.versions]
REQUESTS = sorted({version.request_class for _, version in VERSIONS}, key=lambda one: one.__name__)


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == models_page(list_models()), "run `make models`"


def test_every_model_is_on_the_page_in_each_api_version_with_its_price_and_its_end() -> None:
    lines = models_page(list_models()).splitlines()
    for model, version in VERSIONS:
        (row,) = (line for line in lines if line.startswith(f"| `{model.slug}` | {version.api_version} |"))
        assert f"[`{version.request}`](#{version.request.lower()})" in row
        assert all(source in row for source in version.sources)
        if version is model.versions[0] and model.retired:
            assert f"retired {model.retired}" in row
        if version.price is None:
            assert "| unknown |" in row
        else:
            assert all(f"{amount} {tier}" in row for tier, amount in version.price.usd.items())
            assert (version.price.as_of or "no date") in row


@pytest.mark.parametrize("request_class", REQUESTS, ids=lambda one: one.__name__)
def test_every_field_is_explained_in_the_docstring_of_a_class_that_has_it(
    request_class: type[KlingRequest],
) -> None:
    summary, meanings = read_docstring(request_class)
    assert summary
    assert meanings.keys() == request_class.model_fields.keys()
    assert all(meanings[name].endswith(".") for name in request_class.model_fields)
