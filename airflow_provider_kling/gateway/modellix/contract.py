"""Two generations of the service's documents, and how a request is written in each.

The author of a DAG writes the fields of the first one, or, for a model or a feature that only the second has,
those of the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_kling.gateway.modellix.translation import translated
from airflow_provider_kling.requests import FieldContract, KlingRequest


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request as a contract writes it.

    :param slug: the model to name, which may differ from the request's own.
    """

    slug: str
    path: str
    body: Mapping[str, Any]


class Contract(ABC):
    """How one generation of the documents wants a submission."""

    name: ClassVar[FieldContract]
    own_fields: ClassVar[frozenset[str]]
    """Fields that only this contract has, or that only this contract demands."""

    @abstractmethod
    def write(self, request: KlingRequest) -> Submission:
        """Write ``request`` for this contract.

        :raises KlingRequestError: the contract has no way to say it.
        """


class Contract202604(Contract):
    """April to July 2026, and still served: ``mode``, ``sound``, and one O1 for everything."""

    name = FieldContract.APRIL
    own_fields = frozenset({"mode", "sound", "multi_shot", "shot_type"})

    def write(self, request: KlingRequest) -> Submission:
        """Send the fields as they are, to the path with ``/async``; the newer ones to the one without."""
        return _as_it_is(request, suffix="" if request.contract is FieldContract.AUGUST else "/async")


class Contract202608(Contract):
    """Since August 2026: ``resolution``, ``audio``, and O1 split by what goes in."""

    name = FieldContract.AUGUST
    # The editing O1 of this contract demands a video; a request written for the older one may have none.
    own_fields = frozenset({"resolution", "audio", "videos"})

    def write(self, request: KlingRequest) -> Submission:
        """Translate what is documented in this contract's fields; send the rest as it is."""
        return _as_it_is(translated(request), suffix="")


def _as_it_is(request: KlingRequest, *, suffix: str) -> Submission:
    model = request.model
    path = f"/api/v1/{model.provider}/{model.slug}{suffix}"
    return Submission(slug=model.slug, path=path, body=request.body())


DEFAULT_CONTRACT = FieldContract.APRIL
CONTRACTS: dict[str, Contract] = {
    contract.name.value: contract for contract in (Contract202604(), Contract202608())
}
