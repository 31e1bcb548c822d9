"""A file that a service keeps for a while, for use as an input."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file at the service. Only its id and its link are certain to be known.

    :param file_id: names the file in calls about it.
    :param url: goes into a request in place of the file.
    :param type: such as ``image``.
    :param filename: as the service lists it.
    :param size: bytes.
    :param created_at: when it was uploaded, by the service's clock.
    """

    file_id: str
    url: str = field(repr=False)  # it may be signed
    type: str | None = None
    filename: str | None = None
    size: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """Which files the service keeps, and how long.

    :param max_bytes: largest size of one file.
    :param max_files: most files of an account at a time.
    :param days: how long a file is kept, about.
    """

    max_bytes: int
    max_files: int
    days: int
