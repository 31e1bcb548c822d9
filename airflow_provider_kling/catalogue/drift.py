"""Differences between a model of this release and what a service publishes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_kling.models import KlingModel

FieldRules = dict[str, Any]
"""The rules of one field by keyword. ``required`` is one of them; ``items`` holds those of a list's items."""

_KEYWORDS = (
    *("type", "enum", "default"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)


def differences(model: KlingModel, published: Mapping[str, Any]) -> list[str]:
    """Return how the published schema of a model's request differs from this release, a line each.

    A service publishes one API version. Of ours, the one that differs least is compared. Rules between fields
    are not part of such a schema and are not compared.
    """
    theirs = field_rules(published)
    lines = []
    for version in model.versions:
        ours = field_rules(version.request_class.model_json_schema())
        lines.append([f"{line} ({version.api_version})" for line in rule_differences(ours, theirs)])
    return min(lines, key=len)


def field_rules(schema: Mapping[str, Any]) -> dict[str, FieldRules]:
    """Return the rules of each field of an object's schema, in the order of the schema."""
    required = schema.get("required", ())
    return {
        name: {**_rules(field), "required": name in required}
        for name, field in schema.get("properties", {}).items()
    }


def rule_differences(ours: Mapping[str, FieldRules], theirs: Mapping[str, FieldRules]) -> Iterator[str]:
    """Yield how the service's rules differ from ours, one line for each difference."""
    for name in [*ours, *(new for new in theirs if new not in ours)]:
        if name not in theirs:
            yield f"{name}: is not at the service"
        elif name not in ours:
            yield f"{name}: is at the service, but this release does not know it"
        else:
            yield from _field_differences(name, ours[name], theirs[name])


def _field_differences(name: str, ours: FieldRules, theirs: FieldRules) -> Iterator[str]:
    for keyword in sorted(ours.keys() | theirs.keys()):
        our, their = ours.get(keyword), theirs.get(keyword)
        if keyword == "items" and isinstance(our, dict) and isinstance(their, dict):
            yield from _field_differences(f"{name}[]", our, their)
        elif not _agree(keyword, our, their):
            yield f"{name}: {keyword} is {_shown(our)} here, {_shown(their)} at the service"


def _agree(keyword: str, our: object, their: object) -> bool:
    if keyword == "enum" and isinstance(our, list) and isinstance(their, list):
        return set(our) == set(their)
    # A default that only one of them states changes nothing that is sent. An empty text is not a link and not
    # Base64, whether the schema says so or not.
    if keyword == "default" or (keyword == "minLength" and 1 in (our, their)):
        return our == their or None in (our, their)
    return our == their


def _shown(value: object) -> str:
    return "not given" if value is None else repr(value)


def _rules(schema: Mapping[str, Any]) -> FieldRules:
    values = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(values) == 1:  # a field that may be null has the rules of its value
        schema = {**schema, **values[0]}
    rules = {key: schema[key] for key in _KEYWORDS if schema.get(key) is not None}
    if "const" in schema:
        rules["enum"] = [schema["const"]]
    if "items" in schema:
        rules["items"] = _rules(schema["items"])
    if _is_range(choices := rules.get("enum", [])):
        del rules["enum"]
        rules["minimum"], rules["maximum"] = min(choices), max(choices)
    return rules


def _is_range(choices: Sequence[Any]) -> bool:
    """Tell whether choices are whole numbers without a gap, which bounds express as well."""
    whole = all(isinstance(choice, int) and not isinstance(choice, bool) for choice in choices)
    return whole and len(choices) > 2 and sorted(choices) == list(range(min(choices), max(choices) + 1))
