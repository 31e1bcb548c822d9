"""Write ``docs/reference.md``: the public surface of the package, from its docstrings.

usage: python -m dev.reference FILE
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from airflow_provider_kling.exceptions import KlingError
from dev.docstrings import ROOT, Documented, Parameter, literal, members, read, runtime
from dev.public_surface import (
    EXCEPTIONS,
    LOADED,
    PUBLIC_MODULES,
    SECTIONS,
    Entry,
    entries,
    exceptions,
    objects_of,
)

PAGE: Final = ROOT / "docs" / "reference.md"
_WIDTH: Final = 100

_INTRODUCTION = """\
# Reference

<!-- Written by `make reference` from the docstrings; edit there. -->

These modules are public, with the names that this page lists:
"""

_AFTER_MODULES = """
Public are also the decorators `@task.kling_video` and `@task.kling_generate`, the pytest fixtures, the fields
of a [connection](connection.md), and the request classes of [models.md](models.md), which are imported from
`airflow_provider_kling.models`. Everything else is internal and may change in any release: all other modules,
and all other names in these modules.

In a signature, the parameters after `*` are given by name. A *templated* argument may be a Jinja template or
the output of another task.
"""


def reference_page() -> str:
    """Return the page as Markdown."""
    lines = [_INTRODUCTION, *_modules(), _AFTER_MODULES]
    for section in SECTIONS:
        lines += [f"## {section.title}\n"]
        if section.text:
            lines += [f"{section.text}\n"]
        if section.title == "Exceptions":
            lines += _tree()
        for entry in section.entries:
            lines += _entry(entry)
    return "\n".join(lines).rstrip("\n") + "\n"


def anchor(title: str) -> str:
    """Return the fragment by which Markdown's readers link a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _modules() -> Iterator[str]:
    for module in PUBLIC_MODULES:
        names = [entry.name for entry in entries() if entry.module == module]
        shown = ", ".join(_code_link(name) for name in names)
        yield f"- `{module}`: {'the exceptions below' if module == EXCEPTIONS else shown}"


def _tree() -> Iterator[str]:
    yield "Code decides by the class and its attributes; the messages are for people.\n"
    yield "- *Retried*: another try of the Airflow task can end differently. The others fail it at once."
    yield "- *Transient*: the same read can succeed a moment later, so it is repeated before it fails."
    yield "- *Delay*: how long [`kling_retry_policy`](#kling_retry_policy) waits before the next try.\n"
    yield "| class | retried | transient | delay |"
    yield "|---|---|---|---|"
    for kind, depth in _below(KlingError):
        cells = (_verdict(kind, "retryable"), _verdict(kind, "transient"), _delay(kind))
        yield f"| {'&ensp;' * 2 * depth}{_code_link(kind.__name__)} | {' | '.join(cells)} |"
    yield ""


def _below(kind: type[KlingError], depth: int = 0) -> Iterator[tuple[type[KlingError], int]]:
    yield kind, depth
    for entry in exceptions():
        other = runtime(entry.path)
        if kind in other.__bases__:
            yield from _below(other, depth + 1)


def _verdict(kind: type[KlingError], name: str) -> str:
    own = read(f"{EXCEPTIONS}.{kind.__name__}")
    word = "yes" if getattr(kind, name) else "no"
    return f"{word}, by default" if any(one.name == name for one in own.parameters) else word


def _delay(kind: type[KlingError]) -> str:
    delay = kind.retry_delay
    return f"{delay.total_seconds():g} s" if delay and kind.retryable else ""


def _entry(entry: Entry) -> Iterator[str]:
    documented = read(entry.path)
    yield f"### {entry.name}\n"
    if entry.module not in LOADED:
        yield f"```python\nfrom {entry.module} import {documented.name}\n```\n"
    is_fixture = "pytest_plugin" in entry.module
    if is_fixture:
        yield f"A pytest fixture: `{_fixture_value(documented)}`\n"
    elif documented.parameters or documented.source.is_function:
        yield _signature(documented, name=entry.name)
    elif isinstance(value := None if documented.is_class else runtime(entry.path), str):
        yield f"```python\n{entry.name} = {literal(repr(value))}\n```\n"
    yield from _body(documented)
    if entry.lists_members:
        for one in members(documented):
            if one.name not in entry.internal:
                yield f"#### {entry.name}.{one.name}\n"
                yield _signature(one, name=one.name)
                yield from _body(one, owner=entry.name)
    if entry.internal:
        yield "The other methods and properties serve other parts of the package and are internal.\n"


def _fixture_value(documented: Documented) -> str:
    return re.sub(r"^Iterator\[(.*)\]$", r"\1", documented.result)


def _signature(documented: Documented, *, name: str) -> str:
    if documented.is_property:
        return f"```python\n{name}: {documented.result}\n```\n"
    parts = list(_shown_parameters(documented.parameters))
    mark = "@classmethod\n" if "classmethod" in documented.source.labels else ""
    start = f"{mark}{'async ' if documented.is_async else ''}{name}("
    end = f") -> {documented.result}" if documented.result else ")"
    whole = f"{start}{', '.join(parts)}{end}"
    if len(whole) > _WIDTH:
        lines = "".join(f"    {part},\n" for part in parts)
        whole = f"{start}\n{lines}{end}"
    return f"```python\n{whole}\n```\n"


def _shown_parameters(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    is_marked = False
    for one in parameters:
        if one.keyword_only and not is_marked:
            is_marked = True
            yield "*"
        annotation = f": {one.annotation}" if one.annotation else ""
        default = "" if one.default is None else f" = {one.default}" if annotation else f"={one.default}"
        yield f"{one.prefix}{one.name}{annotation}{default}"


def _body(documented: Documented, *, owner: str = "") -> Iterator[str]:
    owner = owner or documented.name
    yield f"{_markdown(documented.text, owner=owner)}\n"
    told = [one for one in documented.parameters if one.meaning]
    if told:
        yield from (_bullet(_shown_name(one), _meaning(one), owner=owner) for one in told)
        yield ""
    values = _values(documented)
    if values:
        yield from (_bullet(f"`{name}`", meaning, owner=owner) for name, meaning in values.items())
        yield ""
    if documented.returns:
        yield f"Returns: {_markdown(documented.returns, owner=owner)}\n"
    if documented.raised:
        yield "Raises:\n"
        yield from (_bullet(_code_link(name), when, owner=owner) for name, when in documented.raised)
        yield ""


def _shown_name(parameter: Parameter) -> str:
    name = f"`{parameter.prefix}{parameter.name}`"
    return f"{name} (*templated*)" if parameter.templated else name


def _meaning(parameter: Parameter) -> str:
    return parameter.meaning.replace(" (templated)", "")


def _values(documented: Documented) -> Mapping[str, str]:
    """Return the variables of a class with their meaning; of an enumeration, each member with its value."""
    meanings = dict(documented.attributes)
    kind = runtime(documented.path) if documented.is_class else None
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return meanings
    values = {name: literal(repr(one.value)) for name, one in kind.__members__.items()}
    return {f"{name} = {value}": meanings.get(name, "") for name, value in values.items()}


def _bullet(name: str, text: str, *, owner: str) -> str:
    return f"- {name}: {_markdown(text, owner=owner)}" if text else f"- {name}"


@cache
def _titles() -> dict[str, str]:
    """Return the heading of each object that has one, by its name, and of methods by ``Class.method``."""
    titles = {}
    for entry in entries():
        for one in objects_of(entry):
            if one.path == entry.path:
                titles[one.name] = entry.name
            else:
                name = f"{entry.name}.{one.name}"
                titles[name] = name
    return titles


_ROLE = re.compile(r":(?:class|meth|func|mod|data|attr|exc):`(~?)([\w.]+)`")
_PAGE = re.compile(r"``docs/([\w-]+\.md)``")


def _markdown(text: str, *, owner: str) -> str:
    """Translate the marks of reStructuredText that docstrings use."""

    def linked(found: re.Match[str]) -> str:
        name = found[2].rpartition(".")[2] if found[1] else found[2]
        return _code_link(name, owner=owner)

    text = _PAGE.sub(r"[\1](\1)", text)
    return _ROLE.sub(linked, text).replace("``", "`")


def _code_link(name: str, *, owner: str = "") -> str:
    for candidate in (f"{owner}.{name}", name, name.rpartition(".")[2]):
        if title := _titles().get(candidate):
            return f"[`{title if title.startswith('@') else name}`](#{anchor(title)})"
    return f"`{name}`"


def main(arguments: list[str]) -> int:
    (file,) = arguments
    Path(file).write_text(reference_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
