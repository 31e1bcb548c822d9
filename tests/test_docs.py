"""The guides name what there is: fields, arguments, errors, metrics, commands and pages."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.outcome import Outcome
from airflow_provider_kling.generation.result import GenerationResult
from airflow_provider_kling.generation.spans import SpanName
from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.hooks.metrics import METRICS
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.operators.base import GenerationOperator
from airflow_provider_kling.operators.kling import KlingVideoOperator
from dev.reference import anchor

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "benchmarks" / "README.md"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """Return a section of a page, without its heading."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text(name), re.MULTILINE | re.DOTALL)
    return str(found)


def first_cells(table: str) -> Iterator[str]:
    """Yield each code in the first column of the tables."""
    for line in table.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {anchor(title.replace("`", "")) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if fragment:
            assert fragment in headings(target), link


def test_the_page_of_the_connection_has_each_of_its_fields() -> None:
    (connection,) = get_provider_info()["connection-types"]
    named = re.findall(r"^\| Extra `(\w+)`", text("docs/connection.md"), re.MULTILINE)
    assert set(named) == set(connection["conn-fields"])


def test_the_page_of_the_record_shows_each_of_its_fields() -> None:
    page = section("docs/never-pay-twice.md", "The record")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    record = Record(
        phase=Phase.SUBMITTED,
        fingerprint="",
        key="",
        conn_id="",
        model="",
        gateway="",
        clear_count=0,
        intent_at=0.0,
        deadline=0.0,
    )
    assert set(json.loads(shown)) == set(record.to_json())
    assert set(first_cells(page)) <= set(record.to_json())


def test_the_guide_has_each_error() -> None:
    bases = {"KlingError", "KlingAPIError"}  # which no error is of itself
    classes = {
        name
        for name, found in vars(exceptions).items()
        if isinstance(found, type) and issubclass(found, KlingError)
    }
    assert set(first_cells(section("docs/operators.md", "Errors"))) == classes - bases


def test_the_guide_has_each_metric_with_its_kind_its_unit_and_its_tags() -> None:
    lines = section("docs/monitoring.md", "Metrics").splitlines()
    rows = [line.split("|")[1:5] for line in lines if line.startswith("| `kling.")]
    told = [[cell.strip() for cell in row] for row in rows]
    assert told == [
        [f"`{metric.name}`", metric.kind.value, metric.unit, ", ".join(metric.tags)] for metric in METRICS
    ]


def test_metrics_are_sent_in_one_place() -> None:
    """So that the table has all of them."""
    package = ROOT / "airflow_provider_kling"
    senders = {
        str(module.relative_to(package))
        for module in package.rglob("*.py")
        if re.search(r"\bStats\b", module.read_text(encoding="utf-8"))
    }
    assert senders == {"hooks/metrics.py"}


def test_the_guide_has_each_outcome_and_each_span() -> None:
    metrics, traces = (section("docs/monitoring.md", title) for title in ("Metrics", "Traces"))
    outcomes = set(first_cells(metrics)) - {metric.name for metric in METRICS}
    assert outcomes == {outcome.value for outcome in Outcome} - {Outcome.SUCCEEDED}
    assert set(first_cells(traces)) == {name.value for name in SpanName}


def test_the_guide_has_each_key_of_a_result() -> None:
    keys = set(GenerationResult.__annotations__)
    assert set(first_cells(section("docs/operators.md", "The result"))) == keys


def parameters(kind: type[Any]) -> set[str]:
    return set(inspect.signature(kind.__init__).parameters) - {"self", "kwargs"}


def test_the_guide_has_each_argument_of_a_generation() -> None:
    named = set(first_cells(section("docs/operators.md", "Generating")))
    assert named == (parameters(KlingVideoOperator) | parameters(GenerationOperator)) - {"model"}


def test_the_commands_that_contributors_are_told_are_targets() -> None:
    told = set(re.findall(r"`make ([a-z-]+)`", text("CONTRIBUTING.md") + text("README.md")))
    targets = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))
    assert told <= targets


def test_the_guide_has_each_field_of_openlineages_facet() -> None:
    facet = pytest.importorskip("airflow_provider_kling.generation.openlineage").KlingRunFacet
    own = set(facet.__annotations__)
    assert own <= set(re.findall(r"`(\w+)`", section("docs/monitoring.md", "Lineage")))
    assert own


def test_the_guide_has_each_option_with_its_default() -> None:
    rows = [
        line.split("|")[1:3] for line in text("docs/configuration.md").splitlines() if line.startswith("| `")
    ]
    told = {name.strip().strip("`"): default.strip().strip("`") for name, default in rows}
    options = get_provider_info()["config"]["kling"]["options"]
    assert told == {name: option["default"] or "empty" for name, option in options.items()}
