"""The models on offer, read from ``models/*.json``, and which of their contracts a path is held to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final

from airflow_provider_kling.sandbox.contract.checker import (
    Schema,
    Violation,
    first_violation,
    unknown_keywords,
)
from airflow_provider_kling.sandbox.contract.price import Price, Unit


class Contract(StrEnum):
    """A generation of the service's field names, called after the month it came with."""

    APRIL = "2026-04"
    AUGUST = "2026-08"


class Accepts(StrEnum):
    """Which contracts the service accepts (option ``--contract``)."""

    BOTH = "both"
    APRIL = "2026-04"
    AUGUST = "2026-08"


class Retired(StrEnum):
    """What became of the models that were retired in 2026 (option ``--retired``)."""

    SERVED = "served"
    GONE = "gone"


class PathForm(StrEnum):
    """The two ways to write a submit path."""

    PLAIN = ""
    ASYNC = "/async"


# The contracts that a request is held to, by what the service accepts and by the form of the path: the first
# that the model has. In August 2026 the path lost its suffix and the old form stayed as an alias; accepting
# both serves clients of both generations.
_PREFERENCE: Mapping[Accepts, Mapping[PathForm, tuple[Contract, ...]]] = {
    Accepts.APRIL: {PathForm.ASYNC: (Contract.APRIL,), PathForm.PLAIN: ()},
    Accepts.AUGUST: {
        PathForm.ASYNC: (Contract.AUGUST, Contract.APRIL),
        PathForm.PLAIN: (Contract.AUGUST, Contract.APRIL),
    },
    Accepts.BOTH: {
        PathForm.ASYNC: (Contract.APRIL, Contract.AUGUST),
        PathForm.PLAIN: (Contract.AUGUST, Contract.APRIL),
    },
}

_ANY_OBJECT: Final[Schema] = {"type": "object"}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model under one contract.

    ``schema`` is what its body may hold; where it is only inferred it is published, but not ``enforced``.
    ``assumed`` are the defaults that no document prints, ``media`` the documented limits of the inputs,
    ``price`` is None where no document has one.
    """

    contract: Contract
    enforced: bool
    schema: Schema
    assumed: Mapping[str, Any]
    media: Mapping[str, Mapping[str, Any]]
    price: Price | None

    def violation(self, body: Any, *, allow_unknown: bool = False) -> Violation | None:
        """Return the first documented rule that a body breaks, or None."""
        schema = self.schema if self.enforced else _ANY_OBJECT
        return first_violation(schema, body, allow_unknown=allow_unknown)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of the service. ``type`` is the service's word for what it makes of what.

    ``retired`` is the day it left the service, ``craft`` what is done to its pictures, and ``kept_days`` how
    long its results are kept; None: as long as any.
    """

    slug: str
    provider: str
    title: str
    type: str
    description: str
    offers: Mapping[Contract, Offer]
    featured: bool = False
    retired: str | None = None
    craft: str = "drawing"
    kept_days: int | None = None

    @property
    def task_prefix(self) -> str:
        """Return what stands in the ids of its tasks: ``i2v`` for image-to-video, as in the documents."""
        given, _, made = self.type.partition("-to-")
        return f"{given[0]}2{made[0]}"

    @property
    def makes_clips(self) -> bool:
        """Whether its results are videos, not images."""
        return self.type.endswith("-to-video")


class Catalogue:
    """The models of a service that accepts certain contracts."""

    def __init__(
        self, *, models: Iterable[Model], accepts: Accepts, retired: Retired = Retired.SERVED
    ) -> None:
        self._models = {
            (model.provider, model.slug): model
            for model in models
            if model.retired is None or retired is Retired.SERVED
        }
        self._preference = _PREFERENCE[accepts]

    @classmethod
    def packaged(cls, *, accepts: Accepts, retired: Retired = Retired.SERVED) -> Catalogue:
        """Return the catalogue of the files that come with the package."""
        folder = resources.files(__package__) / "models"
        files = sorted(
            (file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda f: f.name
        )
        models = [_model(json.loads(file.read_text("utf-8"))) for file in files]
        return cls(models=models, accepts=accepts, retired=retired)

    def find(self, provider: str, slug: str, form: PathForm) -> tuple[Model, Offer] | None:
        """Return the model and the contract that a submit path is held to, or None: the answer is a 404."""
        model = self._models.get((provider, slug))
        if model is None:
            return None
        offer = next((model.offers[name] for name in self._preference[form] if name in model.offers), None)
        return None if offer is None else (model, offer)

    def current(self, provider: str, slug: str) -> tuple[Model, Offer, PathForm] | None:
        """Return a model as the service publishes it: under its newest accepted contract and path form."""
        for form in (PathForm.PLAIN, PathForm.ASYNC):
            if (found := self.find(provider, slug, form)) is not None:
                return *found, form
        return None

    def listed(self) -> list[tuple[Model, Offer]]:
        """Return every model that can be submitted to, sorted by slug."""
        found = (self.current(*key) for key in sorted(self._models))
        return [(entry[0], entry[1]) for entry in found if entry is not None]


def _model(data: Mapping[str, Any]) -> Model:
    plain = {key: value for key, value in data.items() if key != "contracts"}
    offers = {
        Contract(name): _offer(data["slug"], Contract(name), facts)
        for name, facts in data["contracts"].items()
    }
    return Model(**plain, offers=offers)


def _offer(slug: str, contract: Contract, facts: Mapping[str, Any]) -> Offer:
    if strange := unknown_keywords(facts["schema"]):
        message = f"{slug}, {contract}: the checker does not know the keywords {sorted(strange)}"
        raise ValueError(message)
    price = facts["price"]
    return Offer(
        contract=contract,
        enforced=facts.get("enforced", True),
        schema=facts["schema"],
        assumed=facts["assumed"],
        media=facts.get("media", {}),
        price=None if price is None else Price(**price | {"unit": Unit(price["unit"])}),
    )
