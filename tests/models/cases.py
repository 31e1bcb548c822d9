"""Request bodies for a schema: the smallest, the fullest, each with one value changed, and rules combined."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from tests.models.model_facts import ModelVersion
from tests.models.oracle import Body, fields_of_rules, judge

LINK = "https://media.example/file"
_ABSENT: Any = object()

_OTHER_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, ["x"], None),
    "integer": ("5", 5.0, 5.5, True, None),
    "number": ("0.5", True, None),
    "boolean": ("true", 1, None),
    "array": ("x", {}, None),
    "object": ("x", [], None),
}


def bodies(version: ModelVersion) -> Iterator[Body]:
    """Yield bodies, valid and not; together they try each field, each bound and each rule of a schema."""
    bases = [smallest(version), *fullest(version)]
    yield from bases
    yield {}
    for base in bases:
        yield {**base, "no_such_field": 1}
        yield from ({key: value for key, value in base.items() if key != name} for name in base)
        for name, field in version.fields.items():
            yield from ({**base, name: value} for value in (*_valid(version, name), *_invalid(field)))
    yield from _combinations(version, bases[0])


def smallest(version: ModelVersion) -> Body:
    """Return a valid body that no field can be taken from."""
    body = {name: _valid(version, name)[0] for name in version.schema.get("required", ())}
    names = [name for name in version.fields if name not in body]
    for count in range(len(names) + 1):
        for added in itertools.combinations(names, count):
            fuller = body | {name: _valid(version, name)[0] for name in added}
            if judge(version, fuller).valid:
                return fuller
    raise AssertionError(f"{version} has no valid body")


def fullest(version: ModelVersion) -> list[Body]:
    """Return valid bodies to which no field can be added; together they have every field."""
    start = smallest(version)
    found = [_filled(version, start)]
    for name in fields_of_rules(version.schema):  # some of them exclude one another
        if not any(name in body for body in found):
            valid = (body for body in _combinations(version, start) if judge(version, body).valid)
            found += [_filled(version, body) for body in valid if name in body][:1]
    return found


def _filled(version: ModelVersion, body: Body) -> Body:
    for name in version.fields:
        for value in _valid(version, name) if name not in body else ():
            if judge(version, body | {name: value}).valid:
                body = body | {name: value}
                break
    return body


def _valid(version: ModelVersion, name: str) -> list[Any]:
    """Return values that the field allows by itself, at its bounds and as its rules name them."""
    field = version.fields[name]
    named = [value for value in _named_by_rules(version.schema, name) if value not in field.get("enum", ())]
    if "enum" in field:
        return [*field["enum"], *named]
    match field.get("type"):
        case "string" if "x-media" in field:
            return [LINK]
        case "string":
            lengths = {max(1, field.get("minLength", 1)), field.get("maxLength", 1)}
            return ["x" * length for length in sorted(lengths)] + named
        case "integer":
            least = field.get("minimum", 1)
            return sorted({least, field.get("maximum", least + 2)})
        case "number":
            return sorted({field["minimum"], (field["minimum"] + field["maximum"]) / 2, field["maximum"]})
        case "boolean":
            return [False, True]
        case "array":
            item = {} if field["items"].get("type") == "object" else LINK
            fewest = field.get("minItems", 0)
            return [[item] * count for count in sorted({max(1, fewest), field.get("maxItems", 8)})]
        case "object":
            return [{"type": "simple", "config": {"zoom": 1}}]
    return ["16:9", 1]


def _named_by_rules(schema: Mapping[str, Any], name: str) -> list[Any]:
    conditions = [rule["if"].get("properties", {}).get(name) or {} for rule in schema.get("allOf", ())]
    return [
        value for part in conditions for value in part.get("enum", [part["const"]] if "const" in part else [])
    ]


def _invalid(field: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values beyond each bound of a field, and of other types."""
    kind = field.get("type")
    if kind is None:
        return
    yield from _OTHER_TYPES[kind]
    if "enum" in field:
        yield 1000 if kind == "integer" else "none of them"
    if field.get("minLength") or "x-media" in field:
        yield ""
    if "maxLength" in field:
        yield "x" * (field["maxLength"] + 1)
    step = 1 if kind == "integer" else 0.01
    if "minimum" in field:
        yield field["minimum"] - step
    if "maximum" in field:
        yield field["maximum"] + step
    if kind == "array":
        item = {} if field["items"].get("type") == "object" else LINK
        yield [item] * (field.get("minItems", 1) - 1)
        yield [item] * (field.get("maxItems", 20) + 1)
        yield [5] * field.get("minItems", 1)
        yield [*[item] * max(0, field.get("minItems", 1) - 1), ""]


def _combinations(version: ModelVersion, base: Body) -> Iterator[Body]:
    """Yield every combination of the fields that rules name: each left out, and with each of its values."""
    names = fields_of_rules(version.schema)
    choices = [[_ABSENT, *_valid(version, name)] for name in names]
    for values in itertools.product(*choices) if names else ():
        chosen = dict(zip(names, values, strict=True))
        yield {key: value for key, value in {**base, **chosen}.items() if value is not _ABSENT}
