"""Two generations of the service's documents, and how a request is written in each.

The author of a DAG writes the fields of the first one, or, for a model or a feature that only the second has,
those of the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_kling.gateways.modellix.translation import translated
from airflow_provider_kling.models import ApiVersion, KlingRequest


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

    name: ClassVar[ApiVersion]
    distinctive_fields: ClassVar[frozenset[str]]
    """Fields that only this contract has, or that only this contract demands."""

    @abstractmethod
    def translate(self, request: KlingRequest) -> KlingRequest:
        """Return the request in the fields that are sent.

        :raises KlingRequestError: the contract has no way to say it.
        """

    @abstractmethod
    def suffix(self, request: KlingRequest) -> str:
        """Return what the path ends in."""

    def write(self, request: KlingRequest) -> Submission:
        """Write ``request`` for this contract.

        :raises KlingRequestError: the contract has no way to say it.
        """
        written = self.translate(request)
        model = written.model
        path = f"/api/v1/{model.provider}/{model.slug}{self.suffix(written)}"
        return Submission(slug=model.slug, path=path, body=written.body())


class Contract202604(Contract):
    """April to July 2026, and still served: ``mode``, ``sound``, and one O1 for everything."""

    name = ApiVersion.APRIL
    distinctive_fields = frozenset({"mode", "sound", "multi_shot", "shot_type"})

    def translate(self, request: KlingRequest) -> KlingRequest:
        """Send the fields as they are, the newer ones too."""
        return request

    def suffix(self, request: KlingRequest) -> str:
        """Send the newer fields to the newer path."""
        return "" if request.contract is ApiVersion.AUGUST else "/async"


class Contract202608(Contract):
    """Since August 2026: ``resolution``, ``audio``, and O1 split by what goes in."""

    name = ApiVersion.AUGUST
    # The editing O1 of this contract demands a video; a request written for the older one may have none.
    distinctive_fields = frozenset({"resolution", "audio", "videos"})

    def translate(self, request: KlingRequest) -> KlingRequest:
        """Translate what is documented in this contract's fields; send the rest as it is."""
        return translated(request)

    def suffix(self, request: KlingRequest) -> str:
        """Send nothing to the older path."""
        del request
        return ""


DEFAULT_CONTRACT = ApiVersion.APRIL
CONTRACTS: dict[str, Contract] = {
    contract.name.value: contract for contract in (Contract202604(), Contract202608())
}
