"""JSON Schemas of request bodies, compared field by field, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FieldRules = dict[str, Any]
"""The rules of one field by keyword. ``required`` is one of them; ``items`` holds those of a list's items."""

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
_ABSENT = object()


def field_rules(schema: Mapping[str, Any], *, annotations: bool = False) -> dict[str, FieldRules]:
    """Return the rules of each field of an object's schema, in the order of the schema.

    :param annotations: with the annotations of the facts files, which no service publishes.
    """
    required = schema.get("required", ())
    return {
        name: {
            **_rules(field, annotations=annotations),
            **(_file(field) if annotations else {}),
            "required": name in required,
        }
        for name, field in schema.get("properties", {}).items()
    }


def schema_differences(
    ours: Mapping[str, FieldRules], theirs: Mapping[str, FieldRules], *, place: str
) -> Iterator[str]:
    """Yield how ``theirs`` differs from ``ours``, one line for each difference.

    Rules between fields are not compared.

    :param place: where ``theirs`` is from, for the lines: ``at the service``.
    """
    for name in [*ours, *(new for new in theirs if new not in ours)]:
        if name not in theirs:
            yield f"{name}: is not {place}"
        elif name not in ours:
            yield f"{name}: is {place}, but this release does not know it"
        else:
            yield from _field_differences(name, ours[name], theirs[name], place=place)


def _field_differences(name: str, ours: FieldRules, theirs: FieldRules, *, place: str) -> Iterator[str]:
    for keyword in sorted(ours.keys() | theirs.keys()):
        our, their = ours.get(keyword, _ABSENT), theirs.get(keyword, _ABSENT)
        if keyword == "items" and isinstance(our, dict) and isinstance(their, dict):
            yield from _field_differences(f"{name}[]", our, their, place=place)
        elif not _agree(keyword, our, their):
            yield f"{name}: {keyword} is {_shown(our)} here, {_shown(their)} {place}"


def _agree(keyword: str, our: object, their: object) -> bool:
    if keyword == "enum" and isinstance(our, list) and isinstance(their, list):
        return set(our) == set(their)
    # A default that only one of them states changes nothing that is sent. An empty text is not a link and not
    # Base64, whether the schema says so or not.
    if keyword == "default" or (keyword == "minLength" and 1 in (our, their)):
        return our == their or _ABSENT in (our, their)
    return our == their


def _shown(value: object) -> str:
    return "not given" if value is _ABSENT else repr(value)


def _rules(schema: Mapping[str, Any], *, annotations: bool) -> FieldRules:
    schema = _without_null(schema)
    keywords = (*_KEYWORDS, "x-prompt", "x-inferred") if annotations else _KEYWORDS
    rules = {key: schema[key] for key in keywords if schema.get(key) is not None}
    if "const" in schema:
        rules["enum"] = [schema["const"]]
    if "items" in schema:
        rules["items"] = _rules(schema["items"], annotations=annotations)
    if _is_range(choices := rules.get("enum", [])):
        del rules["enum"]
        rules["minimum"], rules["maximum"] = min(choices), max(choices)
    return rules


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a field that may be null as that of its value."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return {**schema, **options[0]} if len(options) == 1 else schema


def _is_range(choices: Sequence[Any]) -> bool:
    """Tell whether choices are whole numbers without a gap, which bounds express as well."""
    whole = all(isinstance(choice, int) and not isinstance(choice, bool) for choice in choices)
    return whole and len(choices) > 2 and sorted(choices) == list(range(min(choices), max(choices) + 1))


def _file(schema: Any) -> FieldRules:
    """Return the media type of a field's files, which may be named at any depth."""
    if isinstance(schema, Mapping):
        if "x-media" in schema:
            return {"x-media": schema["x-media"]}
        schema = list(schema.values())
    inner = schema if isinstance(schema, list) else ()
    return next((found for one in inner if (found := _file(one))), {})
