"""Writing a file into storage so that no reader ever sees a part of it.

fsspec's own commit (``open(..., autocommit=False)``) cannot keep that promise on every storage: on local
files it moves from ``/tmp``, which copies onto the final name where that is another disk, and by default
a file system does nothing.
"""

from __future__ import annotations

import glob
import hashlib
import logging
import os
import uuid
from contextlib import suppress
from typing import IO, Final, Self

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.exceptions import KlingMediaError

log = logging.getLogger(__name__)

_SUFFIX: Final = ".part"
_RANDOM_DIGITS: Final = 12
# What an object store is sent at a time, and so what is held in memory. S3 takes 10,000 such parts a file.
_BLOCK_BYTES: Final = 8 * 1024 * 1024


class AtomicWriter:
    """A file that is written under a temporary name beside ``path``, and renamed when it is complete.

    A context manager: what was not committed is deleted at its end. What a writer that was killed left behind
    is deleted by the next one with the same path and owner.

    :param files: an fsspec file system.
    :param path: below the root of the file system.
    :param owner: letters and digits that tell its temporary files apart from those of others who write the
        same path at the same time.
    :ivar size: bytes written so far.
    """

    def __init__(self, *, files: AbstractFileSystem, path: str, owner: str) -> None:
        self.size = 0
        self._files = files
        self._path = path
        self._stem = f"{path}.{owner}."
        self._temporary = f"{self._stem}{uuid.uuid4().hex[:_RANDOM_DIGITS]}{_SUFFIX}"
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

    def commit(self, path: str | None = None, *, replace: bool = True) -> None:
        """Rename the file to its final name. An error leaves it as it is, so that another name can be tried.

        :param path: the final name; by default the ``path`` of the writer.
        :param replace: replace a file of that name. Without it, a local file is never replaced. Elsewhere, it
            is checked right before the file is renamed, so a file that appears in that moment is replaced.
        :raises FileExistsError: there is a file of that name, and it is not to be replaced.
        :raises KlingMediaError: another writer with the same path and owner has deleted this one's file.
        """
        if self._file is not None and not self._file.closed:
            self._file.close()
        try:
            self._rename(path or self._path, replace=replace)
        except FileNotFoundError:
            raise KlingMediaError(
                f"{self._path} is being written by another try of this task too, which has deleted the part "
                "of this try. Wait for its end."
            ) from None
        self._file, self._committed = None, True

    def __enter__(self) -> Self:
        digit = "[0-9a-f]"
        for left_over in self._files.glob(f"{glob.escape(self._stem)}{digit * _RANDOM_DIGITS}{_SUFFIX}"):
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

    def _rename(self, path: str, *, replace: bool) -> None:
        if not replace:
            if isinstance(self._files, LocalFileSystem) and self._link(path):
                return
            if exists(self._files, path):
                raise FileExistsError(path)
        if not is_object_store(self._files):
            self._files.mv(self._temporary, path)
        else:  # fsspec's mv would copy too, but would take brackets in a name for a pattern
            self._files.cp_file(self._temporary, path)
            self._files.rm_file(self._temporary)

    def _link(self, path: str) -> bool:
        """Give a local file its name only if the name is free; tell whether the disk has hard links."""
        try:
            os.link(self._temporary, path)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:
            return False
        self._files.rm_file(self._temporary)
        return True

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


def exists(files: AbstractFileSystem, path: str) -> bool:
    """Tell whether there is a file or a folder; an error where the storage does not tell.

    ``exists`` of fsspec hides errors: it would say no.
    """
    files.invalidate_cache(path)  # fsspec caches listings; another process may have written since
    try:
        files.info(path)
    except FileNotFoundError:
        return False
    return True


def create(content: bytes, *, files: AbstractFileSystem, path: str, owner: str) -> None:
    """Write a small file whole, and only if there is none of that name.

    On a local disk, and on object stores with conditional writes (S3, GCS, Azure), of several writers one
    succeeds. Elsewhere, it is checked right before the file is written.

    :raises FileExistsError: there is one.
    """
    if is_object_store(files):
        try:
            files.pipe_file(path, content, mode="create")
        except FileExistsError:
            raise
        except Exception as error:  # noqa: BLE001  - each storage names what it cannot do in its own way
            log.debug("%s cannot be created by a conditional write (%s)", path, error)
        else:
            return
    with AtomicWriter(files=files, path=path, owner=owner) as writer:
        writer.write(content)
        writer.commit(replace=False)


def is_object_store(files: AbstractFileSystem) -> bool:
    """Tell whether files have no real folders and cannot be renamed, and so appear when they are whole."""
    return type(files).mv is AbstractFileSystem.mv
