"""The models on offer, read from ``models/*.json``, and which of their contracts a path is held to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from airflow_provider_kling.sandbox.contract.checker import Schema, unknown_keywords


class Contract(StrEnum):
    """A generation of the service's field names, called after the month it came with."""

    APRIL = "2026-04"
    AUGUST = "2026-08"


class Accepts(StrEnum):
    """Which contracts the service accepts (option ``--contract``)."""

    BOTH = "both"
    APRIL = "2026-04"
    AUGUST = "2026-08"


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


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD per second of output, by resolution."""

    unit: str
    per_second: Mapping[str, float]

    def amount(self, *, resolution: str, seconds: float) -> float:
        """Return the price of a clip in USD, to a hundredth of a cent."""
        return round(self.per_second[resolution] * seconds, 4)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model under one contract.

    ``schema`` is what its body may hold, ``clip`` how the body's fields become a picture, ``media`` the
    limits of its inputs, ``generation`` how long it takes: seconds of waiting per second of clip, before
    ``--speed``.
    """

    contract: Contract
    schema: Schema
    clip: Mapping[str, Any]
    media: Mapping[str, Mapping[str, float]]
    price: Price
    generation: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of the service. ``type`` is the service's word, ``task_prefix`` stands in its task ids."""

    slug: str
    provider: str
    title: str
    type: str
    description: str
    task_prefix: str
    output: str
    featured: bool
    offers: Mapping[Contract, Offer]


class Catalogue:
    """The models of a service that accepts certain contracts."""

    def __init__(self, *, models: Iterable[Model], accepts: Accepts) -> None:
        self._models = {(model.provider, model.slug): model for model in models}
        self._preference = _PREFERENCE[accepts]

    @classmethod
    def packaged(cls, *, accepts: Accepts) -> Catalogue:
        """Return the catalogue of the files that come with the package."""
        folder = resources.files(__package__) / "models"
        files = sorted(
            (file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda f: f.name
        )
        return cls(models=[_model(json.loads(file.read_text("utf-8"))) for file in files], accepts=accepts)

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
        schema=facts["schema"],
        clip=facts["clip"],
        media=facts["media"],
        price=Price(unit=price["unit"], per_second=price["per_second"]),
        generation=facts["generation"],
    )
