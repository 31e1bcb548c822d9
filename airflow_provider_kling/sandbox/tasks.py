"""A task and its one-way life: pending, processing, then success or failed (docs: query-task-result)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.clock import DAY_S
from airflow_provider_kling.sandbox.contract.catalogue import Model, Offer
from airflow_provider_kling.sandbox.order import ClipOrder, Medium, Order, PictureOrder, Sound
from airflow_provider_kling.sandbox.result import Result

# How long a generation takes, in seconds before --speed; all of it is inferred.
_PENDING_S: Final = (2.0, 6.0)
_PICTURES_S: Final = (6.0, 20.0)
_PER_SECOND_OF_CLIP: Final = {"720p": (12.0, 24.0), "1080p": (15.0, 30.0), "4k": (30.0, 60.0)}
_LONGER_WITH: Final = {Medium.IMAGE: 1.1, Medium.VIDEO: 1.25, Medium.SOUND: 1.5}

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
    order: Order
    schedule: Schedule
    file_stem: str
    webhook_url: str | None = None
    decreed: Mapping[str, Any] | None = None
    ending: str | None = None
    error: Any = None
    results: tuple[Result, ...] = ()
    finished_at: float | None = None
    cost: float | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self, *, now: float) -> str:
        """Return the status at a moment (epoch seconds)."""
        if self.ending is not None:
            return self.ending
        return Status.PENDING if now < self.schedule.processing_at else Status.PROCESSING

    @property
    def price(self) -> float | None:
        """Return what the task costs in USD when it succeeds; None where no price is documented."""
        if self.offer.price is None:
            return None
        order = self.order
        return self.offer.price.amount(
            resolution=order.resolution,
            sound=isinstance(order, ClipOrder) and order.sound is not Sound.SILENT,
            seconds=self._seconds,
            images=order.count if isinstance(order, PictureOrder) else 0,
        )

    @property
    def _seconds(self) -> float:
        """Return the clip's length; an assumed one as long as it is unknown."""
        made = [result.seconds for result in self.results if result.seconds is not None]
        return made[0] if made else _ordered_seconds(self.order)

    def file_name(self, result: Result) -> str:
        """Return the name of a result's file in its address."""
        return self.file_stem + result.ending

    @property
    def model_id(self) -> str:
        """Return the opaque id of the model that answers carry."""
        return f"model-{hashlib.sha256(self.model.slug.encode()).hexdigest()[:8]}"

    def expires_at(self, ttl: float) -> float | None:
        """Return when the result goes, in epoch seconds, or None while there is none.

        ``ttl`` is how long results are kept where the model's documents do not say it.
        """
        if self.finished_at is None:
            return None
        days = self.model.kept_days
        return self.finished_at + (ttl if days is None else days * DAY_S)


def schedule(order: Order, *, now: float, speed: float, rng: Random) -> Schedule:
    """Draw a lifelike course: longer for longer clips, higher resolutions and larger inputs."""
    match order:
        case ClipOrder():
            total = rng.uniform(*_PER_SECOND_OF_CLIP[order.resolution]) * _ordered_seconds(order)
            for medium, factor in _LONGER_WITH.items():
                total *= factor if order.brings(medium) else 1.0
        case _:
            total = rng.uniform(*_PICTURES_S)
    pending = rng.uniform(*_PENDING_S)
    return Schedule(submitted_at=now, processing_at=now + pending / speed, done_at=now + total / speed)


def _ordered_seconds(order: Order) -> float:
    ordered = order.seconds if isinstance(order, ClipOrder) else None
    return ordered or _NOMINAL_SECONDS
