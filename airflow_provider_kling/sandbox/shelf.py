"""The files that a team uploaded (docs: file-api/how-to-use)."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airflow_provider_kling.sandbox.clock import DAY_S, Clock
from airflow_provider_kling.sandbox.media_type import MediaType, media_type
from airflow_provider_kling.sandbox.opaque import opaque
from airflow_provider_kling.sandbox.refusal import Category, Refusal

MAX_BYTES: Final = 16 * 2**20
_MOST: Final = 10
_KEPT_S: Final = 7 * DAY_S


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that is kept. ``filename`` is what the client calls it, ``created_at`` is in epoch seconds."""

    file_id: str
    filename: str
    path: Path
    media_type: MediaType
    size: int
    created_at: float

    @property
    def expires_at(self) -> float:
        """Return when it goes, in epoch seconds."""
        return self.created_at + _KEPT_S


class Shelf:
    """Keeps a few files for a week, in a folder of its own; counts what came and what was taken away."""

    def __init__(self, *, folder: Path, seed: int, clock: Clock) -> None:
        self._folder = folder
        self._seed = seed
        self._clock = clock
        self._numbers = itertools.count(1)  # over resets too: an id is never given twice
        self.reset()

    def put(self, data: bytes, *, filename: str) -> Upload:
        """Keep a file. Raises Refusal: 413 for its size, 400 for what it is or when there is no room."""
        if len(data) > MAX_BYTES:
            raise Refusal(
                Category.TOO_LARGE, f"parameter 'file' must be at most {MAX_BYTES} bytes, got {len(data)}"
            )
        kind = media_type(data)
        if kind is None:
            raise Refusal(
                Category.INVALID_FORMAT, "parameter 'file' must be an image, a video or an audio file"
            )
        if len(self.live()) >= _MOST:
            raise Refusal(
                Category.INVALID_PARAMETERS,
                f"{_MOST} files are kept, which is the most; delete one first",
            )
        number = next(self._numbers)
        upload = Upload(
            file_id=f"file-{opaque(self._seed, 'upload', number)[:20]}",
            filename=filename,
            path=self._folder / f"{opaque(self._seed, 'upload-path', number)[:32]}.{kind.extension}",
            media_type=kind,
            size=len(data),
            created_at=self._clock.now(),
        )
        upload.path.write_bytes(data)
        self._uploads[upload.file_id] = upload
        self.uploads += 1
        return upload

    def live(self) -> list[Upload]:
        """Return the files that are kept, the newest first; what is too old goes."""
        now = self._clock.now()
        for upload in [upload for upload in self._uploads.values() if now >= upload.expires_at]:
            self._drop(upload)
        return list(reversed(self._uploads.values()))

    def find(self, name: str) -> Upload | None:
        """Return the file whose address ends in a name."""
        return next((upload for upload in self.live() if upload.path.name == name), None)

    def remove(self, file_id: str) -> None:
        """Remove a file. Raises Refusal (404)."""
        upload = next((upload for upload in self.live() if upload.file_id == file_id), None)
        if upload is None:
            raise Refusal(Category.NOT_FOUND, f"file '{file_id}' does not exist")
        self._drop(upload)
        self.deletes += 1

    def reset(self) -> None:
        """Forget every file, also what a run that was killed left in the folder."""
        self.close()
        self._folder.mkdir()
        self._uploads: dict[str, Upload] = {}
        self.uploads = 0
        self.deletes = 0

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _drop(self, upload: Upload) -> None:
        del self._uploads[upload.file_id]
        upload.path.unlink()
