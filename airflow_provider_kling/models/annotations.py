"""Annotations of request fields: which files a field holds, which text, and which of its bounds are inferred.

They are written as the facts files write them (``x-media``, ``x-prompt``, ``x-inferred``), so that a test can
compare a request class with the facts of its models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.warn import warn


class _Annotation:
    """Adds keywords to the JSON schema of a field."""

    def keywords(self) -> dict[str, Any]:
        raise NotImplementedError

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), **self.keywords()}


@dataclass(frozen=True)
class Media(_Annotation):
    """The field's strings are files: a public URL, Base64, or a URI of the user's storage before it is sent.

    In a list or a dict it holds for every string inside, at any depth.

    :param type: None where the type is not known, which is so only for fields that no class declares.
    """

    type: MediaType | None

    def keywords(self) -> dict[str, Any]:
        """Return ``x-media``."""
        return {"x-media": str(self.type)}


@dataclass(frozen=True)
class PromptText(_Annotation):
    """The field is a text that describes the result, or what to avoid."""

    def keywords(self) -> dict[str, Any]:
        """Return ``x-prompt``."""
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

    def keywords(self) -> dict[str, Any]:
        """Return ``x-inferred``."""
        return {"x-inferred": dict(self.bounds)}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        for keyword, bound in self.bounds.items():
            holds, words = _WORDS[keyword]
            if not holds(value, bound):
                field = f"{info.context}: {info.field_name}" if info.context else info.field_name
                rule = words.format(", ".join(bound) if isinstance(bound, list) else bound)
                warn(f"{field} should {rule}, as far as can be inferred. It is sent all the same.")
        return value
