"""Finds the input files in a checked body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from airflow_provider_kling.sandbox.core.schema_checker import Schema
from airflow_provider_kling.sandbox.render.render_spec import MediaKind, MediaReference

_MASK: Final = "mask"
_KINDS: Final = {
    "first_frame": MediaKind.IMAGE,
    "refer_image": MediaKind.IMAGE,
    "image": MediaKind.IMAGE,
    "feature_video": MediaKind.VIDEO,
    "base_video": MediaKind.VIDEO,
    "video": MediaKind.VIDEO,
    "last_frame": MediaKind.IMAGE,
}


def legacy_inputs(schema: Schema, value: Any, prefix: str = "") -> Iterator[MediaReference]:
    """Yield the files that the schema's annotations name, in its order, without masks."""
    for name, rule in schema.get("properties", {}).items():
        if not isinstance(rule, Mapping) or not isinstance(value, Mapping) or name not in value:
            continue
        yield from _of_rule(rule, value[name], f"{prefix}{name}")


def _of_rule(rule: Mapping[str, Any], value: Any, name: str) -> Iterator[MediaReference]:
    match value:
        case str() if "x-media" in rule and rule.get("x-role") != _MASK:
            yield MediaReference(name=name, kind=MediaKind(rule["x-media"]), text=value)
        case list():
            for index, item in enumerate(value):
                yield from _of_rule(rule.get("items", {}), item, f"{name}[{index}]")
        case dict():
            yield from legacy_inputs(rule, value, f"{name}.")


def new_inputs(contents: list[Mapping[str, Any]]) -> Iterator[MediaReference]:
    """Yield the files of ``contents`` in the order in which they are used: a last frame comes last."""
    for kind in _KINDS:
        for index, content in enumerate(contents):
            if content["type"] == kind:
                yield MediaReference(name=f"contents[{index}].url", kind=_KINDS[kind], text=content["url"])
