"""Which arguments have their value when the DAG is parsed, and which only at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_JINJA = ("{{", "{%", "{#")
_EXPRESSION = re.compile(r"\s*\{\{[^{}]*\}\}\s*")


def is_rendered_later(value: object) -> bool:
    """Tell whether a value is, or holds, a template, an XComArg or anything else that Airflow resolves."""
    if isinstance(value, str):
        return any(mark in value for mark in _JINJA)
    if isinstance(value, Mapping):
        return any(is_rendered_later(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_rendered_later(item) for item in value)
    return not isinstance(value, int | float | bool | None)


def known_now(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments whose value is known while the DAG is parsed."""
    return {name: value for name, value in arguments.items() if not is_rendered_later(value)}


def rendered_later(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the arguments whose value is not known yet."""
    return frozenset(name for name, value in arguments.items() if is_rendered_later(value))


def without_rendered_none(written: Any, rendered: Any) -> Any:
    """Return rendered values, with None for each template that had no value.

    Jinja renders None as the text ``None``, which would be sent, and paid for, as a text.

    :param written: the same values before they were rendered.
    """
    if isinstance(written, str):
        is_none = isinstance(rendered, str) and rendered.strip() == "None" and _EXPRESSION.fullmatch(written)
        return None if is_none else rendered
    if isinstance(written, Mapping) and isinstance(rendered, Mapping):
        return {name: without_rendered_none(written.get(name), value) for name, value in rendered.items()}
    both_lists = isinstance(written, list | tuple) and isinstance(rendered, list | tuple)
    if both_lists and len(written) == len(rendered):
        return [without_rendered_none(*pair) for pair in zip(written, rendered, strict=True)]
    return rendered
