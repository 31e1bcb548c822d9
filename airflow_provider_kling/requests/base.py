"""What every request has in common: strict fields, conditional rules, and one error that names them all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

_DATA_PREFIX = re.compile(r"^data:[^,]*;base64,", re.IGNORECASE)


def _without_data_prefix(value: object) -> object:
    """Drop ``data:image/png;base64,``: the service takes Base64 only without it (docs: kling image pages)."""
    if not isinstance(value, str):
        return value
    bare = _DATA_PREFIX.sub("", value, count=1)
    if bare[:5].lower() == "data:":
        raise PydanticCustomError("media", "must be a URL or Base64; this data: link is neither")
    return bare


def _refuse_float(value: object) -> object:
    """Keep 5.0 from passing as one of the allowed whole numbers."""
    if isinstance(value, float):
        raise PydanticCustomError("int_type", "must be a whole number")
    return value


Media = Annotated[str, Field(min_length=1), BeforeValidator(_without_data_prefix)]
"""A public URL, or a file's bytes as Base64."""

OneOfIntegers = BeforeValidator(_refuse_float)
"""For a ``Literal`` of whole numbers."""


class KlingRequest(BaseModel):
    """What is asked of a model. Creating one with any rule broken raises :class:`KlingRequestError`.

    A field that is None counts as not given. Types are strict: ``"5"`` is not a number.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    provider: ClassVar[str] = "kling"
    slug: ClassVar[str]
    expected_s: ClassVar[tuple[float, float]]
    """Shortest and longest usual time to make the result, in seconds. Only paces the polling."""

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterable[BrokenRule]:
        """Yield the broken rules that look at more than one field of the raw values ``given``."""
        del given
        return ()

    @classmethod
    def check_known(cls, parameters: Mapping[str, Any], *, unknown: AbstractSet[str]) -> None:
        """Check what can be checked while the fields ``unknown`` (templates, say) have no value yet.

        :raises KlingRequestError: a rule is broken whatever the unknown fields turn out to be.
        """
        known = {name: value for name, value in parameters.items() if name not in unknown}
        try:
            cls(**known)
        except KlingRequestError as error:
            certain = [rule for rule in error.broken if not (rule.involves | {rule.field}) & unknown]
            if certain:
                raise KlingRequestError(subject=error.subject, broken=certain) from None

    @classmethod
    def from_rendered(cls, parameters: Mapping[str, Any]) -> Self:
        """Check values that come from templates, which turn numbers, switches and lists into text.

        :raises KlingRequestError: one or more rules are broken.
        """
        if not isinstance(parameters, Mapping):
            rule = BrokenRule(field="parameters", rule="must be a dict", value=parameters)
            raise KlingRequestError(subject=cls.slug, broken=[rule])
        return cls(**{name: cls._unquoted(name, value) for name, value in parameters.items()})

    @classmethod
    def _unquoted(cls, name: str, value: Any) -> Any:
        """Read a text as JSON where the field is something else; lists may also come as other sequences."""
        field = cls.model_fields.get(name)
        if field is None:
            return value
        if isinstance(value, str):
            return value if _accepts(field, value) else _read_json(value, field=field)
        if isinstance(value, Sequence) and not isinstance(value, list | bytes | bytearray):
            return list(value)
        return value

    def body(self) -> dict[str, Any]:
        """Return the fields that were given, ready for JSON. Defaults are the service's business."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_every_broken_rule(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, Mapping):
            return handler(values)
        given = {name: value for name, value in values.items() if value is not None}
        broken: list[BrokenRule] = []
        request = None
        try:
            request = handler(given)
        except ValidationError as error:
            broken += [cls._broken_rule(line) for line in error.errors(include_url=False)]
        broken += cls.conditional_rules(given)
        if broken or request is None:
            raise KlingRequestError(subject=cls.slug, broken=broken)
        return request

    @classmethod
    def _broken_rule(cls, line: ErrorDetails) -> BrokenRule:
        name, *items = line["loc"]
        field = f"{name}{''.join(f'[{item}]' for item in items)}"
        rule = _phrase(line, fields=cls.model_fields)
        return BrokenRule(field=field, rule=rule, value=None if line["type"] == "missing" else line["input"])


def _read_json(text: str, *, field: FieldInfo) -> object:
    """Return what the text says in JSON (or ``True``, as Python writes it) if the field takes that."""
    try:
        read = json.loads(text.lower() if text in ("True", "False") else text)
    except (ValueError, RecursionError):
        return text
    return read if _accepts(field, read) else text


def _accepts(field: FieldInfo, value: object) -> bool:
    """Tell whether a value has a type that the field takes, whatever its bounds."""
    plain = {str: "string", bool: "boolean", int: "integer", list: "array"}.get(type(value))
    return plain in _json_types(field)


def _json_types(field: FieldInfo) -> set[str]:
    annotation: Any = field.annotation
    schema = TypeAdapter(annotation).json_schema()
    return {str(one.get("type")) for one in schema.get("anyOf", [schema])}


# How pydantic's kinds of error read as rules, in the words of the service's documents.
_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this model, which has {fields}",
    "string_too_short": "must have at least {min_length} character",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item",
    "too_long": "must have at most {max_length} item",
    "literal_error": "must be {expected}",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
}


def _phrase(line: ErrorDetails, *, fields: Iterable[str]) -> str:
    rule = _RULES.get(line["type"])
    return rule.format(fields=", ".join(fields), **line.get("ctx", {})) if rule else line["msg"]
