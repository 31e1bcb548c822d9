"""Checks a request body against the schema of a fact file, and words what is wrong.

The schemas are the subset of JSON Schema in ``KEYWORDS``, with the annotations that
``models/facts/README.md`` explains. Three of them are checked: ``x-media`` on a string, ``x-together``, and
``x-one-of``, which lists fields of which a body has exactly one.
This is not left to a library, because messages name the parameter and its bounds (Modellix's docs:
error-handling), and because types are strict here: an integer is neither ``5.0`` nor ``true`` (inferred).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]

_ABSENT: Final = object()

KEYWORDS: Final = frozenset(
    {"type", "required", "properties", "additionalProperties", "items", "minItems", "maxItems"}
    | {"minLength", "maxLength", "minimum", "maximum", "enum", "const"}
    | {"allOf", "if", "then", "else", "title", "description", "default"}
    | {"x-media", "x-role", "x-prompt", "x-inferred", "x-together", "x-one-of"}
)

_TYPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "integer": ("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


class ViolationKind(StrEnum):
    """What sort of rule is broken; each service has its own words for it."""

    PARAMETER = "parameter"
    FORMAT = "format"
    RANGE = "range"


class Violation(NamedTuple):
    """A broken rule: its kind, and a sentence that names the parameter and its bounds."""

    kind: ViolationKind
    detail: str


def first_violation(
    schema: Schema, body: Any, *, name: str = "", allow_unknown: bool = False
) -> Violation | None:
    """Return the first broken rule, or None for a valid body.

    :param name: where the value is in the body, such as ``contents[0]``; empty for the body itself.
    :param allow_unknown: accept fields that the schema does not have.
    """
    return next(_Check(allow_unknown=allow_unknown).value(schema, body, name, ""), None)


def unknown_keywords(schema: Schema) -> set[str]:
    """Return the keywords of a schema that the checker would ignore."""
    children = [*schema.get("properties", {}).values(), *schema.get("allOf", [])]
    children += [schema[key] for key in ("items", "if", "then", "else") if key in schema]
    # A property may be False instead of a schema: the field must be left out.
    return (set(schema) - KEYWORDS).union(
        *(unknown_keywords(child) for child in children if child is not False)
    )


def published(schema: Any) -> Any:
    """Return a schema without the annotations, which the service does not publish."""
    match schema:
        case dict():
            return {key: published(value) for key, value in schema.items() if not key.startswith("x-")}
        case list():
            return [published(item) for item in schema]
        case _:
            return schema


class _Check:
    """One check of a value. ``name`` is the path of the parameter, ``condition`` words the rule's "if"."""

    def __init__(self, *, allow_unknown: bool) -> None:
        self.allow_unknown = allow_unknown

    def value(self, schema: Schema, value: Any, name: str, condition: str) -> Iterator[Violation]:
        if (type_ := schema.get("type")) is not None:
            noun, matches = _TYPES[type_]
            if not matches(value):
                yield _invalid(name, f"must be {noun}", condition, got=value)
                return
        yield from _check_choice(schema, value, name, condition)
        match value:
            case str():
                yield from _check_string(schema, value, name, condition)
            case bool():
                pass
            case int() | float():
                bounds = schema.get("minimum"), schema.get("maximum")
                yield from _check_range(bounds, value, name, condition=condition)
            case list():
                bounds = schema.get("minItems"), schema.get("maxItems")
                yield from _check_range(bounds, len(value), name, unit="item", condition=condition)
                if "items" in schema:
                    for index, item in enumerate(value):
                        yield from self.value(schema["items"], item, f"{name}[{index}]", condition)
            case dict():
                yield from self.object(schema, value, name, condition)

    def object(
        self, schema: Schema, value: Mapping[str, Any], name: str, condition: str
    ) -> Iterator[Violation]:
        condition = schema.get("title", condition)
        prefix = f"{name}." if name else ""
        for field in schema.get("required", ()):
            if field not in value:
                yield _invalid(prefix + field, "is required", condition)
        known = schema.get("properties", {})
        if schema.get("additionalProperties") is False and not self.allow_unknown:
            for field in value:
                if field not in known:
                    yield _invalid(prefix + field, "is not supported", condition)
        for field, rule in known.items():
            if field not in value:
                continue
            if rule is False:
                yield _invalid(prefix + field, "must be omitted", condition)
            else:
                yield from self.value(rule, value[field], prefix + field, condition)
        yield from _check_together(schema.get("x-together"), value)
        yield from _check_one_of(schema.get("x-one-of"), value, prefix)
        for rule in schema.get("allOf", ()):
            holds = next(self.value(rule["if"], value, name, condition), None) is None
            yield from self.value(rule.get("then" if holds else "else", {}), value, name, condition)


def _check_together(bound: Schema | None, value: Mapping[str, Any]) -> Iterator[Violation]:
    if bound is None:
        return
    first, *others = bound["fields"]
    count = sum(len(value.get(field, ())) for field in bound["fields"])
    condition = f"together with {' and '.join(_quoted(field) for field in others)}"
    yield from _check_range((None, bound["maxItems"]), count, first, unit="item", condition=condition)


def _check_one_of(fields: Sequence[str] | None, value: Mapping[str, Any], prefix: str) -> Iterator[Violation]:
    if fields is not None and sum(field in value for field in fields) != 1:
        names = " or ".join(_quoted(prefix + field) for field in fields)
        yield Violation(ViolationKind.PARAMETER, f"exactly one of the parameters {names} is required")


def _check_choice(schema: Schema, value: Any, name: str, condition: str) -> Iterator[Violation]:
    if "const" in schema and schema["const"] != value:
        yield _invalid(name, f"must be {_quoted(schema['const'])}", condition, got=value)
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(_quoted(choice) for choice in schema["enum"])
        yield _invalid(name, f"must be one of {choices}", condition, got=value)


def _check_string(schema: Schema, value: str, name: str, condition: str) -> Iterator[Violation]:
    bounds = schema.get("minLength"), schema.get("maxLength")
    yield from _check_range(bounds, len(value), name, unit="character", condition=condition)
    # Without a type, x-media only annotates.
    if "type" in schema and "x-media" in schema and (not value or value[:5].lower() == "data:"):
        detail = f"parameter '{name}' must be a URL or a Base64 string without the 'data:' prefix"
        yield Violation(ViolationKind.FORMAT, detail)


def _check_range(
    bounds: tuple[float | None, float | None], got: float, name: str, *, unit: str = "", condition: str
) -> Iterator[Violation]:
    low, high = bounds
    if (low is None or got >= low) and (high is None or got <= high):
        return
    if high is None:
        rule = f"at least {low}"
    elif low is None:
        rule = f"at most {high}"
    elif low == high:
        rule = f"exactly {low}"
    else:
        rule = f"between {low} and {high}"
    if unit and (high or low) != 1:
        unit += "s"
    words = [f"parameter '{name}' must be {rule}", unit, condition]
    yield Violation(ViolationKind.RANGE, f"{' '.join(filter(None, words))}, got {got}")


def _invalid(name: str, rule: str, condition: str, *, got: Any = _ABSENT) -> Violation:
    subject = f"parameter '{name}'" if name else "the request body"
    detail = " ".join(filter(None, [subject, rule, condition]))
    return Violation(ViolationKind.PARAMETER, detail if got is _ABSENT else f"{detail}, got {_quoted(got)}")


def _quoted(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
