"""Writing a file into storage so that no reader ever sees a part of it.

fsspec's own commit (``open(..., autocommit=False)``) cannot keep that promise on every storage: on local
files it moves from ``/tmp``, which copies onto the final name where that is another disk, and by default
a file system does nothing.
"""

from __future__ import annotations

import glob
import hashlib
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Final, Self

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.exceptions import KlingMediaError

_SUFFIX: Final = ".part"
# What an object store is sent at a time, and so what is held in memory. S3 takes 10,000 such parts a file.
_BLOCK_BYTES: Final = 8 * 1024 * 1024


class AtomicWriter:
    """A file that is written under a temporary name beside ``path``, and renamed when it is complete.

    A context manager: what was not committed is deleted at its end. What a writer that was killed left behind
    is deleted by the next writer of the same path.

    :param files: an fsspec file system.
    :param path: below the root of the file system.
    :ivar size: bytes written so far.
    """

    def __init__(self, *, files: AbstractFileSystem, path: str) -> None:
        self.size = 0
        self._files = files
        self._path = path
        self._temporary = f"{path}.{uuid.uuid4().hex[:12]}{_SUFFIX}"
        self._digest = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._committed = False

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        if self._file is None:
            self._file = self._open()
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Delete what was written."""
        self._discard()
        self.size, self._digest = 0, hashlib.sha256()

    def commit(self, *, extension: str = "") -> None:
        """Rename the file to its final name.

        :param extension: what to append to ``path``, where the bytes decide it.
        :raises KlingMediaError: another writer of the same path has deleted this one's file.
        """
        if self._file is not None:
            self._file.close()
        try:
            self._rename(self._path + extension)
        except FileNotFoundError:
            raise KlingMediaError(
                f"{self._path} is being written by another task too, which has deleted this task's part. "
                "Give each task a file of its own."
            ) from None
        self._file, self._committed = None, True

    def __enter__(self) -> Self:
        for left_over in self._files.glob(f"{glob.escape(self._path)}.????????????{_SUFFIX}"):
            with suppress(FileNotFoundError):
                self._files.rm_file(left_over)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._committed:
            self._discard()

    def _open(self) -> IO[bytes]:
        try:
            opened: IO[bytes] = self._files.open(self._temporary, "wb", block_size=_BLOCK_BYTES)
        except FileNotFoundError:  # a storage with real folders
            self._files.makedirs(self._path.rpartition("/")[0], exist_ok=True)
            opened = self._files.open(self._temporary, "wb", block_size=_BLOCK_BYTES)
        return opened

    def _rename(self, path: str) -> None:
        if type(self._files).mv is not AbstractFileSystem.mv:
            self._files.mv(self._temporary, path)
        else:  # an object store: fsspec would copy too, but would take brackets in a name for a pattern
            self._files.cp_file(self._temporary, path)
            self._files.rm_file(self._temporary)

    def _discard(self) -> None:
        file, self._file = self._file, None
        with suppress(Exception):
            if isinstance(file, AbstractBufferedFile):
                file.closed = True  # closing it, also by the garbage collector, would create an object
                file.discard()
            elif file is not None:
                file.close()
        with suppress(Exception):  # there may be none
            self._files.rm_file(self._temporary)


def write_atomic(chunks: Iterable[bytes], *, files: AbstractFileSystem, path: str) -> str:
    """Write a file so that no reader ever sees a part of it; return its SHA-256 in hexadecimal."""
    with AtomicWriter(files=files, path=path) as writer:
        for chunk in chunks:
            writer.write(chunk)
        writer.commit()
        return writer.sha256
