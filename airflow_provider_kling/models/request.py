"""A request to a model: strict fields, rules between them, and one error that names all that are broken."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self, Unpack

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.http.message import encode_json
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.cost import Estimate, estimate
from airflow_provider_kling.models.facts import MediaLimits, ModelVersion
from airflow_provider_kling.models.model import KlingModel, ModelName
from airflow_provider_kling.models.registry import find_model


class _Target(NamedTuple):
    """The model that a request is for, and the API version whose fields it has, where these are known."""

    model: ModelName | None = None
    version: ModelVersion | None = None


class KlingRequest(BaseModel):
    """The parameters of a request to a model, checked. The base of all request classes.

    A broken rule raises :class:`~airflow_provider_kling.exceptions.KlingRequestError`, which names every one.
    A field that is None counts as not given. Types are strict: ``"5"`` is not a number.

    A class serves every model with its fields (``docs/models.md``). Requests for all of them are made by
    :func:`~airflow_provider_kling.models.parse_request`; those for ``default_model`` also by the class.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)

    default_model: ClassVar[str | None] = None
    """The model of a request that is made by calling the class; None where the class serves several alike."""

    _target: _Target = PrivateAttr(default=_Target())

    def __init_subclass__(cls, *, default_model: str | None = None, **config: Unpack[ConfigDict]) -> None:
        super().__init_subclass__(**config)
        cls.default_model = default_model or cls.default_model

    @property
    def model(self) -> ModelName:
        """The model that the request is for.

        :raises KlingRequestError: the class serves several models, and none was named.
        """
        if self._target.model is None:
            rule = "must be named: several models have these fields; use parse_request()"
            broken = [BrokenRule(field="model", rule=rule)]
            raise KlingRequestError(subject=type(self).__name__, broken=broken)
        return self._target.model

    @property
    def api_version(self) -> str | None:
        """The API version whose fields the request has; None where that is not known."""
        return self._target.version.api_version if self._target.version else None

    @property
    def media_limits(self) -> Mapping[MediaType, MediaLimits]:
        """What is documented of the files that the request may bring; checked where a file is at hand."""
        return self._target.version.media_limits if self._target.version else {}

    @property
    def estimate(self) -> Estimate | None:
        """What it will cost at the service whose prices are published; None where that is not known."""
        return estimate(self._target.version, self.body()) if self._target.version else None

    @property
    def declaring_class(self) -> type[KlingRequest]:
        """The class that declares the request's fields. An unchecked request may break the rules of one."""
        return self._target.version.request_class if self._target.version else type(self)

    @classmethod
    def for_model(cls, model: ModelName, version: ModelVersion | None, parameters: Mapping[str, Any]) -> Self:
        """Check ``parameters`` for one of the models that have these fields.

        :raises KlingRequestError: one or more rules are broken; the message names each.
        """
        return cls.model_validate(parameters, context=_Target(model, version))

    @classmethod
    def unquoted(
        cls, parameters: Mapping[str, Any], *, templated: AbstractSet[str] = frozenset()
    ) -> dict[str, Any]:
        """Turn back values that come from templates, which turn numbers, booleans and lists into text.

        :param templated: the fields that were written as templates. Rendered as native objects, the text
            ``42`` of such a field is a number.
        """
        types = _json_types(cls)
        turned = {
            name: _unquoted(value, types[name]) if name in types else value
            for name, value in parameters.items()
        }
        texts = {name for name in templated & types.keys() if types[name] <= {"string", "null"}}
        numbers = {name: str(turned[name]) for name in texts if isinstance(turned.get(name), int | float)}
        return {**turned, **numbers}

    def body(self) -> dict[str, Any]:
        """Return the fields that were given, ready for JSON. The service applies its defaults."""
        return self.model_dump(mode="json", exclude_unset=True)

    def body_for(self, model: KlingModel) -> dict[str, Any]:
        """Return the fields that were given, for a request to a model.

        :param model: the one that was named for the request, or another one with the fields of its class.
        :raises KlingRequestError: the request was made for another model, which would not be the one paid.
        """
        named, names = self._target.model, {base.__name__ for base in type(self).__mro__}
        is_by_class = named is None or str(named) == self.default_model  # not by parse_request()
        fits = any(one.request in names for one in model.versions) or (
            named is None and isinstance(self, UncheckedRequest)
        )
        if named != model.name and not (is_by_class and fits):
            rule = f"must be for {model.name}; this is a request for {named or type(self).__name__}"
            broken = [BrokenRule(field="parameters", rule=rule)]
            raise KlingRequestError(subject=str(model.name), broken=broken)
        return self.body()

    @model_validator(mode="wrap")
    @classmethod
    def _name_every_broken_rule(
        cls, values: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if not isinstance(values, Mapping):
            return handler(values)
        target = info.context if isinstance(info.context, _Target) else cls._default_target()
        given = {name: value for name, value in values.items() if value is not None}
        broken: list[BrokenRule] = []
        request = None
        try:
            request = handler(given)
        except ValidationError as error:
            broken += [cls._broken_rule(line) for line in error.errors(include_url=False)]
        broken += cls._conditional_rules(given)
        if broken or request is None:
            raise KlingRequestError(subject=str(target.model or cls.__name__), broken=broken)
        request._target = target
        return request

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterable[BrokenRule]:
        """Yield the broken rules that look at more than one field of the raw values ``given``."""
        del given
        return ()

    @classmethod
    def _default_target(cls) -> _Target:
        if cls.default_model is None:
            return _Target()
        model = find_model(cls.default_model)
        names = {base.__name__ for base in cls.__mro__}
        return _Target(model.name, next((one for one in model.versions if one.request in names), None))

    @classmethod
    def _broken_rule(cls, line: ErrorDetails) -> BrokenRule:
        name, *items = line["loc"]
        field = f"{name}{''.join(f'[{item}]' for item in items)}"
        phrase, bounds = _RULES.get(line["type"]), line.get("ctx", {})
        rule = phrase.format(fields=", ".join(cls.model_fields), **bounds) if phrase else line["msg"]
        if line["type"] in _NOT_TEXT and isinstance(line["input"], str):
            rule += "; a template that gives one ends in `| tojson`"
        return BrokenRule(field=field, rule=rule, value=None if line["type"] == "missing" else line["input"])


class UncheckedRequest(KlingRequest):
    """Any fields, with any values that JSON can hold. The service checks them before it bills anything.

    :func:`~airflow_provider_kling.models.parse_request` returns one for a model that this release does not
    know, and where only inferred rules are broken.
    """

    model_config = ConfigDict(extra="allow")

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterable[BrokenRule]:
        try:
            encode_json(given, subject=cls.__name__)
        except KlingRequestError as error:
            return error.broken
        return ()

    def body(self) -> dict[str, Any]:
        """Return the fields as they were given."""
        return dict(self.model_extra or {})


def parse_request(
    model: str, parameters: Mapping[str, Any] | KlingRequest, *, api_version: str | None = None
) -> KlingRequest:
    """Check ``parameters`` against every documented rule of ``model``.

    Rules that are only inferred warn (:class:`~airflow_provider_kling.exceptions.KlingRequestWarning`) and
    let the request through; so does a model that has been retired or that is not known.

    :param model: the model's name; see :func:`find_model`.
    :param parameters: the model's fields; None counts as not given.
    :param api_version: the API version whose rules apply when ``parameters`` has only fields that several
        API versions of the model have. By default the oldest.
    :return: the request: one of the classes of ``docs/models.md``, or an
        :class:`~airflow_provider_kling.models.UncheckedRequest` where no documented rule applies.
    :raises KlingRequestError: one or more rules are broken, or ``parameters`` mixes fields of several API
        versions; the message names each.
    """
    given = parameters.body() if isinstance(parameters, KlingRequest) else parameters
    return find_model(model).parse(given, api_version=api_version)


_JSON_TYPES = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    list: {"array"},
    dict: {"object"},
}


@cache
def _json_types(request: type[KlingRequest]) -> Mapping[str, frozenset[str]]:
    """Return the JSON types that each field takes, whatever its bounds."""
    fields = request.model_json_schema().get("properties", {})
    return {
        name: frozenset(str(one.get("type")) for one in schema.get("anyOf", [schema]))
        for name, schema in fields.items()
    }


def _unquoted(value: Any, types: frozenset[str]) -> Any:
    """Read a text as JSON, or as Python writes it, where the field has another type than text.

    Lists may also come as other sequences.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | list | bytes | bytearray):
        return list(value)
    if not isinstance(value, str) or "string" in types:
        return value
    for read_text in (json.loads, ast.literal_eval):
        try:
            read = read_text(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return value if types.isdisjoint(_JSON_TYPES.get(type(read), ())) else read
    return value


_NOT_TEXT = frozenset({"list_type", "dict_type"})

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
    "string_unicode": "must be a text that can be encoded: it holds half of a character (a lone surrogate)",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be a dict",
}
