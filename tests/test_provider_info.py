"""What Airflow learns of the provider, before anything of it is imported."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft7Validator

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import gateway_class
from airflow_provider_kling.gateways.registry import GATEWAYS
from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.hooks.connection import parse_connection


def test_it_is_valid_by_airflows_own_schema() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    assert list(Draft7Validator(schema).iter_errors(get_provider_info())) == []


def test_reading_it_imports_neither_airflow_nor_what_the_client_needs() -> None:
    probe = (
        "import sys\n"
        "from airflow_provider_kling.get_provider_info import get_provider_info\n"
        "get_provider_info()\n"
        "print([m for m in ('airflow', 'httpx', 'httpx2', 'pydantic') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_installed_package_announces_it() -> None:
    (found,) = [point for point in entry_points(group="apache_airflow_provider") if "kling" in point.value]
    assert found.load()() == get_provider_info()


@pytest.mark.parametrize("kind", ["hooks", "operators", "sensors", "triggers"])
def test_every_module_it_names_can_be_imported(kind: str) -> None:
    for entry in get_provider_info()[kind]:
        for module in entry["python-modules"]:
            assert importlib.import_module(module).__name__ == module


def connection_type() -> dict[str, Any]:
    (found,) = get_provider_info()["connection-types"]
    return dict(found)


def test_the_hook_it_names_is_the_one_for_the_connection_type() -> None:
    module, _, name = connection_type()["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    assert hook.conn_type == connection_type()["connection-type"]
    assert hook.hook_name == connection_type()["hook-name"]


@pytest.mark.parametrize("name", connection_type()["conn-fields"])
def test_each_field_of_the_form_is_one_that_the_connection_reads(name: str) -> None:
    """A field that nothing reads would be a setting without effect. A list is no value of any field."""
    parts: dict[str, Any] = {"login": None, "password": "k", "host": None, "schema": None, "port": None}
    with pytest.raises(KlingRequestError) as caught:
        parse_connection(conn_id="c", caller="", extra={name: ["x"]}, **parts)
    assert [rule.field.removeprefix("extra.") for rule in caught.value.broken] == [name]
    parse_connection(conn_id="c", caller="", extra={"another": ["x"]}, **parts)


def test_the_gateways_on_the_form_are_those_that_are_registered() -> None:
    field = connection_type()["conn-fields"]["gateway"]["schema"]
    assert field["enum"] == list(GATEWAYS)
    assert field["default"] == gateway_class().name


def test_the_api_versions_on_the_form_are_those_of_the_gateways() -> None:
    field = connection_type()["conn-fields"]["api_version"]["schema"]
    assert field["enum"] == [version for kind in GATEWAYS.values() for version in kind.api_versions]
    # A default that the form fills in would belong to one gateway, and be wrong for the other.
    assert "default" not in field


def test_the_regions_on_the_form_are_those_of_the_gateways() -> None:
    field = connection_type()["conn-fields"]["region"]["schema"]
    assert field["enum"] == [region for kind in GATEWAYS.values() for region in kind.regions]


def test_the_form_shows_the_base_url_that_an_empty_host_means() -> None:
    behaviour = connection_type()["ui-field-behaviour"]
    assert behaviour["placeholders"]["host"] == gateway_class().default_base_url


def test_the_form_says_which_key_is_required_and_what_each_choice_means() -> None:
    assert connection_type()["ui-field-behaviour"]["placeholders"]["password"].startswith("Required.")
    for field in connection_type()["conn-fields"].values():
        assert field["description"].endswith((".", ". DAGs stay the same."))
