"""A task and its one-way life: pending, processing, then success or failed (docs: query-task-result)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.contract.catalogue import Model, Offer
from airflow_provider_kling.sandbox.order import ClipOrder
from airflow_provider_kling.sandbox.video.painter import Clip

_PENDING_S: Final = (2.0, 6.0)  # lifelike, before --speed
_NOMINAL_SECONDS: Final = 5  # of a clip whose length is the source's, which is not known at submission


class Status(StrEnum):
    """The documented states."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a task changes, in epoch seconds of the sandbox's clock."""

    submitted_at: float
    processing_at: float
    done_at: float


@dataclass(kw_only=True)
class Task:
    """One generation. ``ending`` is its final status, given by the service, which then sets ``settled``.

    ``decreed`` is how a fault wants it to end: members of the answer, of which ``status`` may be any word.
    """

    task_id: str
    model: Model
    offer: Offer
    order: ClipOrder
    schedule: Schedule
    file_stem: str
    webhook_url: str | None = None
    decreed: Mapping[str, Any] | None = None
    ending: str | None = None
    error: Any = None
    clip: Clip | None = None
    cover: Path | None = None
    finished_at: float | None = None
    cost: float | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self, *, now: float) -> str:
        """Return the status at a moment (epoch seconds)."""
        if self.ending is not None:
            return self.ending
        return Status.PENDING if now < self.schedule.processing_at else Status.PROCESSING

    @property
    def seconds(self) -> float:
        """Return the clip's length; an assumed one as long as it is unknown."""
        if self.clip is not None:
            return self.clip.seconds
        return self.order.seconds or _NOMINAL_SECONDS

    @property
    def price(self) -> float:
        """Return what the task costs in USD when it succeeds."""
        return self.offer.price.amount(resolution=self.order.resolution, seconds=self.seconds)

    @property
    def model_id(self) -> str:
        """Return the opaque id of the model that answers carry."""
        return f"model-{hashlib.sha256(self.model.slug.encode()).hexdigest()[:8]}"

    def expires_at(self, ttl: float) -> float | None:
        """Return when the result goes, in epoch seconds, or None while there is none."""
        return None if self.finished_at is None else self.finished_at + ttl


def schedule(order: ClipOrder, offer: Offer, *, now: float, speed: float, rng: Random) -> Schedule:
    """Draw a lifelike course: longer for longer clips, the higher resolution and larger inputs."""
    low, high = offer.generation["per_second"][order.resolution]
    factors = offer.generation["input_factor"]
    factor = factors.get("images", 1.0) if order.images else 1.0
    factor *= factors.get("videos", 1.0) if order.videos else 1.0
    total = rng.uniform(low, high) * (order.seconds or _NOMINAL_SECONDS) * factor
    pending = rng.uniform(*_PENDING_S)
    return Schedule(submitted_at=now, processing_at=now + pending / speed, done_at=now + total / speed)
