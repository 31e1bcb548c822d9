"""The two versions of Modellix's API, and how a request is written in each.

The author of a DAG writes the fields of the first one, or, for a model or a feature that only the second has,
those of the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from airflow_provider_kling.gateways.modellix.translation import translated
from airflow_provider_kling.models import KlingRequest

APRIL: Final = "2026-04"
AUGUST: Final = "2026-08"


class ApiVersion(ABC):
    """How one version of the API wants a submission."""

    distinctive_fields: ClassVar[frozenset[str]]
    """Fields that only this version has, or that only this version demands."""

    @abstractmethod
    def translate(self, request: KlingRequest) -> KlingRequest:
        """Return the request in the fields that are sent.

        :raises KlingRequestError: it cannot be expressed in this version.
        """

    @abstractmethod
    def path_suffix(self, request: KlingRequest) -> str:
        """Return what the path ends in."""


class April2026(ApiVersion):
    """April to July 2026, and still served: ``mode``, ``sound``, and one O1 for everything."""

    distinctive_fields = frozenset({"mode", "sound", "multi_shot", "shot_type"})

    def translate(self, request: KlingRequest) -> KlingRequest:
        """Send the fields as they are, the newer ones too."""
        return request

    def path_suffix(self, request: KlingRequest) -> str:
        """Send the newer fields to the newer path."""
        return "" if request.api_version == AUGUST else "/async"


class August2026(ApiVersion):
    """Since August 2026: ``resolution``, ``audio``, and O1 split by what goes in."""

    # The editing O1 of this version demands a video; a request written for the older one may have none.
    distinctive_fields = frozenset({"resolution", "audio", "videos"})

    def translate(self, request: KlingRequest) -> KlingRequest:
        """Translate what is documented in this version's fields; send the rest as it is."""
        return translated(request, source=APRIL, target=AUGUST)

    def path_suffix(self, request: KlingRequest) -> str:
        """Send nothing to the older path."""
        del request
        return ""


API_VERSIONS: dict[str, ApiVersion] = {APRIL: April2026(), AUGUST: August2026()}
