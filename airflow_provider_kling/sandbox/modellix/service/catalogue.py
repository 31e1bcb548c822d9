"""The models of the service, read from the fact files, and which API version a submit path is held to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from airflow_provider_kling.sandbox.core.schema_checker import (
    Schema,
    Violation,
    first_violation,
    unknown_keywords,
)
from airflow_provider_kling.sandbox.modellix.service.prices import Price
from airflow_provider_kling.sandbox.modellix.settings import AcceptedVersions, Retired


class ApiVersion(StrEnum):
    """A version of the service's field names, called after the month in which it appeared."""

    APRIL = "2026-04"
    AUGUST = "2026-08"


class PathForm(StrEnum):
    """The two forms of a submit path: what follows the slug."""

    PLAIN = ""
    ASYNC = "/async"


# The API versions for a request, by the versions that the service accepts and by the form of the path. The
# first one that the model has is used. In August 2026 the path lost its suffix and the old form stayed as an
# alias; a service that accepts both versions serves clients of both.
_PREFERENCE: Mapping[AcceptedVersions, Mapping[PathForm, tuple[ApiVersion, ...]]] = {
    AcceptedVersions.APRIL: {PathForm.ASYNC: (ApiVersion.APRIL,), PathForm.PLAIN: ()},
    AcceptedVersions.AUGUST: {
        PathForm.ASYNC: (ApiVersion.AUGUST, ApiVersion.APRIL),
        PathForm.PLAIN: (ApiVersion.AUGUST, ApiVersion.APRIL),
    },
    AcceptedVersions.BOTH: {
        PathForm.ASYNC: (ApiVersion.APRIL, ApiVersion.AUGUST),
        PathForm.PLAIN: (ApiVersion.AUGUST, ApiVersion.APRIL),
    },
}

_ANY_OBJECT: Final[Schema] = {"type": "object"}
_DOCUMENTED: Final = "documented"  # the only certainty whose rules are enforced


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model in one API version; its facts are explained in ``models/facts/README.md``.

    :param enforced: whether requests are checked against the schema. One that is only inferred is published,
        but not enforced.
    :param media_limits: bounds of the input files by kind; empty where no document has any.
    :param price: None where no document has one.
    """

    api_version: ApiVersion
    enforced: bool
    schema: Schema
    assumed: Mapping[str, Any]
    media_limits: Mapping[str, Mapping[str, Any]]
    price: Price | None

    def violation(self, body: Any, *, allow_unknown: bool = False) -> Violation | None:
        """Return the first documented rule that a request body breaks, or None."""
        schema = self.schema if self.enforced else _ANY_OBJECT
        return first_violation(schema, body, allow_unknown=allow_unknown)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of the service; its facts are explained in ``models/facts/README.md``."""

    slug: str
    provider: str
    title: str
    kind: str
    type: str
    description: str
    featured: bool
    withdrawn: bool
    kept_days: int | None
    offers: Mapping[ApiVersion, Offer]

    @property
    def task_prefix(self) -> str:
        """Return the middle part of the model's task ids: ``i2v`` for image-to-video, as in the documents."""
        given, _, made = self.type.partition("-to-")
        return f"{given[0]}2{made[0]}"

    @property
    def makes_video(self) -> bool:
        """Whether its results are videos, not images."""
        return self.type.endswith("-to-video")


class Catalogue:
    """The models of a service that accepts certain API versions.

    :param models: read by :func:`read_models`.
    :param retired: ``GONE`` leaves out models that were retired or have left the documents.
    """

    def __init__(
        self, *, models: Iterable[Model], accepts: AcceptedVersions, retired: Retired = Retired.SERVED
    ) -> None:
        self._models = {
            (model.provider, model.slug): model
            for model in models
            if retired is Retired.SERVED or not model.withdrawn
        }
        self._preference = _PREFERENCE[accepts]

    def find(self, provider: str, slug: str, form: PathForm) -> tuple[Model, Offer] | None:
        """Return the model and the offer that a submit path leads to; None means a 404."""
        model = self._models.get((provider, slug))
        if model is None:
            return None
        offer = next((model.offers[name] for name in self._preference[form] if name in model.offers), None)
        return None if offer is None else (model, offer)

    def current(self, provider: str, slug: str) -> tuple[Model, Offer, PathForm] | None:
        """Return a model as the service publishes it: in its newest accepted API version and path form."""
        for form in (PathForm.PLAIN, PathForm.ASYNC):
            if (found := self.find(provider, slug, form)) is not None:
                return *found, form
        return None

    def listed(self) -> list[tuple[Model, Offer]]:
        """Return every model that takes submissions, sorted by slug."""
        found = (self.current(*key) for key in sorted(self._models))
        return [(entry[0], entry[1]) for entry in found if entry is not None]


def read_models(*further: Traversable) -> Iterator[Model]:
    """Yield the models of the package's fact files, then those of further folders.

    :raises ValueError: a schema uses a keyword that the checker does not know.
    """
    for folder in (resources.files("airflow_provider_kling") / "models" / "facts", *further):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".json"):
                yield _model(json.loads(file.read_text("utf-8")))


def _model(facts: Mapping[str, Any]) -> Model:
    slug = facts["slug"]
    return Model(
        slug=slug,
        provider=facts["provider"],
        title=facts["title"],
        kind=facts["kind"],
        type=facts["type"],
        description=facts["description"],
        featured=facts.get("featured", False),
        withdrawn="retired" in facts or "left_documents" in facts,
        kept_days=facts.get("kept_days"),
        offers={
            ApiVersion(name): _offer(slug, ApiVersion(name), version)
            for name, version in facts["api_versions"].items()
        },
    )


def _offer(slug: str, api_version: ApiVersion, facts: Mapping[str, Any]) -> Offer:
    if unknown := unknown_keywords(facts["schema"]):
        raise ValueError(f"{slug}, {api_version}: the checker does not know the keywords {sorted(unknown)}")
    price = facts["price"]
    return Offer(
        api_version=api_version,
        enforced=facts["certainty"] == _DOCUMENTED,
        schema=facts["schema"],
        assumed=facts["assumed"],
        media_limits=facts.get("media_limits", {}),
        price=None if price is None else Price.of_facts(price),
    )
