"""Checks a request body against a contract's schema, and words what is wrong as the service does.

The schemas are JSON Schema, as the service publishes them, in the subset named by ``KEYWORDS``, and two marks
of our own: the format ``media`` (a URL or a Base64 string), and ``x-together``, which bounds the items of
several arrays together. A checker of our own instead of a library, because the service's texts name the
parameter and the bounds (docs: error-handling), and because its types are taken strictly here: an integer is
neither ``5.0`` nor ``true`` (inferred).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from airflow_provider_kling.sandbox.refusal import Category

Schema = Mapping[str, Any]

_ABSENT: Final = object()

KEYWORDS: Final = frozenset(
    {"type", "required", "properties", "additionalProperties", "items", "minItems", "maxItems"}
    | {"minLength", "maxLength", "minimum", "maximum", "enum", "const", "format"}
    | {"allOf", "if", "then", "else", "title", "description", "default"}
    | {"x-together"}
)

_TYPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "integer": ("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


class Violation(NamedTuple):
    """One broken rule: the category of the service's message, and the detail that follows it."""

    category: Category
    detail: str


def first_violation(schema: Schema, body: Any, *, allow_unknown: bool = False) -> Violation | None:
    """Return the first broken rule, or None when the body is acceptable."""
    return next(_Walk(allow_unknown=allow_unknown).value(schema, body, "", ""), None)


def unknown_keywords(schema: Schema) -> set[str]:
    """Return the keywords of a schema that the checker would ignore; a contract file must have none."""
    children = [*schema.get("properties", {}).values(), *schema.get("allOf", [])]
    children += [schema[key] for key in ("items", "if", "then", "else") if key in schema]
    # A property may be False in place of a schema: then it must be left out.
    return (set(schema) - KEYWORDS).union(
        *(unknown_keywords(child) for child in children if child is not False)
    )


def published(schema: Any) -> Any:
    """Return a schema without the marks that are ours alone."""
    match schema:
        case dict():
            ours = {"x-together"} | ({"format"} if schema.get("format") == "media" else set())
            return {key: published(value) for key, value in schema.items() if key not in ours}
        case list():
            return [published(item) for item in schema]
        case _:
            return schema


class _Walk:
    """One pass over a schema and a value; ``where`` names the parameter, ``when`` the condition in force."""

    def __init__(self, *, allow_unknown: bool) -> None:
        self.allow_unknown = allow_unknown

    def value(self, schema: Schema, value: Any, where: str, when: str) -> Iterator[Violation]:
        if (kind := schema.get("type")) is not None:
            noun, belongs = _TYPES[kind]
            if not belongs(value):
                yield _wrong(where, f"must be {noun}", when, got=value)
                return
        yield from _choice(schema, value, where, when)
        match value:
            case str():
                yield from _text(schema, value, where, when)
            case bool():
                pass
            case int() | float():
                bounds = schema.get("minimum"), schema.get("maximum")
                yield from _range(bounds, value, where, when=when)
            case list():
                bounds = schema.get("minItems"), schema.get("maxItems")
                yield from _range(bounds, len(value), where, unit="item", when=when)
                if "items" in schema:
                    for index, item in enumerate(value):
                        yield from self.value(schema["items"], item, f"{where}[{index}]", when)
            case dict():
                yield from self.fields(schema, value, where, when)

    def fields(self, schema: Schema, value: Mapping[str, Any], where: str, when: str) -> Iterator[Violation]:
        when = schema.get("title", when)
        prefix = f"{where}." if where else ""
        for name in schema.get("required", ()):
            if name not in value:
                yield _wrong(prefix + name, "is required", when)
        known = schema.get("properties", {})
        if schema.get("additionalProperties") is False and not self.allow_unknown:
            for name in value:
                if name not in known:
                    yield _wrong(prefix + name, "is not supported", when)
        for name, field in known.items():
            if name not in value:
                continue
            if field is False:
                yield _wrong(prefix + name, "must be omitted", when)
            else:
                yield from self.value(field, value[name], prefix + name, when)
        yield from _together(schema.get("x-together"), value)
        for rule in schema.get("allOf", ()):
            holds = next(self.value(rule["if"], value, where, when), None) is None
            yield from self.value(rule.get("then" if holds else "else", {}), value, where, when)


def _together(bound: Schema | None, value: Mapping[str, Any]) -> Iterator[Violation]:
    if bound is None:
        return
    first, *others = bound["fields"]
    count = sum(len(value.get(name, ())) for name in bound["fields"])
    beside = f"together with {' and '.join(_shown(name) for name in others)}"
    yield from _range((None, bound["maxItems"]), count, first, unit="item", when=beside)


def _choice(schema: Schema, value: Any, where: str, when: str) -> Iterator[Violation]:
    if "const" in schema and schema["const"] != value:
        yield _wrong(where, f"must be {_shown(schema['const'])}", when, got=value)
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(_shown(choice) for choice in schema["enum"])
        yield _wrong(where, f"must be one of {choices}", when, got=value)


def _text(schema: Schema, value: str, where: str, when: str) -> Iterator[Violation]:
    bounds = schema.get("minLength"), schema.get("maxLength")
    yield from _range(bounds, len(value), where, unit="character", when=when)
    if schema.get("format") == "media" and (not value or value[:5].lower() == "data:"):
        detail = f"parameter '{where}' must be a URL or a Base64 string without the 'data:' prefix"
        yield Violation(Category.INVALID_FORMAT, detail)


def _range(
    bounds: tuple[float | None, float | None], got: float, where: str, *, unit: str = "", when: str
) -> Iterator[Violation]:
    low, high = bounds
    if (low is None or got >= low) and (high is None or got <= high):
        return
    if high is None:
        asked = f"at least {low}"
    elif low is None:
        asked = f"at most {high}"
    elif low == high:
        asked = f"exactly {low}"
    else:
        asked = f"between {low} and {high}"
    if unit and (high or low) != 1:
        unit += "s"
    words = [f"parameter '{where}' must be {asked}", unit, when]
    yield Violation(Category.OUT_OF_RANGE, f"{' '.join(filter(None, words))}, got {got}")


def _wrong(where: str, what: str, when: str, *, got: Any = _ABSENT) -> Violation:
    subject = f"parameter '{where}'" if where else "the request body"
    detail = " ".join(filter(None, [subject, what, when]))
    return Violation(
        Category.INVALID_PARAMETERS, detail if got is _ABSENT else f"{detail}, got {_shown(got)}"
    )


def _shown(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
