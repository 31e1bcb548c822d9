"""What a schema says of a request, by the ``jsonschema`` library: the judge of both implementations.

Types are strict, as in the sandbox: an integer is neither ``5.0`` nor ``true``. The annotations that are
checked (``models/facts/README.md``) are added as keywords.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema.validators import extend

from tests.models.model_facts import PLATFORM_VERSIONS, VERSIONS, ModelVersion

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is wrong with a request body; nothing in a valid one.

    :param fields: the fields that break a rule. An error message names at least one of them.
    :param involved: those, and the fields in the conditions of the broken rules.
    """

    fields: frozenset[str]
    involved: frozenset[str]

    @property
    def valid(self) -> bool:
        return not self.fields


def judge(version: ModelVersion, body: Any) -> Judgement:
    """Return what the documented schema says of a body."""
    errors = list(_VALIDATORS[str(version)].iter_errors(body))
    fields = frozenset(name for error in errors for name in _fields(error))
    conditions = (name for error in errors for name in _condition(version.schema, error))
    return Judgement(fields=fields, involved=fields.union(conditions))


def exceeds_inferred(version: ModelVersion, body: Mapping[str, Any]) -> bool:
    """Whether a value is beyond a bound that is only inferred."""
    return any(
        not _Strict(field["x-inferred"]).is_valid(body[name])
        for name, field in version.fields.items()
        if name in body and "x-inferred" in field
    )


def fields_of_rules(schema: Mapping[str, Any]) -> list[str]:
    """Return the fields that rules between fields name, in the order of the schema."""
    named = {name for bound in ("x-together", "x-apart") for name in schema.get(bound, {}).get("fields", ())}
    for rule in schema.get("allOf", ()):
        for part in rule.values():
            named |= {*part.get("required", ()), *part.get("properties", ())}
    return [name for name in schema["properties"] if name in named]


def _check_media(validator: Any, kind: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if "type" in schema and isinstance(value, str) and (not value or value[:5].lower() == "data:"):
        yield jsonschema.ValidationError(f"not {kind}: {value!r}")


def _check_together(
    validator: Any, bound: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    lists = [value[name] for name in bound["fields"] if isinstance(value.get(name), list)]
    if sum(map(len, lists)) > bound["maxItems"]:
        yield jsonschema.ValidationError("too many together")


def _check_apart(
    validator: Any, bound: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    low, high = (value.get(name) for name in bound["fields"])
    if isinstance(low, int) and isinstance(high, int) and high - low < bound["minimum"]:
        yield jsonschema.ValidationError("too near to each other")


_Base = jsonschema.Draft202012Validator
_Strict: Any = extend(
    _Base,
    {"x-media": _check_media, "x-together": _check_together, "x-apart": _check_apart},
    type_checker=_Base.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def _named(schema: Any) -> Any:
    """Replace properties that are ``false``, because the library's error for them does not name them."""
    if isinstance(schema, list):
        return [_named(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = {key: _named(value) for key, value in schema.items()}
    if "properties" in named:
        fields = named["properties"].items()
        named["properties"] = {name: {"not": {}} if field is False else field for name, field in fields}
    return named


_VALIDATORS = {str(version): _Strict(_named(version.schema)) for version in (*VERSIONS, *PLATFORM_VERSIONS)}


def _fields(error: Any) -> Iterator[str]:
    if error.absolute_path:
        yield str(error.absolute_path[0])
    elif error.validator == "required":
        yield from (name for name in error.validator_value if name not in error.instance)
    elif error.validator == "additionalProperties":
        yield from error.instance.keys() - error.schema["properties"].keys()
    elif error.validator in ("x-together", "x-apart"):
        yield from error.validator_value["fields"]
    else:
        yield ""  # the body as a whole


def _condition(schema: Mapping[str, Any], error: Any) -> Iterator[str]:
    path = list(error.absolute_schema_path)
    if path[0] == "allOf":
        condition = schema["allOf"][path[1]]["if"]
        yield from (*condition.get("required", ()), *condition.get("properties", ()))
