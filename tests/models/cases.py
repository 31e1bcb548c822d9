"""Requests made from the contract file: the smallest, the fullest, and one for each rule to be broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.models.contract_file import Documented
from tests.models.rules import EXCLUSIVE, FITTING, NEEDED, UNSEEN, broken_rules

LINK = "https://media.example/file"

Fields = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request.

    :param why: what makes it worth a case.
    :param field: the field that a refusal has to name; None for a request that breaks nothing.
    :param certain: whether the rule it breaks is documented; what is inferred is let through with a warning.
    """

    why: str
    body: Fields
    field: str | None = None
    certain: bool = True

    @property
    def refused(self) -> bool:
        return self.field is not None and self.certain


def cases(documented: Documented) -> list[Case]:
    """Return every case of a model's fields."""
    found = [Case(why="the smallest", body=smallest(documented))]
    found += [Case(why="every field", body=body) for body in fullest(documented)]
    found += _violations(documented)
    found += [
        Case(why=rule, body=body, field=field, certain=documented.certain)
        for rule, body, field in broken_rules(documented, smallest(documented))
    ]
    return found


def smallest(documented: Documented) -> Fields:
    """Return the required fields, and what the rules ask for beside them."""
    if not documented.fields:
        return dict(UNSEEN[documented.slug])
    required = [name for name, spec in documented.fields.items() if spec["required"]]
    needed = NEEDED.get(documented.slug, ())
    return {name: valid(documented.fields[name], name) for name in (*required, *needed)}


def fullest(documented: Documented) -> list[Fields]:
    """Return requests that no field can be added to; together they hold every field."""
    if not documented.fields:
        return []
    everything = {name: valid(spec, name) for name, spec in documented.fields.items()}
    optional = {name for name, spec in documented.fields.items() if not spec["required"]}
    pairs = [pair for pair in EXCLUSIVE.get(documented.slug, ()) if optional.issuperset(pair)]
    bodies = []
    for side in (0, 1) if pairs else (0,):
        left_out = {pair[side] for pair in pairs}
        body = {name: value for name, value in everything.items() if name not in left_out}
        for fits, values in FITTING.get(documented.slug, ()):
            if fits(body):
                body |= {name: value for name, value in values.items() if name in documented.fields}
        bodies.append(body)
    return bodies


def valid(spec: Mapping[str, Any], name: str) -> Any:
    """Return a value that a field takes."""
    if choices := spec.get("enum"):
        return choices[0]
    match spec["type"]:
        case "string":
            return "x" if "prompt" in name or "URL" not in spec.get("description", "") else LINK
        case "integer":
            return spec.get("minimum", 3)
        case "number":
            return spec.get("maximum", 1)
        case "boolean":
            return True
        case "object":
            return {"type": "simple", "config": {"zoom": 1}}
        case "array":
            return [_valid_item(spec)] * spec.get("minItems", 1)
    raise AssertionError(spec["type"])


def _valid_item(spec: Mapping[str, Any]) -> Any:
    return {"mask": LINK} if spec["items"]["type"] == "object" else LINK


_OTHER_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, ["x"]),
    "integer": ("5", 5.5, True),
    "number": ("0.5", True),
    "boolean": ("true", 1),
    "array": ("x", {}),
    "object": ("x", []),
}


def _violations(documented: Documented) -> Iterator[Case]:
    base = smallest(documented)
    for name, spec in documented.fields.items():
        if spec["required"]:
            without = {key: value for key, value in base.items() if key != name}
            yield Case(why=f"{name} missing", body=without, field=name, certain=documented.certain)
        # What is marked as inferred counts for the bounds; the type of such a field is documented.
        bounds = documented.certain and not any(mark in spec for mark in ("bounds_status", "enum_status"))
        whole = documented.certain and "INFERRED field" not in spec.get("description", "")
        for why, value in _out_of_bounds(spec):
            yield Case(why=f"{name} {why}", body={**base, name: value}, field=name, certain=bounds and whole)
        for value in _OTHER_TYPES[spec["type"]]:
            yield Case(why=f"{name} is {value!r}", body={**base, name: value}, field=name, certain=whole)
    yield Case(
        why="a field of no model",
        body={**base, "no_such_field": 1},
        field="no_such_field",
        certain=documented.certain,
    )


def _out_of_bounds(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "enum" in spec:
        yield "outside its choices", 1000 if spec["type"] == "integer" else "none of them"
    if spec.get("minLength"):
        yield "too short", "x" * (spec["minLength"] - 1)
    if "maxLength" in spec:
        yield "too long", "x" * (spec["maxLength"] + 1)
    step = 1 if spec["type"] == "integer" else 0.01
    if "minimum" in spec:
        yield "too small", spec["minimum"] - step
    if "maximum" in spec:
        yield "too large", spec["maximum"] + step
    if spec["type"] == "array":
        item = _valid_item(spec)
        if spec.get("minItems"):
            yield "too few", [item] * (spec["minItems"] - 1)
        if "maxItems" in spec:
            yield "too many", [item] * (spec["maxItems"] + 1)
        yield "of the wrong type", [5] * spec.get("minItems", 1)
        if spec["items"].get("minLength"):
            yield "with an empty one", [""] * spec.get("minItems", 1)
