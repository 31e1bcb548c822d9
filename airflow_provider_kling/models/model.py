"""One model: what may be asked of it, what is known of it, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.name import DEFAULT_PROVIDER, ModelName
from airflow_provider_kling.models.unchecked import UncheckedRequest
from airflow_provider_kling.models.warn import warn


class Output(StrEnum):
    """What a model makes."""

    VIDEO = "video"
    IMAGE = "image"


class Kind(StrEnum):
    """What goes in and what comes out."""

    TEXT_TO_VIDEO = "text to video"
    IMAGE_TO_VIDEO = "image to video"
    MULTI_IMAGE_TO_VIDEO = "multi-image to video"
    OMNI_VIDEO = "omni video"
    AVATAR = "avatar"
    VIDEO_EFFECTS = "video effects"
    TEXT_TO_IMAGE = "text to image"
    IMAGE_TO_IMAGE = "image to image"
    MULTI_IMAGE_TO_IMAGE = "multi-image to image"
    OMNI_IMAGE = "omni image"
    IMAGE_EXPANSION = "image expansion"
    IMAGE_RECOGNITION = "image recognition"
    VIRTUAL_TRY_ON = "virtual try-on"


_VIDEO_KINDS = frozenset(
    {
        Kind.TEXT_TO_VIDEO,
        Kind.IMAGE_TO_VIDEO,
        Kind.MULTI_IMAGE_TO_VIDEO,
        Kind.OMNI_VIDEO,
        Kind.AVATAR,
        Kind.VIDEO_EFFECTS,
    }
)


class Certainty(StrEnum):
    """How sure the facts about a model are. Only what is documented is enforced."""

    DOCUMENTED = "documented"
    PARTLY_INFERRED = "partly inferred"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


# Of an unknown model nothing is asked but what JSON asks for.
_CERTAIN = frozenset({Certainty.DOCUMENTED, Certainty.UNKNOWN})


class Page(StrEnum):
    """The form of the submit path that the model's page of documents prints."""

    PLAIN = "/api/v1/kling/{slug}"
    ASYNC = "/api/v1/kling/{slug}/async"
    TYPED_VIDEO = "/api/v1/text-to-video/kling/{slug}/async"
    TYPED_IMAGE_TO_VIDEO = "/api/v1/image-to-video/kling/{slug}/async"


@dataclass(frozen=True, kw_only=True)
class Price:
    """A price as it was published. For information: what is billed is the service's word.

    :param as_of: the day or the month of the publication; None where it names none.
    :param amounts: USD by what the price depends on, such as ``{"720p": "0.1008"}``.
    """

    as_of: str | None
    unit: str
    amounts: Mapping[str, str]


SECONDS_OF_VIDEO = (60.0, 300.0)
SECONDS_OF_IMAGE = (5.0, 60.0)


@dataclass(frozen=True, kw_only=True)
class KlingModel:
    """A model of the service; :func:`~airflow_provider_kling.models.find_model` finds it by its name.

    :param kind: None for a model that this release does not know.
    :param requests: the request classes, one for each generation of field names that the model is
        documented in, the oldest first.
    :param page: the submit path as the page prints it; None where no page was seen.
    :param retired: the day from which the service may answer 404.
    :param left_documents: the day after which the model was no longer listed.
    :param successor: the model to change to (this package's advice).
    :param expected_s: shortest and longest usual time to make the result, in seconds (inferred). Only paces
        the polling.
    """

    slug: str
    kind: Kind | None
    provider: str = DEFAULT_PROVIDER
    requests: tuple[type[KlingRequest], ...]
    certainty: Certainty = Certainty.DOCUMENTED
    page: Page | None = None
    retired: date | None = None
    left_documents: date | None = None
    successor: str | None = None
    price: Price | None = None
    expected_s: tuple[float, float] = SECONDS_OF_VIDEO
    note: str = ""

    @property
    def name(self) -> ModelName:
        """The model's name at the service."""
        return ModelName(self.provider, self.slug)

    @property
    def output(self) -> Output | None:
        """What the model makes; None where that is not known."""
        if self.kind is None:
            return None
        return Output.VIDEO if self.kind in _VIDEO_KINDS else Output.IMAGE

    @property
    def submit_paths(self) -> tuple[str, ...]:
        """The paths that take a submission; the second form is the older one and still served."""
        return Page.PLAIN.format(slug=self.slug), Page.ASYNC.format(slug=self.slug)

    @property
    def documented_path(self) -> str | None:
        """The submit path that the documents print."""
        return self.page.format(slug=self.slug) if self.page else None

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields, in every generation of names."""
        return frozenset[str]().union(*(request.model_fields for request in self.requests))

    def request_class(self, fields: AbstractSet[str]) -> type[KlingRequest]:
        """Return the class that knows most of the fields; the older one where both know as many."""
        return max(self.requests, key=lambda known: len(fields & known.model_fields.keys()))

    def enforces(self, request: type[KlingRequest]) -> bool:
        """Tell whether what one of the request classes asks for is certain for this model."""
        return self.certainty in _CERTAIN and request.documented

    def parse(self, parameters: Mapping[str, Any]) -> KlingRequest:
        """Check ``parameters``. Rules that are only inferred warn, and the request is made all the same.

        :raises KlingRequestError: a documented rule is broken; the message names each.
        """
        self.warn()
        given = self._given(parameters)
        request_class = self.request_class(given.keys())
        try:
            return request_class.for_model(self.name, given)
        except KlingRequestError as error:
            if self.enforces(request_class):
                raise
            _warn_of_inferred(error)
            return UncheckedRequest.for_model(self.name, given).in_contract(request_class.api_version)

    def parse_rendered(self, parameters: Mapping[str, Any]) -> KlingRequest:
        """Check values that come from templates, which turn numbers, switches and lists into text.

        :raises KlingRequestError: one or more rules are broken.
        """
        given = self._given(parameters)
        return self.parse(self.request_class(given.keys()).unquoted(given))

    def check_known(self, parameters: Mapping[str, Any], *, unknown: AbstractSet[str]) -> None:
        """Check what can be checked while the fields ``unknown`` (templates, say) have no value yet.

        :raises KlingRequestError: a rule is broken whatever the unknown fields turn out to be.
        """
        self.warn()
        request_class = self.request_class(self._given(parameters).keys())
        try:
            request_class.check_known(self.name, parameters, unknown=unknown)
        except KlingRequestError as error:
            if self.enforces(request_class):
                raise
            _warn_of_inferred(error)

    def _given(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(parameters, Mapping):
            rule = BrokenRule(field="parameters", rule="must be a dict", value=parameters)
            raise KlingRequestError(subject=str(self.name), broken=[rule])
        return {name: value for name, value in parameters.items() if value is not None}

    def warn(self) -> None:
        """Warn of a model that is gone, or may be, or of which nothing is known."""
        instead = f"Use {self.successor!r} instead." if self.successor else "No other model replaces it."
        if self.certainty is Certainty.UNKNOWN:
            warn(f"{self.name}: {self.note}")
        elif self.retired:
            warn(
                f"{self.name} was retired on {self.retired}; the service may answer 404, and bills nothing "
                f"then. {instead}"
            )
        elif self.left_documents:
            warn(f"{self.name} left the service's documents after {self.left_documents}. {instead}")


def unknown_model(name: ModelName, *, close: str | None) -> KlingModel:
    """Return a model of which only the name is known: what is asked of it is sent unchecked.

    :param close: a known model with nearly the same name.
    """
    meant = f" Did you mean {close!r}?" if close else ""
    return KlingModel(
        provider=name.provider,
        slug=name.slug,
        kind=None,
        requests=(UncheckedRequest,),
        certainty=Certainty.UNKNOWN,
        note=f"This release has no rules for it, so its fields are sent unchecked.{meant}",
    )


def _warn_of_inferred(error: KlingRequestError) -> None:
    lines = "".join(f"\n  - {rule}" for rule in error.broken)
    warn(
        f"{error.subject}: rules are broken that are only inferred, as the model's documents were never "
        f"seen. The request is sent all the same; the service may refuse it, and bills nothing then.{lines}"
    )
