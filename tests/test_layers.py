"""Imports point down only, and the lower layers work where there is no Airflow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_kling

NAME = airflow_provider_kling.__name__
PACKAGE = Path(airflow_provider_kling.__file__).parent

# From the bottom up; a part may import those that stand before it. What is not listed stands on top.
PURE = ["exceptions", "media_type", "http", "models", "gateways", "catalogue", "polling", "media", "video"]
ORDER = [*PURE, "compat", "journal", "hooks", "generation"]
ROOT = "__init__"

# The dialect's name belongs to these parts, and to the files that hold a connection's defaults.
DIALECTS = {"gateways", "sandbox"}
DEFAULTS = {"hooks/connection.py", "get_provider_info.py"}
DOCUMENTS = {"catalogue/page.py"}


def modules(part: str = "") -> list[Path]:
    """Return the files of a part, which is a folder or a module; of the whole package by default."""
    single = PACKAGE / f"{part}.py"
    return [single] if part and single.exists() else sorted((PACKAGE / part).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Yield the full names that a module imports anywhere, for type checking included."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str | None:
    """Return the part of the package that an imported name belongs to; None for others' names."""
    root, _, rest = name.partition(".")
    if root != NAME:
        return None
    first = rest.partition(".")[0]
    return first if (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").exists() else ROOT


def own_part(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rank(part: str) -> int:
    return -1 if part == ROOT else ORDER.index(part) if part in ORDER else len(ORDER)


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_only(module: Path) -> None:
    part = own_part(module)
    upward = [name for name in imported(module) if (to := part_of(name)) and rank(to) > rank(part)]
    assert upward == []


@pytest.mark.parametrize("part", PURE)
def test_the_lower_layers_do_not_import_airflow(part: str) -> None:
    files = modules(part)
    assert files
    assert [name for file in files for name in imported(file) if name.partition(".")[0] == "airflow"] == []


@pytest.mark.parametrize("part", ["exceptions", "models", "gateways", "polling"])
def test_decisions_do_no_io(part: str) -> None:
    doers = {"httpx", "asyncio", "socket", "time", "random", "threading", "subprocess", "os", "pathlib"}
    assert doers.isdisjoint(name.partition(".")[0] for file in modules(part) for name in imported(file))


def test_the_sandbox_shares_no_code_with_the_client_and_knows_no_airflow() -> None:
    for module in modules("sandbox"):
        for name in imported(module):
            assert name.partition(".")[0] != "airflow", module
            assert part_of(name) in (None, "sandbox", ROOT), module


def test_nothing_but_the_sandbox_imports_the_sandbox() -> None:
    for module in modules():
        if own_part(module) != "sandbox":
            assert "sandbox" not in map(part_of, imported(module)), module


def test_only_the_gateway_and_defaults_name_the_dialect() -> None:
    naming = [module for module in modules() if "modellix" in module.read_text().lower()]
    outside = {str(module.relative_to(PACKAGE)) for module in naming if own_part(module) not in DIALECTS}
    assert outside == DEFAULTS | DOCUMENTS


WITHOUT_AIRFLOW = """
import importlib, pkgutil, sys

class NoAirflow:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "airflow":
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, NoAirflow())
for part in sys.argv[1:]:
    module = importlib.import_module(part)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{part}."):
        importlib.import_module(found.name)
loaded = [name for name in sys.modules if name.partition(".")[0] == "airflow"]
assert not loaded, loaded

from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import parse_request

print(make_gateway().submission(parse_request("kling-video-o1", {"prompt": "x"})).request)
"""


def test_the_lower_layers_work_where_airflow_is_not_installed() -> None:
    parts = [f"{NAME}.{part}" for part in PURE]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_AIRFLOW, *parts],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=PACKAGE.parent,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "POST /api/v1/kling/kling-video-o1/async\n"


def test_no_module_is_longer_than_400_lines() -> None:
    long = {str(module): size for module in modules() if (size := len(module.read_text().splitlines())) > 400}
    assert long == {}
