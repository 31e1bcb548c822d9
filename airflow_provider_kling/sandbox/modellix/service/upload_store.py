"""The files that a team has uploaded as inputs (docs: file-api/how-to-use)."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airflow_provider_kling.sandbox.core.clock import DAY_S, Clock
from airflow_provider_kling.sandbox.core.stable_ids import stable_id
from airflow_provider_kling.sandbox.modellix.service.media_type import MediaType, media_type
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection

_MAX_BYTES: Final = 16 * 2**20
_MAX_FILES: Final = 10
_RETENTION_S: Final = 7 * DAY_S


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A stored file.

    :param filename: the name that the client gave it.
    :param size: in bytes.
    :param created_at: in epoch seconds.
    """

    file_id: str
    filename: str
    path: Path
    media_type: MediaType
    size: int
    created_at: float

    @property
    def expires_at(self) -> float:
        """Return when the file is removed, in epoch seconds."""
        return self.created_at + _RETENTION_S


class UploadStore:
    """Stores up to ten files for a week, in a folder of its own; counts uploads and deletions."""

    def __init__(self, *, folder: Path, seed: int, clock: Clock) -> None:
        self._folder = folder
        self._seed = seed
        self._clock = clock
        self._numbers = itertools.count(1)  # also across resets: no id is used twice
        self.reset()

    def add(self, data: bytes, *, filename: str) -> Upload:
        """Store a file.

        :raises Rejection: 413 if it is too large, 400 if it is no media file or the store is full.
        """
        if len(data) > _MAX_BYTES:
            raise Rejection(
                Category.TOO_LARGE, f"parameter 'file' must be at most {_MAX_BYTES} bytes, got {len(data)}"
            )
        found = media_type(data)
        if found is None:
            raise Rejection(
                Category.INVALID_FORMAT, "parameter 'file' must be an image, a video or an audio file"
            )
        if len(self.unexpired()) >= _MAX_FILES:
            raise Rejection(
                Category.INVALID_PARAMETERS,
                f"the limit of {_MAX_FILES} stored files is reached; delete one first",
            )
        number = next(self._numbers)
        upload = Upload(
            file_id=f"file-{stable_id(self._seed, 'upload', number)[:20]}",
            filename=filename,
            path=self._folder / f"{stable_id(self._seed, 'upload-path', number)[:32]}.{found.extension}",
            media_type=found,
            size=len(data),
            created_at=self._clock.now(),
        )
        upload.path.write_bytes(data)
        self._uploads[upload.file_id] = upload
        self.uploads += 1
        return upload

    def unexpired(self) -> list[Upload]:
        """Return the stored files, newest first; remove those that have expired."""
        now = self._clock.now()
        for upload in [upload for upload in self._uploads.values() if now >= upload.expires_at]:
            self._remove(upload)
        return list(reversed(self._uploads.values()))

    def find(self, name: str) -> Upload | None:
        """Return the stored file with this name in its URL."""
        return next((upload for upload in self.unexpired() if upload.path.name == name), None)

    def delete(self, file_id: str) -> None:
        """Delete a file.

        :raises Rejection: 404 if there is none with this id.
        """
        upload = next((upload for upload in self.unexpired() if upload.file_id == file_id), None)
        if upload is None:
            raise Rejection(Category.NOT_FOUND, f"file '{file_id}' does not exist")
        self._remove(upload)
        self.deletes += 1

    def reset(self) -> None:
        """Delete all files, also those of an earlier run that was killed, and the counts."""
        self.close()
        self._folder.mkdir()
        self._uploads: dict[str, Upload] = {}
        self.uploads = 0
        self.deletes = 0

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _remove(self, upload: Upload) -> None:
        del self._uploads[upload.file_id]
        upload.path.unlink()
