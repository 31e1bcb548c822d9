"""Importing the models costs nothing until one is used, and what is exported can be imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from airflow_provider_kling import models
from airflow_provider_kling.models import KlingRequest

PACKAGE = Path(models.__file__).parent
MODULES = sorted(file.stem for file in PACKAGE.glob("*.py") if file.stem != "__init__")
LOADED = """
import sys
{statement}
prefix = "airflow_provider_kling.models."
print(*sorted(name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix)))
print("pydantic" in sys.modules)
"""


def loaded(statement: str) -> tuple[set[str], bool]:
    """Return the package's modules that a statement imports in a new process, and whether pydantic is."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=PACKAGE.parents[1],
    )
    modules, pydantic = ran.stdout.splitlines()
    return set(modules.split()), pydantic == "True"


def families() -> set[str]:
    """Return the modules that define request classes for models."""
    return {
        name
        for name in MODULES
        if any(
            isinstance(one, type) and issubclass(one, KlingRequest) and one.__module__.endswith(f".{name}")
            for one in vars(import_module(f"{models.__name__}.{name}")).values()
        )
    } - {"request", "fields"}


def test_importing_the_package_or_finding_a_model_imports_no_request_class() -> None:
    assert loaded("import airflow_provider_kling.models") == (set(), False)
    found, pydantic = loaded("from airflow_provider_kling import models; models.find_model('kling-v3-t2v')")
    assert found.isdisjoint({*families(), "request"})
    assert not pydantic


def test_a_request_imports_the_classes_of_its_family_only() -> None:
    found, _ = loaded(
        "from airflow_provider_kling import models; models.parse_request('kling-video-o1', {'prompt': 'x'})"
    )
    assert found & families() == {"video_o1"}


def exports() -> dict[str, set[str]]:
    """Return what each module exports for run time."""
    return {module: set(names.split()) for module, names in models._EXPORTS.items()}


def test_what_is_exported_for_run_time_is_exported_for_type_checkers() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = (
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    shown = {ast.unparse(node) for node in block.body}
    assert shown == {f"from {models.__name__}.{module} import *" for module in exports()}


def test_a_family_exports_all_its_classes() -> None:
    for name in families():
        tree = ast.parse((PACKAGE / f"{name}.py").read_text())
        classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        assert {found for found in classes if found.endswith("Request")} == exports()[name]


def test_every_exported_name_can_be_imported_and_is_listed() -> None:
    for names in exports().values():
        for name in names:
            assert getattr(models, name).__module__.startswith(models.__name__)
            assert name in dir(models)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'VideoO2Request'"):
        _ = models.VideoO2Request  # type: ignore[attr-defined]
