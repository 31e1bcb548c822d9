"""The arguments of operators while the DAG is parsed: which have their value already, and which policies."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.journal.rules import OnRerun, OnUnknownSubmission

_JINJA = ("{{", "{%", "{#")


class Upload(StrEnum):
    """How media on the user's storage reach the service: see the operators' ``upload``."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_POLICIES: dict[str, type[StrEnum]] = {
    "on_unknown_submission": OnUnknownSubmission,
    "on_rerun": OnRerun,
    "upload": Upload,
}


def check_policies(**given: str) -> None:
    """Raise a :class:`KlingRequestError` if a value is not one of its policy's."""
    broken = [
        BrokenRule(field=name, rule=f"must be {' or '.join(map(repr, values))}", value=given[name])
        for name, policy in _POLICIES.items()
        if given[name] not in (values := [one.value for one in policy])
    ]
    if broken:
        raise KlingRequestError(subject="operator", broken=broken)


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
