"""What is known of a model in one API version, as its facts file says it (``facts/README.md``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_kling.media_type import MediaType

if TYPE_CHECKING:
    from airflow_provider_kling.models.request import KlingRequest


class ModelType(StrEnum):
    """What goes into a model and what comes out, in the service's spelling."""

    TEXT_TO_VIDEO = "text-to-video"
    IMAGE_TO_VIDEO = "image-to-video"
    VIDEO_TO_VIDEO = "video-to-video"
    TEXT_TO_IMAGE = "text-to-image"
    IMAGE_TO_IMAGE = "image-to-image"
    TEXT_TO_AUDIO = "text-to-audio"
    VIDEO_TO_AUDIO = "video-to-audio"

    @property
    def output(self) -> MediaType:
        """What comes out."""
        return MediaType(self.value.rpartition("-")[2])


class Certainty(StrEnum):
    """How certain the facts are. Only what is documented is enforced."""

    DOCUMENTED = "documented"
    PARTLY_INFERRED = "partly inferred"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Price:
    """A published price, for information only: the service decides what it bills.

    :param as_of: the day, the month or the year of the publication; None where it has no date.
    :param unit: ``$/sec`` (for each second of video), ``$/img`` or ``$/request``.
    :param usd: USD for one unit by resolution or mode; ``any`` for a flat price.
    :param usd_with_audio: the same for videos with generated audio, where they have a price of their own.
    :param range: only the lowest and the highest price were published; to which resolution or mode they
        belong is inferred.
    """

    as_of: str | None
    unit: str
    usd: Mapping[str, float]
    usd_with_audio: Mapping[str, float] = field(default_factory=dict)
    range: bool = False


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Documented bounds of the files of one media type; None where the documents give none.

    :param formats: file extensions, without the dot.
    :param max_bytes: largest size, in bytes.
    :param min_side: shortest side, in pixels.
    :param max_side: longest side, in pixels.
    :param max_ratio: long side to short side, at most.
    :param min_seconds: shortest duration, in seconds.
    :param max_seconds: longest duration, in seconds.
    :param min_fps: lowest frame rate, in frames a second.
    :param max_fps: highest frame rate, in frames a second.
    """

    formats: Sequence[str] | None = None
    max_bytes: int | None = None
    min_side: int | None = None
    max_side: int | None = None
    max_ratio: float | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    min_fps: float | None = None
    max_fps: float | None = None


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model's parameters in one API version.

    :param api_version: the label of the API version; None for a model that this release does not know.
    :param request: the name of the class in :mod:`airflow_provider_kling.models` that checks the parameters.
    :param certainty: how certain the rules are.
    :param sources: where the facts are from.
    :param as_of: the date of the newest source; None where none has one.
    :param schema: the request body as a JSON Schema, with the annotations of the facts files.
    :param media_limits: documented bounds of the files that a request may bring.
    :param price: the newest published price; None where no document has one.
    """

    api_version: str | None
    request: str
    certainty: Certainty
    sources: tuple[str, ...] = ()
    as_of: str | None = None
    schema: Mapping[str, Any] = field(default_factory=dict, repr=False)
    media_limits: Mapping[MediaType, MediaLimits] = field(default_factory=dict)
    price: Price | None = None

    @classmethod
    def from_facts(cls, api_version: str, facts: Mapping[str, Any]) -> Self:
        """Read one entry of ``api_versions``."""
        limits = facts.get("media_limits", {})
        return cls(
            api_version=api_version,
            request=facts["request"],
            certainty=Certainty(facts["certainty"]),
            sources=tuple(facts["sources"]),
            as_of=facts["as_of"],
            schema=facts["schema"],
            media_limits={MediaType(kind): MediaLimits(**limits[kind]) for kind in limits},
            price=Price(**facts["price"]) if facts["price"] else None,
        )

    @property
    def fields(self) -> frozenset[str]:
        """The names of the parameters; empty where they are not known."""
        return frozenset(self.schema.get("properties", {}))

    @property
    def is_enforced(self) -> bool:
        """Whether a broken rule fails the request. Of an unknown model, only plain JSON is required."""
        return self.certainty in (Certainty.DOCUMENTED, Certainty.UNKNOWN)

    @cached_property
    def request_class(self) -> type[KlingRequest]:
        """The class that checks the parameters. Its module is imported at the first use."""
        found: type[KlingRequest] = getattr(import_module(__package__), self.request)
        return found
