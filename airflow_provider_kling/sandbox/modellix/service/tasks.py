"""A task and its life cycle: pending, processing, then success or failed (docs: query-task-result)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.core.clock import DAY_S, milliseconds
from airflow_provider_kling.sandbox.core.schedule import Schedule
from airflow_provider_kling.sandbox.core.stable_ids import stable_id
from airflow_provider_kling.sandbox.modellix.service.catalogue import Model, Offer
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    ImageSpec,
    MediaKind,
    PictureSpec,
    VideoSpec,
)
from airflow_provider_kling.sandbox.render.result import Result

# How long a generation takes, in seconds before --speed; all of it is inferred.
_PENDING_S: Final = (2.0, 6.0)
_IMAGES_S: Final = (6.0, 20.0)
_PER_SECOND_OF_VIDEO: Final = {"720p": (12.0, 24.0), "1080p": (15.0, 30.0), "4k": (30.0, 60.0)}
_FACTOR_WITH_INPUT: Final = {MediaKind.IMAGE: 1.1, MediaKind.VIDEO: 1.25, MediaKind.AUDIO: 1.5}

_ASSUMED_SECONDS: Final = 5  # of a video as long as its source, whose length is unknown at submission


class Status(StrEnum):
    """The documented states."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"  # no request causes it; a fault can


@dataclass(kw_only=True)
class Task:
    """One generation.

    :param input: the parameters of the request, as the log shows them.
    :param user_id: the end user that the submission is tagged with.
    :param file_stem: the common part of the file names in the URLs of the results.
    :param forced_outcome: the final state that a fault has set: members of the response, of which ``status``
        may be any word.
    :param final_status: None until the task is done.
    :param finished_at: in epoch seconds of the sandbox's clock.
    :param cost: in USD; None as long as nothing was billed.
    :param done: set when the task has its final status.
    """

    task_id: str
    model: Model
    offer: Offer
    spec: PictureSpec
    schedule: Schedule
    file_stem: str
    input: Mapping[str, Any] = field(default_factory=dict)
    user_id: str | None = None
    webhook_url: str | None = None
    forced_outcome: Mapping[str, Any] | None = None
    final_status: str | None = None
    error: Any = None
    results: tuple[Result, ...] = ()
    finished_at: float | None = None
    cost: float | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self, *, now: float) -> str:
        """Return the status at a moment, in epoch seconds."""
        if self.final_status is not None:
            return self.final_status
        return Status.PENDING if now < self.schedule.processing_at else Status.PROCESSING

    @property
    def price(self) -> float | None:
        """Return the cost of the task in USD if it succeeds; None where no price is documented."""
        if self.offer.price is None:
            return None
        spec = self.spec
        return self.offer.price.amount(
            resolution=spec.resolution,
            audio=isinstance(spec, VideoSpec) and spec.audio is not AudioSource.NONE,
            seconds=self._seconds,
            images=spec.count if isinstance(spec, ImageSpec) else 0,
        )

    @property
    def _seconds(self) -> float:
        """Return the length that is billed: the requested one, whatever the file has (blog of 2026-09-16).

        Without a request it is the length of the file, and an assumed one until that is rendered.
        """
        requested = self.spec.seconds if isinstance(self.spec, VideoSpec) else None
        rendered = [result.seconds for result in self.results if result.seconds is not None]
        return requested or (rendered[0] if rendered else _ASSUMED_SECONDS)

    @property
    def elapsed_ms(self) -> int | None:
        """Return the time from submission to the end, in milliseconds; None until the task is done."""
        if self.finished_at is None:
            return None
        return milliseconds(self.finished_at) - milliseconds(self.schedule.submitted_at)

    def file_name(self, result: Result) -> str:
        """Return the file name in the URL of a result."""
        return self.file_stem + result.name_suffix

    @property
    def model_id(self) -> str:
        """Return the opaque id of the model that responses carry."""
        return f"model-{stable_id(self.model.slug)[:8]}"

    def expires_at(self, result_ttl: float) -> float | None:
        """Return when the result expires, in epoch seconds; None until the task is done.

        :param result_ttl: the retention in seconds, where the fact file of the model has none.
        """
        if self.finished_at is None:
            return None
        days = self.model.kept_days
        return self.finished_at + (result_ttl if days is None else days * DAY_S)


def schedule(spec: PictureSpec, *, now: float, speed: float, rng: Random) -> Schedule:
    """Return a realistic schedule: longer for longer videos, higher resolutions and larger inputs.

    :param now: the time of submission, in epoch seconds.
    :param speed: how many times faster than the real service.
    """
    match spec:
        case VideoSpec():
            total = rng.uniform(*_PER_SECOND_OF_VIDEO[spec.resolution]) * _expected_seconds(spec)
            for kind, factor in _FACTOR_WITH_INPUT.items():
                total *= factor if spec.has_media(kind) else 1.0
        case _:
            total = rng.uniform(*_IMAGES_S)
    pending = rng.uniform(*_PENDING_S)
    return Schedule(submitted_at=now, processing_at=now + pending / speed, done_at=now + total / speed)


def _expected_seconds(spec: PictureSpec) -> float:
    seconds = spec.seconds if isinstance(spec, VideoSpec) else None
    return seconds or _ASSUMED_SECONDS
