"""A task of the service and its life: submitted, processing, then succeeded or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from airflow_provider_kling.sandbox.core.schedule import Schedule
from airflow_provider_kling.sandbox.kling.service.endpoint import Generation
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.render.result import Result


class Status(StrEnum):
    """The states, as the new standard spells them."""

    SUBMITTED = "submitted"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


# The legacy standard spells one of them otherwise.
LEGACY_SUCCEEDED = "succeed"


@dataclass(kw_only=True)
class Task:
    """One task.

    :param number: counts the tasks of the account.
    :param base_url: the address under which the caller reached the service, for the links in callbacks.
    :param watermark: a copy with a watermark is made too.
    :param forced_outcome: what a fault wants the task to end with: a ``status``, and perhaps a ``message``.
        The status ``processing`` or ``submitted`` never ends.
    :param work_ids: the ids of the videos, or of the audio, that it made.
    :param final_status: None until the end.
    :param units: what was taken from the pack; None until the end, and after a failure.
    :param settled: set when nothing more will happen.
    """

    task_id: str
    number: int
    request: GenerationRequest
    schedule: Schedule
    file_stem: str
    base_url: str
    external_id: str | None = None
    callback_url: str | None = None
    watermark: bool = False
    forced_outcome: Mapping[str, Any] | None = None
    final_status: str | None = None
    message: str = ""
    results: tuple[Result, ...] = ()
    work_ids: tuple[str, ...] = ()
    finished_at: float | None = None
    units: Decimal | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def generation(self) -> Generation:
        """Return the generation of the API that made it."""
        return self.request.endpoint.generation

    @property
    def is_stuck(self) -> bool:
        """Whether a fault keeps it from ending."""
        forced = self.forced_outcome
        return forced is not None and forced["status"] in (Status.SUBMITTED, Status.PROCESSING)

    def status(self, *, now: float) -> str:
        """Return the status at a moment, in epoch seconds."""
        if self.final_status is not None:
            return self.final_status
        if self.is_stuck and self.forced_outcome is not None:
            return str(self.forced_outcome["status"])
        return Status.SUBMITTED if now < self.schedule.processing_at else Status.PROCESSING

    def updated_at(self, *, now: float) -> float:
        """Return when the status changed last, in epoch seconds."""
        if self.finished_at is not None:
            return self.finished_at
        begun = self.schedule.processing_at
        return begun if now >= begun else self.schedule.submitted_at

    def file_name(self, result: Result) -> str:
        """Return the file name in the URL of a result."""
        return self.file_stem + result.name_suffix
