"""``docs/reference.md`` says what the docstrings say, and the docstrings say everything that it needs."""

from __future__ import annotations

import re

import griffe
import pytest

from airflow_provider_kling import models
from airflow_provider_kling.models import KlingRequest
from dev import docstrings
from dev.docstrings import PACKAGE, gaps, members, read
from dev.public_surface import PUBLIC_MODULES, Entry, entries, objects_of
from dev.reference import PAGE, anchor, reference_page


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), "run `make reference`"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_the_docstring_of_every_public_object_says_everything(entry: Entry) -> None:
    for one in objects_of(entry):
        assert list(gaps(one)) == [], one.path


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_docstrings_name_the_templated_parameters(entry: Entry) -> None:
    for one in read(entry.path).parameters:
        assert ("(templated)" in one.meaning) == one.templated, one.name


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry.internal], ids=lambda one: one.name)
def test_methods_that_are_called_internal_exist(entry: Entry) -> None:
    assert entry.internal <= {one.name for one in members(read(entry.path))}


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = reference_page()
    anchors = [anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)]
    assert len(set(anchors)) == len(anchors)
    links = set(re.findall(r"\]\(([^)]+)\)", page))
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= set(anchors)
    for link in links:
        assert link.startswith("#") or (PAGE.parent / link).is_file(), link
    assert ":class:" not in page


def test_every_request_class_is_on_the_page_of_the_models_or_on_this_one() -> None:
    models_page = (PAGE.parent / "models.md").read_text(encoding="utf-8")
    here = {entry.name for entry in entries()}
    for name in dir(models):
        found = getattr(models, name)
        if isinstance(found, type) and issubclass(found, KlingRequest):
            assert f"### {name}\n" in models_page or name in here


def test_public_modules_are_where_the_page_says() -> None:
    listed = re.findall(rf"^- `({PACKAGE}[\w.]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(listed) == PUBLIC_MODULES


INCOMPLETE = {
    "": "has no docstring",
    "Do it.": "does not say what it returns",
    "Return it.": "does not say what number is",
    "Return it.\n\n:param number: one.\n:param other: two.": "speaks of a parameter other",
    "Return it.\n\n:param number: one.": "does not say that it raises ValueError",
}
COMPLETE = "Return it.\n\n:param number: one.\n:raises ValueError: always."


def gaps_of(docstring: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    source = f'def double(number: int) -> int:\n    """{docstring}"""\n    raise ValueError(number)\n'
    if not docstring:
        source = source.replace('    """"""\n', "")
    with griffe.temporary_visited_module(source, module_name=PACKAGE) as module:
        monkeypatch.setattr(docstrings, "_package", lambda: module)
        return list(gaps(read(f"{PACKAGE}.double")))


@pytest.mark.parametrize("docstring", INCOMPLETE)
def test_what_a_docstring_lacks_is_found(docstring: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = gaps_of(docstring.replace("\n", "\n    "), monkeypatch)
    assert any(INCOMPLETE[docstring] in gap for gap in found), found


def test_a_complete_docstring_has_no_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gaps_of(COMPLETE.replace("\n", "\n    "), monkeypatch) == []
