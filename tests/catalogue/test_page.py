"""``docs/models.md`` is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_kling.catalogue.page import models_page, read_docstring
from airflow_provider_kling.models import MODELS, KlingRequest

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
REQUESTS = sorted({request for model in MODELS for request in model.requests}, key=lambda one: one.__name__)


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == models_page(), "run `make models`"


def test_every_model_stands_on_the_page_with_its_price_and_its_end() -> None:
    page = models_page()
    for model in MODELS:
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{model.slug}` |"))
        if model.retired:
            assert f"retired {model.retired}" in row
        if model.price is None:
            assert "| unknown |" in row
        else:
            assert all(f"{amount} {what}" in row for what, amount in model.price.amounts.items())
            assert (model.price.as_of or "no date") in row


@pytest.mark.parametrize("request_class", REQUESTS, ids=lambda one: one.__name__)
def test_every_field_is_explained_where_it_is_declared(request_class: type[KlingRequest]) -> None:
    summary, meanings = read_docstring(request_class)
    assert summary
    assert set(request_class.model_fields) <= set(meanings)
    assert all(meanings[name].endswith(".") for name in request_class.model_fields)
