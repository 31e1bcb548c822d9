"""Writing a file into storage so that nobody ever sees a part of it."""

from __future__ import annotations

import glob
import hashlib
import uuid
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.exceptions import KlingMediaError

_ENDING: Final = ".part"
# What an object store is sent at a time, and so what is held in memory. S3 takes 10,000 such parts a file.
_BLOCK_BYTES: Final = 8 * 1024 * 1024


class FileSystem(Protocol):
    """The part of an fsspec file system that is used here."""

    def open(self, path: str, mode: str, *, block_size: int) -> Any:
        """Open a file."""

    def mv(self, path1: str, path2: str) -> Any:
        """Rename a file, replacing what is there."""

    def cp_file(self, path1: str, path2: str) -> Any:
        """Copy a file, replacing what is there."""

    def rm_file(self, path: str) -> Any:
        """Delete a file."""

    def makedirs(self, path: str, *, exist_ok: bool) -> Any:
        """Make a folder and those above it."""

    def glob(self, path: str) -> Any:
        """List the files whose names fit a pattern."""


class AtomicWriter:
    """A file that is written under a temporary name beside ``path``, and gets that name when it is whole.

    A context manager; what was not committed is gone at its end. What a writer that was killed left behind is
    removed by the next one.

    :param path: below the file system's root.
    :ivar size: bytes written so far.
    """

    def __init__(self, *, files: FileSystem, path: str) -> None:
        self.size = 0
        self._files = files
        self._path = path
        self._partial = f"{path}.{uuid.uuid4().hex[:12]}{_ENDING}"
        self._digest = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._landed = False

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        if self._file is None:
            self._file = self._open()
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Drop what was written."""
        self._drop()
        self.size, self._digest = 0, hashlib.sha256()

    def commit(self) -> None:
        """Give the file its name.

        :raises KlingMediaError: somebody else began to write the same file meanwhile.
        """
        if self._file is not None:
            self._file.close()
        try:
            self._rename()
        except FileNotFoundError:
            raise KlingMediaError(
                f"{self._path} is being written by another task too, which has removed this one's part. Give "
                "each task a file of its own."
            ) from None
        self._file, self._landed = None, True

    def __enter__(self) -> Self:
        for left_over in self._files.glob(f"{glob.escape(self._path)}.????????????{_ENDING}"):
            with suppress(FileNotFoundError):
                self._files.rm_file(left_over)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._landed:
            self._drop()

    def _open(self) -> IO[bytes]:
        try:
            opened: IO[bytes] = self._files.open(self._partial, "wb", block_size=_BLOCK_BYTES)
        except FileNotFoundError:  # a store with real folders
            self._files.makedirs(self._path.rpartition("/")[0], exist_ok=True)
            opened = self._files.open(self._partial, "wb", block_size=_BLOCK_BYTES)
        return opened

    def _rename(self) -> None:
        if type(self._files).mv is not AbstractFileSystem.mv:
            self._files.mv(self._partial, self._path)
            return
        # A store that cannot rename: fsspec would copy, and would take brackets in a name for a pattern.
        self._files.cp_file(self._partial, self._path)
        self._files.rm_file(self._partial)

    def _drop(self) -> None:
        if self._file is not None:
            _abandon(self._file)
        self._file = None
        with suppress(Exception):  # there may be none
            self._files.rm_file(self._partial)


def write_atomic(chunks: Iterable[bytes], *, files: FileSystem, path: str) -> str:
    """Write a file so that nobody ever sees a part of it; return its SHA-256 in hexadecimal."""
    with AtomicWriter(files=files, path=path) as landing:
        for chunk in chunks:
            landing.write(chunk)
        landing.commit()
        return landing.sha256


def _abandon(file: IO[bytes]) -> None:
    """Let go of a file that is not to be. Closing it would make an object of it, in a store of objects."""
    with suppress(Exception):
        if isinstance(file, AbstractBufferedFile):
            file.closed = True  # else the garbage collector closes it
            file.discard()
        else:
            file.close()
