"""What the fields of a request hold: files, texts, or values with bounds that are only inferred.

The annotations of fields are written as the facts files write them (``x-media``, ``x-prompt``,
``x-inferred``), so that a test can compare a request class with the facts of its models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.model import warn
from airflow_provider_kling.models.request import KlingRequest


class _Annotation:
    """Adds keywords to the JSON schema of a field."""

    def _keywords(self) -> dict[str, Any]:
        raise NotImplementedError

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), **self._keywords()}


@dataclass(frozen=True)
class Media(_Annotation):
    """The field's strings are files: a public URL, Base64, or a URI of the user's storage before it is sent.

    In a list or a dict it holds for every string inside, at any depth.

    :param type: None where the type is not known, which is so only for fields that no class declares.
    """

    type: MediaType | None

    def _keywords(self) -> dict[str, Any]:
        return {"x-media": str(self.type)}


@dataclass(frozen=True)
class PromptText(_Annotation):
    """The field is a text that describes the result, or what to avoid."""

    def _keywords(self) -> dict[str, Any]:
        return {"x-prompt": True}


_WORDS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "maxItems": (lambda value, bound: len(value) <= bound, "have at most {} items"),
    "maxLength": (lambda value, bound: len(value) <= bound, "have at most {} characters"),
    "minimum": (lambda value, bound: value >= bound, "be at least {}"),
    "maximum": (lambda value, bound: value <= bound, "be at most {}"),
    "enum": (lambda value, bound: value in bound, "be one of {}"),
}


@dataclass(frozen=True)
class Inferred(_Annotation):
    """Bounds that no document of a service states: beyond them, a value is sent with a warning.

    :param bounds: keywords of JSON Schema, such as ``{"maxItems": 7}``.
    """

    bounds: Mapping[str, Any] = field(hash=False)  # typing hashes annotations

    def _keywords(self) -> dict[str, Any]:
        return {"x-inferred": dict(self.bounds)}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Before pydantic 2.12, a ValidationInfo does not know the name of such a validator's field.
        check = partial(self._check, handler.field_name)
        return core_schema.with_info_after_validator_function(check, handler(source))

    def broken(self, value: Any) -> Iterator[str]:
        """Yield the bounds that a value is beyond, as the end of a sentence."""
        for keyword, bound in self.bounds.items():
            holds, words = _WORDS[keyword]
            if not holds(value, bound):
                yield words.format(", ".join(bound) if isinstance(bound, list) else bound)

    def _check(self, name: str | None, value: Any, info: ValidationInfo) -> Any:
        for rule in self.broken(value):
            field = f"{info.context.model}: {name}" if info.context else name
            warn(f"{field} should {rule}, as far as can be inferred. It is sent all the same.")
        return value


def inferred_rules(request: KlingRequest) -> Iterator[BrokenRule]:
    """Yield what a request breaks of the inferred rules, for a service whose documents state them."""
    body = request.body()
    for name, field_info in type(request).model_fields.items():
        if name in body:
            for bounds in _annotations(Inferred, (*field_info.metadata, field_info.annotation)):
                for rule in bounds.broken(body[name]):
                    yield BrokenRule(field=name, rule=f"must {rule}", value=body[name])


# The names of texts where no class says what a field holds: every documented model calls its texts so.
_PROMPTS = frozenset({"prompt", "negative_prompt"})
_UNDECLARED = Media(None)


@dataclass(frozen=True, kw_only=True)
class BodyString:
    """A string in a request body.

    :param path: where it is in the body: a field's name, keys of dicts, numbers of items in lists.
    :param value: the string itself.
    :param holds: a file and its type, a text, or None for any other value. ``Media(None)``: no class
        declares the field, so that the string may be a file of any type.
    """

    path: tuple[str | int, ...]
    value: str
    holds: Media | PromptText | None

    @property
    def name(self) -> str:
        """The path as error messages write it, such as ``dynamic_masks[0].mask``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path[1:])
        return f"{self.path[0]}{''.join(steps)}"


def body_strings(request: KlingRequest, body: Mapping[str, Any] | None = None) -> Iterator[BodyString]:
    """Yield every string of a request body, at any depth, in the order of the body.

    What a string holds is what the class of the request says of its field. Fields that it does not declare
    (those of an unknown model, and extra parameters) fall back to this rule: the strings called ``prompt`` or
    ``negative_prompt``, at any depth, are texts; any other may be a file of an unknown type.

    :param body: the body that is sent, where it has more fields than the request or other values; by default
        the request's own.
    """
    yield from field_strings(request.body() if body is None else body, of=request.declaring_class)


def field_strings(fields: Mapping[str, Any], *, of: type[KlingRequest]) -> Iterator[BodyString]:
    """Yield every string of a request's fields, which need not be valid; see :func:`body_strings`.

    :param fields: as the author names them.
    :param of: the class that says what each holds.
    """
    declared = _declared(of)
    for name, value in fields.items():
        yield from _strings((name,), value, declared.get(name, _UNDECLARED))


def _strings(path: tuple[Any, ...], value: object, holds: Media | PromptText | None) -> Iterator[BodyString]:
    if isinstance(value, str):
        is_prompt = holds is _UNDECLARED and path[-1] in _PROMPTS
        yield BodyString(path=path, value=value, holds=PromptText() if is_prompt else holds)
    elif isinstance(value, Mapping | list | tuple):
        for step, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _strings((*path, step), item, holds)


@cache
def _declared(request: type[KlingRequest]) -> Mapping[str, Media | PromptText | None]:
    return {
        name: next(_annotations((Media, PromptText), (*field.metadata, field.annotation)), None)
        for name, field in request.model_fields.items()
    }


def _annotations(kinds: Any, parts: Iterable[object]) -> Iterator[Any]:
    """Yield the annotations of some classes, at any depth of a type."""
    for part in parts:
        if isinstance(part, kinds):
            yield part
        else:
            yield from _annotations(kinds, get_args(part))
