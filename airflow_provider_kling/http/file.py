"""A file that the service keeps for a while, to be used as an input."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file at the service (docs: file-api/how-to-use). Only its id and its link are certain to be there.

    :param url: what stands for the file in a request.
    :param type: such as ``image``.
    :param size: bytes.
    """

    file_id: str
    url: str = field(repr=False)  # it may be signed
    type: str | None = None
    filename: str | None = None
    size: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """What the service keeps.

    :param max_bytes: of one file.
    :param max_files: of a team at a time.
    :param days: for how long, roughly.
    """

    max_bytes: int
    max_files: int
    days: int
