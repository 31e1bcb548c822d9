"""The endpoints of the service, read from the fact files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from airflow_provider_kling.sandbox.core.schema_checker import Schema, unknown_keywords
from airflow_provider_kling.sandbox.kling.service.price import PackType, Price
from airflow_provider_kling.sandbox.render.render_spec import ImageOperation

_REFERENCE: Final = "$ref"


class Generation(StrEnum):
    """The two generations of the API, which are served side by side (docs: authentication)."""

    NEW = "new"
    LEGACY = "legacy"


class Form(StrEnum):
    """Whether a POST makes a task, or the response has the result."""

    TASK = "task"
    CALL = "call"


class Makes(StrEnum):
    """What an endpoint makes."""

    VIDEO = "video"
    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    ELEMENT = "element"
    CALL = "call"


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model of an endpoint.

    :param name: what a request calls it; empty for an endpoint without a choice.
    :param version: what running tasks are counted by, the same in both generations.
    """

    name: str
    version: str
    price: Price


@dataclass(frozen=True, kw_only=True)
class ContentType:
    """A type of content that an endpoint of the new standard takes.

    :param high: None: as many as the rules allow.
    """

    schema: Schema
    low: int
    high: int | None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint that makes something; ``facts/README.md`` explains the facts."""

    path: str
    generation: Generation
    form: Form
    product: str
    makes: Makes
    product_type: str | None
    pack: PackType
    models: Mapping[str, ModelVersion]
    default_model: str
    expected_seconds: tuple[float, float]
    schema: Schema
    contents: Mapping[str, ContentType]
    rules: Sequence[str]
    media_limits: Mapping[str, Mapping[str, Any]]
    audio_always: bool
    operation: ImageOperation
    result: str
    by_external_id: bool
    max_page: int

    def model_of(self, body: Mapping[str, Any]) -> ModelVersion:
        """Return the model of a checked body."""
        return self.models[str(body.get("model_name", self.default_model))]


def read_endpoints() -> Iterator[Endpoint]:
    """Yield the endpoints of the package's fact files.

    :raises ValueError: a schema uses a keyword that the checker does not know.
    """
    folder = resources.files("airflow_provider_kling") / "sandbox" / "kling" / "facts"
    shared = _json(folder / "shared.json")
    prices = {name: Price.of_facts(facts) for name, facts in _json(folder / "prices.json").items()}
    for file in sorted((folder / "endpoints").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield _endpoint(_resolved(_json(file), shared), shared=shared, prices=prices)


def _endpoint(
    facts: Mapping[str, Any], *, shared: Mapping[str, Any], prices: Mapping[str, Price]
) -> Endpoint:
    contents = {
        name: ContentType(
            schema=_resolved(shared["contents"][content["shape"]], shared),
            low=content.get("min", 0),
            high=content.get("max"),
        )
        for name, content in facts.get("contents", {}).items()
    }
    for schema in (facts["schema"], *(content.schema for content in contents.values())):
        if unknown := unknown_keywords(schema):
            raise ValueError(f"{facts['path']}: the checker does not know the keywords {sorted(unknown)}")
    models = facts.get("models") or {"": {"version": facts["version"], "price": facts["price"]}}
    return Endpoint(
        path=facts["path"],
        generation=Generation(facts["generation"]),
        form=Form(facts.get("form", Form.TASK)),
        product=facts["product"],
        makes=Makes(facts["makes"]),
        product_type=facts.get("product_type"),
        pack=PackType(facts["pack"]),
        models={
            name: ModelVersion(name=name, version=model["version"], price=prices[model["price"]])
            for name, model in models.items()
        },
        default_model=facts.get("default_model", ""),
        expected_seconds=(facts["expected_seconds"][0], facts["expected_seconds"][1]),
        schema=facts["schema"],
        contents=contents,
        rules=facts.get("rules", ()),
        media_limits=facts.get("media_limits", {}),
        audio_always=facts.get("audio") == "always",
        operation=ImageOperation(facts.get("operation", ImageOperation.GENERATE)),
        result=facts.get("result", ""),
        by_external_id=facts.get("by_external_id", True),
        max_page=facts.get("max_page", 500),
    )


def _json(file: Traversable) -> Any:
    return json.loads(file.read_text("utf-8"))


def _resolved(value: Any, shared: Mapping[str, Any]) -> Any:
    """Return a value with what its references name; the members beside a reference add to that."""
    match value:
        case dict():
            members = {key: _resolved(member, shared) for key, member in value.items() if key != _REFERENCE}
            if _REFERENCE in value:
                members = {**_resolved(shared[value[_REFERENCE]], shared), **members}
            return members
        case list():
            return [_resolved(item, shared) for item in value]
        case _:
            return value
