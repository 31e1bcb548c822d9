"""Files on any storage that Airflow supports. What a storage raises becomes an error that names the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingError, KlingMediaError
from airflow_provider_kling.media.atomic_writer import write_atomic

# A demuxer seeks often, and s3fs would read 50 MiB ahead each time.
_READ_AHEAD_BYTES: Final = 4 * 1024 * 1024


def file_at(uri: str) -> ObjectStoragePath:
    """Return the file of a URI, whether or not it exists.

    :raises KlingMediaError: the storage of the URI is not installed, or has no connection.
    """
    with storage_errors(uri, "used"):
        file = ObjectStoragePath(uri)
        file.fs.invalidate_cache(file.path)  # fsspec caches listings; another process may have written since
    return file


def exists(file: ObjectStoragePath) -> bool:
    """Tell whether a file exists.

    :raises KlingMediaError: the storage does not tell. ``exists()`` of fsspec would say no, which may cost
        money.
    """
    with storage_errors(file, "looked for"):
        try:
            file.fs.info(file.path)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def reading(file: ObjectStoragePath) -> Iterator[BinaryIO]:
    """Open a file for reading.

    :raises KlingMediaError: it cannot be read, now.
    """
    with (
        storage_errors(file, "read"),
        file.open("rb", block_size=_READ_AHEAD_BYTES) as opened,  # type: ignore[no-untyped-call]
    ):
        yield opened


def write(file: ObjectStoragePath, chunks: Iterable[bytes]) -> str:
    """Write a file so that no reader ever sees a part of it; return its SHA-256 in hexadecimal.

    :raises KlingMediaError: it cannot be written, now.
    """
    with storage_errors(file, "written"):
        return write_atomic(chunks, files=file.fs, path=file.path)


@contextmanager
def storage_errors(file: ObjectStoragePath | str, done: str) -> Iterator[None]:
    """Translate what a storage raises in the body.

    :param done: what the body does to the file, as a participle for the message.
    :raises KlingMediaError: with the file's name, and retryable: the permission or the bucket may be there
        later.
    """
    try:
        yield
    except KlingError:
        raise
    except Exception as error:  # every storage raises its own
        raise KlingMediaError(f"{file} cannot be {done} ({type(error).__name__}: {error})") from error
