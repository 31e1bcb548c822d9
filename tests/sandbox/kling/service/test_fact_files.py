"""The fact files of Kling's platform: complete, and in agreement with the code that reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from airflow_provider_kling.sandbox.core.schema_checker import first_violation
from airflow_provider_kling.sandbox.kling.service.calls import _HANDLERS
from airflow_provider_kling.sandbox.kling.service.endpoint import (
    Endpoint,
    Form,
    Generation,
    read_endpoints,
)
from airflow_provider_kling.sandbox.kling.service.rules import RULES

FACTS = resources.files("airflow_provider_kling") / "sandbox" / "kling" / "facts"
ENDPOINTS = list(read_endpoints())
every = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)


def test_the_new_standard_has_its_twelve_endpoints():
    assert sum(endpoint.generation is Generation.NEW for endpoint in ENDPOINTS) == 12


def test_every_rule_is_used_and_every_used_rule_is_there():
    assert {name for endpoint in ENDPOINTS for name in endpoint.rules} == RULES.keys()


def test_every_synchronous_endpoint_has_an_answer():
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.form is Form.CALL} == _HANDLERS.keys()


def test_every_file_is_called_after_its_path_and_says_how_sure_it_is():
    for file in (FACTS / "endpoints").iterdir():
        facts = json.loads(file.read_text())
        assert file.name == facts["path"].strip("/").replace("/", ".") + ".json"
        assert facts["certainty"] in ("documented", "inferred")
        assert facts["sources"]
        assert facts["as_of"]


def test_every_shared_part_and_every_price_is_used():
    shared = json.loads((FACTS / "shared.json").read_text())
    prices = json.loads((FACTS / "prices.json").read_text())
    texts = [file.read_text() for file in (FACTS / "endpoints").iterdir()]
    used = "".join([*texts, (FACTS / "shared.json").read_text()])
    shapes = shared.pop("contents")
    assert [name for name in shared if f'"$ref": "{name}"' not in used] == []
    assert [name for name in shapes if f'"shape": "{name}"' not in used] == []
    assert [name for name in prices if f'"price": "{name}"' not in used] == []


@every
def test_every_default_is_a_value_that_its_field_takes(endpoint: Endpoint):
    for name, rule in defaults(endpoint.schema):
        assert first_violation({**rule, "type": rule.get("type", "integer")}, rule["default"]) is None, name


def defaults(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, rule in schema.get("properties", {}).items():
        if isinstance(rule, dict):
            if "default" in rule:
                yield name, rule
            yield from defaults(rule)


@every
def test_a_model_that_is_left_out_is_one_that_is_there_or_was_withdrawn(endpoint: Endpoint):
    assert endpoint.default_model in {*endpoint.models, "kling-v1"}
