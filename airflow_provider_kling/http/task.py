"""What a service says about a generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class TaskStatus(StrEnum):
    """The state of a task. It only moves forward."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether the task has ended."""
        return self in (TaskStatus.SUCCESS, TaskStatus.FAILED)


class ResourceRole(StrEnum):
    """What a file is for its task. Only ``primary`` is the result itself."""

    PRIMARY = "primary"
    COVER = "cover"
    THUMBNAIL = "thumbnail"
    ALTERNATIVE = "alternative"
    COPY = "copy"
    """A result in another form, such as a WAV beside its MP3, or with a watermark."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One file of a result. Only ``url`` is certain to be known.

    :param url: a link that works without credentials, until the result expires.
    :param type: ``video``, ``image`` or ``audio``.
    :param role: see :class:`ResourceRole`; None where the service does not say, or uses another word.
    :param width: pixels.
    :param height: pixels.
    :param format: such as ``mp4``, in the service's own word.
    :param duration_s: length of a clip in seconds.
    :param size: bytes.
    :param work_id: names the file at the service, for requests that go on with it.
    """

    url: str = field(repr=False)  # it may be signed, and opens the file to everybody
    type: str | None = None
    role: ResourceRole | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    duration_s: float | None = None
    size: int | None = None
    work_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskFailure:
    """What the service says about a failed task; every part may be missing.

    :param moderated: whether the content was rejected, as far as the response says.
    :param code: the service's error code.
    :param message: its text, for people.
    """

    moderated: bool = False
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """A generation at the service, as one response described it.

    :param task_id: opaque; at most 512 characters.
    :param status: what this package makes of ``raw_status``.
    :param raw_status: the status in the service's own word. An unknown word counts as still running.
    :param model_id: the model in the service's own word.
    :param resources: the files of the result.
    :param cost_usd: what the service bills, in USD; None until it says so, or where it has another unit.
    :param cost: what the service bills in a unit of its own.
    :param cost_unit: the unit of ``cost``; None where there is none.
    :param submitted_at: start by the service's clock.
    :param finished_at: end by the service's clock.
    :param expires_at: when the links stop working.
    :param failure: for a failed task.
    :param raw: the response's data, with the fields that this release does not know.
    """

    task_id: str
    status: TaskStatus
    raw_status: str
    model_id: str | None = None
    resources: tuple[Resource, ...] = ()
    cost_usd: Decimal | None = None
    cost: Decimal | None = None
    cost_unit: str | None = None
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    failure: TaskFailure | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def results(self, wanted_type: str | None = None) -> tuple[Resource, ...]:
        """Return the results themselves, without covers, thumbnails and copies, the primary ones first.

        A cover may come first in the list, so the position says nothing. A file with the primary role is a
        result, then a file of the wanted type. Files with neither role nor type count only where there is
        nothing else.

        :param wanted_type: ``video`` or ``image``; None where that is not known.
        """
        beside = (ResourceRole.PRIMARY, ResourceRole.COVER, ResourceRole.THUMBNAIL, ResourceRole.COPY)
        primary = [one for one in self.resources if one.role is ResourceRole.PRIMARY]
        others = [
            one
            for one in self.resources
            if one.role not in beside and one.type is not None and wanted_type in (None, one.type)
        ]
        nameless = [one for one in self.resources if one.type is None and one.role is None]
        return tuple(primary + others or nameless)

    def primary(self, wanted_type: str | None = None) -> Resource | None:
        """Return the first of :meth:`results`.

        :param wanted_type: ``video`` or ``image``; None where that is not known.
        """
        return next(iter(self.results(wanted_type)), None)
