"""What Airflow learns of the provider, before anything of it is imported."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft7Validator

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways.modellix.api_version import CONTRACTS, DEFAULT_CONTRACT
from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.hooks.connection import parse_connection


def test_it_is_valid_by_airflows_own_schema() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    assert list(Draft7Validator(schema).iter_errors(get_provider_info())) == []


def test_reading_it_imports_neither_airflow_nor_httpx() -> None:
    probe = (
        "import sys\n"
        "from airflow_provider_kling.get_provider_info import get_provider_info\n"
        "get_provider_info()\n"
        "print([m for m in ('airflow', 'httpx', 'pydantic') if m in sys.modules])"
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


def test_each_field_of_the_form_is_one_that_the_connection_reads() -> None:
    """A field that nothing reads would be a setting without effect."""
    read: set[str] = set()

    class Recorder(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            read.add(key)
            return default

    for host in (None, "http://sandbox.example"):
        with suppress(KlingRequestError):
            parse_connection(
                conn_id="c", password="k", host=host, schema=None, port=None, extra=Recorder(), caller=""
            )
    assert set(connection_type()["conn-fields"]) == read


def test_the_contracts_on_the_form_are_those_there_are() -> None:
    field = connection_type()["conn-fields"]["contract"]["schema"]
    assert field["enum"] == list(CONTRACTS)
    assert field["default"] == DEFAULT_CONTRACT
