"""What every request has in common: strict fields, conditional rules, and one error that names them all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models.media_limits import MediaLimits, Medium
from airflow_provider_kling.models.name import DEFAULT_PROVIDER, ModelName


class ApiVersion(StrEnum):
    """The generation of the service's documents that a request's fields are of, by the month it came with."""

    APRIL = "2026-04"
    AUGUST = "2026-08"


class KlingRequest(BaseModel):
    """What is asked of a model. Creating one with any rule broken raises :class:`KlingRequestError`.

    A field that is None counts as not given. Types are strict: ``"5"`` is not a number.

    A class serves every model that has its fields. One that serves a single model names it; of the others,
    :func:`~airflow_provider_kling.models.parse_request` makes requests that know theirs.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    single_slug: ClassVar[str | None] = None
    """The model of a class that serves just one."""
    api_version: ClassVar[ApiVersion] = ApiVersion.APRIL
    documented: ClassVar[bool] = True
    """False where the service's documents were never seen, so that all the rules are inferred."""

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = {}
    """What is documented of the files that the request may bring; checked where a file is at hand."""

    _model: ModelName | None = PrivateAttr(default=None)

    @property
    def model(self) -> ModelName:
        """The model that is asked.

        :raises KlingRequestError: the class serves several and nobody said which.
        """
        if self._model is None:
            rule = BrokenRule(
                field="model", rule="must be named: several models have these fields; use parse_request()"
            )
            raise KlingRequestError(subject=type(self).__name__, broken=[rule])
        return self._model

    @property
    def contract(self) -> ApiVersion:
        """The generation of field names that the request is written in."""
        return self.api_version

    @classmethod
    def for_model(cls, model: ModelName, parameters: Mapping[str, Any]) -> Self:
        """Check ``parameters`` for one of the models that have these fields.

        :raises KlingRequestError: one or more rules are broken; the message names each.
        """
        return cls.model_validate(dict(parameters), context=model)

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterable[BrokenRule]:
        """Yield the broken rules that look at more than one field of the raw values ``given``."""
        del given
        return ()

    @classmethod
    def check_known(
        cls, model: ModelName, parameters: Mapping[str, Any], *, unknown: AbstractSet[str]
    ) -> None:
        """Check what can be checked while the fields ``unknown`` (templates, say) have no value yet.

        :raises KlingRequestError: a rule is broken whatever the unknown fields turn out to be.
        """
        known = {name: value for name, value in parameters.items() if name not in unknown}
        try:
            cls.for_model(model, known)
        except KlingRequestError as error:
            certain = [rule for rule in error.broken if not (rule.involves | {rule.field}) & unknown]
            if certain:
                raise KlingRequestError(subject=error.subject, broken=certain) from None

    @classmethod
    def unquoted(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Read values that come from templates, which turn numbers, switches and lists into text."""
        return {name: cls._unquoted(name, value) for name, value in parameters.items()}

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
    def _name_every_broken_rule(
        cls, values: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if not isinstance(values, Mapping):
            return handler(values)
        model = info.context if isinstance(info.context, ModelName) else cls._single_model()
        given = {name: value for name, value in values.items() if value is not None}
        broken: list[BrokenRule] = []
        request = None
        try:
            request = handler(given)
        except ValidationError as error:
            broken += [cls._broken_rule(line) for line in error.errors(include_url=False)]
        broken += cls.conditional_rules(given)
        if broken or request is None:
            raise KlingRequestError(subject=str(model or cls.__name__), broken=broken)
        request._model = model
        return request

    @classmethod
    def _single_model(cls) -> ModelName | None:
        return ModelName(DEFAULT_PROVIDER, cls.single_slug) if cls.single_slug else None

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


_JSON_TYPES: dict[type, frozenset[str]] = {
    str: frozenset({"string"}),
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
}


def _accepts(field: FieldInfo, value: object) -> bool:
    """Tell whether a value has a type that the field takes, whatever its bounds."""
    annotation: Any = field.annotation
    schema = TypeAdapter(annotation).json_schema()
    taken = {str(one.get("type")) for one in schema.get("anyOf", [schema])}
    return not taken.isdisjoint(_JSON_TYPES.get(type(value), frozenset()))


# How pydantic's kinds of error read as rules, in the words of the service's documents.
_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this model, which has {fields}",
    "string_too_short": "must have at least {min_length} character",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item",
    "too_long": "must have at most {max_length} item",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be a dict",
}


def _phrase(line: ErrorDetails, *, fields: Iterable[str]) -> str:
    rule = _RULES.get(line["type"])
    return rule.format(fields=", ".join(fields), **line.get("ctx", {})) if rule else line["msg"]
