"""Which arguments have their value when the DAG is parsed, and which only at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_JINJA = ("{{", "{%", "{#")


def is_rendered_later(value: object) -> bool:
    """Tell whether a value is, or holds, a template, an XComArg or anything else that Airflow resolves."""
    if isinstance(value, str):
        return any(mark in value for mark in _JINJA)
    if isinstance(value, Mapping):
        return any(is_rendered_later(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_rendered_later(item) for item in value)
    return not isinstance(value, int | float | bool | None)


def rendered_later(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the arguments whose value is not known yet."""
    return frozenset(name for name, value in arguments.items() if is_rendered_later(value))
