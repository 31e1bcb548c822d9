"""What a JSON Schema says of each field, in one form, whether this package or the service wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Facts = dict[str, Any]
"""A field's facts by keyword; ``required`` is among them, ``items`` holds those of a list's items."""

_KEYWORDS = (
    "type",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "default",
)


def facts_of(schema: Mapping[str, Any]) -> dict[str, Facts]:
    """Return the facts of each field of an object's schema, in the schema's order."""
    required = schema.get("required", ())
    return {
        name: {**_facts(field), "required": name in required}
        for name, field in schema.get("properties", {}).items()
    }


def _facts(schema: Mapping[str, Any]) -> Facts:
    schema = _without_null(schema)
    facts = {key: schema[key] for key in _KEYWORDS if schema.get(key) is not None}
    if "const" in schema:
        facts["enum"] = [schema["const"]]
    if "items" in schema:
        facts["items"] = _facts(schema["items"])
    if _is_range(choices := facts.get("enum", [])):
        del facts["enum"]
        facts["minimum"], facts["maximum"] = min(choices), max(choices)
    return facts


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a field that may be null as that of its value."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return {**schema, **options[0]} if len(options) == 1 else schema


def _is_range(choices: Sequence[Any]) -> bool:
    """Tell whether choices are whole numbers without a gap, which bounds say as well."""
    whole = all(isinstance(choice, int) and not isinstance(choice, bool) for choice in choices)
    return whole and len(choices) > 2 and sorted(choices) == list(range(min(choices), max(choices) + 1))
