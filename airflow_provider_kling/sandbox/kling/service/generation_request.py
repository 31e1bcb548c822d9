"""A checked request to make something, in terms that both generations of the API share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, ModelVersion
from airflow_provider_kling.sandbox.kling.service.price import Variant
from airflow_provider_kling.sandbox.kling.service.sessions import SourceVideo
from airflow_provider_kling.sandbox.kling.service.works import Work
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, ImageSpec, RenderSpec, VideoSpec

_ASSUMED_S: Final = 5.0  # of a video as long as its source, whose length is unknown at submission
# The service's files are one frame longer than asked for: "5.041" for 5 s (seen in real responses).
EXTRA_S: Final = 1 / 24
_AUDIO_WORDS: Final = {AudioSource.TONE: "native", AudioSource.SOURCE_VIDEO: "original"}


@dataclass(frozen=True, kw_only=True)
class ParentVideo:
    """The video that a result was made from, as the legacy standard reports it.

    :param url: as the request named it, or the name of the file of a work.
    :param expires_at: when the file of a work is gone, in epoch seconds.
    """

    video_id: str
    url: str
    seconds: float
    expires_at: float = 0.0

    @classmethod
    def of_source(cls, source: SourceVideo) -> ParentVideo:
        """Return the video of a session."""
        return cls(video_id=source.work_id, url=source.url, seconds=source.seconds)


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """What a task makes, and what it costs.

    :param spec: what to render. Its inputs are fetched unless ``works`` or ``source`` has them.
    :param works: the inputs that are earlier works, by the name of the input.
    :param source: the input that a session holds, under the name ``session_id``.
    :param seconds: the length that is asked for; None: as the file turns out.
    :param images: how many images are made, and so how many slots they take; 1 for anything else.
    :param media_limits: bounds of the input files.
    :param parent: the video that this one continues or changes.
    """

    endpoint: Endpoint
    model: ModelVersion
    body: Mapping[str, Any]
    spec: RenderSpec
    resolution: str
    variant: Variant
    media_limits: Mapping[str, Mapping[str, Any]]
    works: Mapping[str, Work]
    source: SourceVideo | None = None
    seconds: float | None = None
    images: int = 1
    parent: ParentVideo | None = None

    def units(self, *, seconds: float | None = None) -> Decimal:
        """Return what it costs.

        :param seconds: the length of the file; without it, an assumed one where none was asked for.
        """
        billed = self.seconds if self.seconds is not None else seconds
        return self.model.price.amount(
            variant=self.variant,
            resolution=self.resolution,
            seconds=_ASSUMED_S if billed is None else billed,
            images=self.images,
        )

    @property
    def audio_word(self) -> str:
        """Return the word of the ledger for the audio of a video: native, original or off."""
        return _AUDIO_WORDS.get(self.spec.audio, "off") if isinstance(self.spec, VideoSpec) else "off"

    @property
    def is_series(self) -> bool:
        """Whether the images belong together."""
        return isinstance(self.spec, ImageSpec) and self.body.get("result_type") == "series"
