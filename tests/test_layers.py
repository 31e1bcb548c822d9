"""Imports point down only, the lower layers work without Airflow, and one place knows each service."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_kling

NAME = airflow_provider_kling.__name__
PACKAGE = Path(airflow_provider_kling.__file__).parent

# From the bottom up; a part may import those before it. The first ones work without Airflow.
PURE = [
    *("exceptions", "arguments", "defaults", "media_type", "http", "models"),
    *("gateways", "catalogue", "polling", "media", "video"),
]
ORDER = [
    *PURE,
    *("compat", "configuration", "journal", "hooks", "triggers", "generation", "links", "notifications"),
    *("operators", "sensors", "decorators", "plugins"),
]
# Parts that are in no layer: they import one part, or none.
BESIDE = {"get_provider_info": set[str](), "retry_policy": {"exceptions"}}
ROOT = "__init__"

# Modules that decide or parse, in layers that also do I/O or import Airflow.
PURE_MODULES = [
    *("journal/record.py", "journal/rules.py"),
    *("hooks/connection.py", "hooks/waiter.py", "hooks/callback_list.py", "hooks/task_reader.py"),
    *("generation/xcom_keys.py", "generation/templates.py", "generation/summary.py"),
    "notifications/message.py",
    *("links/gallery_address.py", "plugins/gallery/query.py", "plugins/gallery/costs.py"),
    *("plugins/gallery/text.py", "plugins/gallery/byte_range.py"),
]

# The name of a service belongs to its gateway and to the sandbox, and to what a connection falls back to.
DEFAULTS = {"gateways/registry.py", "get_provider_info.py"}
# Its paths and the dates of its documents: also to the facts, which say what the documents of each date say.
FACTS = "models/facts"


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


def root(name: str) -> str:
    """Return the package that an imported name belongs to."""
    return name.partition(".")[0]


def prefixes(name: str) -> Iterator[str]:
    """Yield an imported name and the packages and modules that it is in."""
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def own_part(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_part_has_its_place() -> None:
    parts = {own_part(module) for module in modules()}
    assert parts == {*ORDER, *BESIDE, "sandbox", ROOT}


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_only(module: Path) -> None:
    part = own_part(module)
    used = {to for name in imported(module) if (to := part_of(name))} - {part, ROOT}
    if part == "sandbox":
        assert used == set()
    elif part in ORDER:
        assert used <= set(ORDER[: ORDER.index(part)])
    else:
        assert used == BESIDE.get(part, set())


@pytest.mark.parametrize("part", PURE)
def test_the_lower_layers_do_not_import_airflow(part: str) -> None:
    files = modules(part)
    assert files
    assert "airflow" not in {root(name) for file in files for name in imported(file)}


@pytest.mark.parametrize("module", PURE_MODULES)
def test_what_decides_or_parses_does_not_import_airflow(module: str) -> None:
    assert "airflow" not in map(root, imported(PACKAGE / module))


def test_the_keys_of_xcoms_need_nothing() -> None:
    """Links and pages use them in processes where neither the client nor Airflow's SDK is loaded."""
    assert {root(name) for name in imported(PACKAGE / "generation/xcom_keys.py")} <= {"__future__", "typing"}
    assert list(imported(PACKAGE / "generation/__init__.py")) == []


@pytest.mark.parametrize("part", ["exceptions", "models", "gateways", "polling"])
def test_decisions_do_no_io(part: str) -> None:
    doers = {"asyncio", "socket", "time", "random", "threading", "subprocess", "os", "pathlib"}
    names = {name for file in modules(part) for name in imported(file)}
    assert doers.isdisjoint(map(root, names))
    assert f"{NAME}.http.library.httpx" not in names


def test_one_module_imports_the_http_library() -> None:
    importing = {
        str(module.relative_to(PACKAGE))
        for module in modules()
        if own_part(module) != "sandbox"  # it shares no code with the client
        and {"httpx", "httpx2"}.intersection(map(root, imported(module)))
    }
    assert importing == {"http/library.py"}


# What runs in the child process that decodes foreign files, and in no other.
IN_THE_CHILD = {
    *("media/container.py", "media/demux.py", "media/filters.py", "media/frame_decoder.py"),
    *("media/frame_packets.py", "media/frames.py", "media/operations.py", "media/probe.py"),
    "media/stereo.py",
    *("video/audio.py", "video/clip.py", "video/concat.py", "video/mp4_writer.py", "video/operations.py"),
    "video/timeline.py",
}


def test_only_the_child_process_decodes() -> None:
    """A module decodes if it imports PyAV, or a module that does; nothing of the parent may."""
    imports = {
        str(module.relative_to(PACKAGE)): set(imported(module))
        for module in modules()
        if own_part(module) != "sandbox"  # it decodes what its own user sends, and shares no code
    }
    assert {path for path, names in imports.items() if "av" in map(root, names)} == {"media/pyav.py"}
    decoding, used = set[str](), {f"{NAME}.media.pyav.av"}
    while found := {
        path
        for path, names in imports.items()
        if path not in decoding and used.intersection(prefix for name in names for prefix in prefixes(name))
    }:
        decoding |= found
        used |= {f"{NAME}.{path.removesuffix('.py').replace('/', '.')}" for path in found}
    assert decoding == IN_THE_CHILD


def test_the_sandbox_shares_no_code_with_the_client_and_knows_no_airflow() -> None:
    for module in modules("sandbox"):
        for name in imported(module):
            assert root(name) != "airflow", module
            assert part_of(name) in (None, "sandbox", ROOT), module


# The sandbox's own layers: each may import those that come after it. The services stand side by side.
SANDBOX = f"{NAME}.sandbox"
SERVICES = ["modellix", "kling"]
SANDBOX_ORDER = ["http", "core", "render", "settings"]


def layer_of(module: Path) -> str:
    return module.relative_to(PACKAGE / "sandbox").parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", modules("sandbox"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_inside_the_sandbox_point_one_way(module: Path) -> None:
    layer = layer_of(module)
    used = {name.split(".")[2] for name in imported(module) if name.startswith(f"{SANDBOX}.")}
    if layer == "testing":  # it starts a process and sends requests; it loads none of the server's code
        assert used <= {"testing"}
    elif layer in SERVICES:
        assert used <= {layer, *SANDBOX_ORDER}
    elif layer in SANDBOX_ORDER:
        assert used <= set(SANDBOX_ORDER[SANDBOX_ORDER.index(layer) :])
    else:
        assert layer in {"__init__", "__main__", "options"}
        assert "testing" not in used


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_does_is_apart_from_how_it_is_reached(service: str) -> None:
    for module in modules(f"sandbox/{service}/service"):
        assert not any(name.startswith(f"{SANDBOX}.{service}.http") for name in imported(module)), module


@pytest.mark.parametrize("layer", ["core", "render", "settings", *(f"{name}/service" for name in SERVICES)])
def test_only_the_http_layer_of_the_sandbox_knows_the_web_framework(layer: str) -> None:
    roots = {root(name) for file in modules(f"sandbox/{layer}") for name in imported(file)}
    assert roots
    assert roots.isdisjoint({"starlette", "uvicorn"})


def test_nothing_but_the_sandbox_imports_the_sandbox() -> None:
    for module in modules():
        if own_part(module) != "sandbox":
            assert "sandbox" not in map(part_of, imported(module)), module


# -- what one service is called, and what only it has ---------------------------------------------


def files_that_match(pattern: str) -> set[str]:
    """Return the files, data included, that hold a pattern, outside of the sandbox and the gateway."""
    found = set()
    for file in PACKAGE.rglob("*"):
        path = file.relative_to(PACKAGE).as_posix()
        if file.suffix == ".pyc" or not file.is_file() or path.startswith(("sandbox/", "gateways/modellix/")):
            continue
        if re.search(pattern, file.read_text(), re.IGNORECASE):
            found.add(path)
    return found


def test_only_its_gateway_and_defaults_name_a_service() -> None:
    assert files_that_match("modellix") == DEFAULTS


@pytest.mark.parametrize(
    ("pattern", "exceptions"),
    [
        ("/api/v1", set()),
        ("2026-04|2026-08", {"get_provider_info.py"}),
        (r"\b(april|august)\b", set()),
    ],
)
def test_only_its_gateway_and_the_facts_know_a_services_paths_and_the_dates_of_its_documents(
    pattern: str, exceptions: set[str]
) -> None:
    found = {path for path in files_that_match(pattern) if not path.startswith(FACTS)}
    assert found == exceptions


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_gateway_is_imported_by_the_registry_only(module: Path) -> None:
    path = module.relative_to(PACKAGE).as_posix()
    if path != "gateways/registry.py" and not path.startswith("gateways/modellix/"):
        assert not [name for name in imported(module) if name.startswith(f"{NAME}.gateways.modellix")]


# -- where Airflow, or anything else, is not installed --------------------------------------------

BLOCKED = """
import importlib, pkgutil, sys

blocked = set(sys.argv[1].split(","))

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Blocker())
for part in sys.argv[2:]:
    module = importlib.import_module(part)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{part}."):
        importlib.import_module(found.name)
assert not [name for name in sys.modules if name.partition(".")[0] in blocked]
"""


def run_without(blocked: list[str], parts: list[str], then: str = "") -> str:
    """Import parts, and all in them, where some packages cannot be imported; return what is printed."""
    names = [f"{NAME}.{part}" for part in parts]
    ran = subprocess.run(
        [sys.executable, "-c", BLOCKED + then, ",".join(blocked), *names],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=PACKAGE.parent,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


ENCODE = """
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import parse_request

gateway = make_gateway()
encoded = gateway.encode(parse_request("kling-video-o1", {"prompt": "x"}))
print(gateway.submit(encoded, key="").request)
"""


def test_the_lower_layers_work_where_airflow_is_not_installed() -> None:
    pure = [module.removesuffix(".py").replace("/", ".") for module in PURE_MODULES]
    printed = run_without(["airflow"], [*PURE, *pure], then=ENCODE)
    assert printed == "POST /api/v1/kling/kling-video-o1/async\n"


def test_the_keys_of_xcoms_can_be_imported_where_nothing_is_installed() -> None:
    then = f"import {NAME}.generation.xcom_keys as keys; print(keys.TASK_ID, keys.COST_USD)"
    blocked = ["airflow", "httpx", "httpx2", "pydantic", "pydantic_core"]
    printed = run_without(blocked, ["generation.xcom_keys"], then=then)
    assert printed == "kling_task_id kling_cost_usd\n"


def test_no_module_is_longer_than_400_lines() -> None:
    long = {str(module): size for module in modules() if (size := len(module.read_text().splitlines())) > 400}
    assert long == {}
