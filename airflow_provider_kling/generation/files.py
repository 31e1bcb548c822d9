"""Files on any storage that Airflow supports: read, written and measured.

What a storage raises becomes a :class:`KlingMediaError` that names the file, and is retryable: the permission
or the bucket may be there later.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Final

from airflow.sdk import ObjectStoragePath
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.exceptions import KlingError, KlingMediaError
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.media_info import MediaInfo, differences
from airflow_provider_kling.media.pyav import HAS_PYAV
from airflow_provider_kling.media.reader import MediaReader

log = logging.getLogger(__name__)

# A demuxer seeks often, and s3fs would read 50 MiB ahead each time.
_READ_AHEAD_BYTES: Final = 4 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_RATIO = re.compile(r"\d+:\d+")
_AUDIO = {"on": True, "native": True, "off": False}


def file_at(uri: str) -> ObjectStoragePath:
    """Return the file of a URI, whether or not it exists.

    :raises KlingMediaError: Airflow has no storage of that kind (not retryable), or it cannot be used.
    """
    with storage_errors(uri, "used"):
        try:
            file = ObjectStoragePath(uri)
            _ = file.fs  # which Airflow makes only now
        except (ImportError, ValueError) as error:
            told = f"{uri} cannot be used ({type(error).__name__}: {error})"
            raise KlingMediaError(told, retryable=False) from error
        file.fs.invalidate_cache(file.path)  # fsspec caches listings; another process may have written since
    return file


def is_same_file(one: ObjectStoragePath, other: ObjectStoragePath) -> bool:
    """Tell whether two names are of one file, also where a local path is spelled in another way."""
    if isinstance(one.fs, LocalFileSystem) and isinstance(other.fs, LocalFileSystem):
        return os.path.realpath(one.path) == os.path.realpath(other.path)
    return bool(one.protocol == other.protocol and one.path == other.path)


class Kind(StrEnum):
    """What is at a name."""

    FILE = "file"
    FOLDER = "folder"


def kind(file: ObjectStoragePath) -> Kind | None:
    """Return what is at a name, None for nothing; an error where the storage does not tell."""
    with storage_errors(file, "looked for"):
        file.fs.invalidate_cache(file.path)  # fsspec caches listings; another process may have written since
        try:
            # exists() of fsspec hides errors: it would say no, which may cost money, or somebody's file.
            found = file.fs.info(file.path)
        except FileNotFoundError:
            return None
    return Kind.FOLDER if found.get("type") == "directory" else Kind.FILE


def exists(file: ObjectStoragePath) -> bool:
    """Tell whether a file exists; an error where the storage does not tell."""
    return kind(file) is not None


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds.

    :param format: None for no media file.
    :param size: bytes.
    :param sha256: in hexadecimal.
    """

    format: FileFormat | None
    size: int
    sha256: str


def content_of(file: ObjectStoragePath) -> Content:
    """Read a file, in constant memory, and return what it holds."""
    digest, size, found = hashlib.sha256(), 0, None
    with reading(file) as stored:
        while chunk := stored.read(_CHUNK_BYTES):
            found = found or sniff(chunk[:HEAD_BYTES])
            digest.update(chunk)
            size += len(chunk)
    return Content(format=found, size=size, sha256=digest.hexdigest())


@contextmanager
def reading(file: ObjectStoragePath) -> Iterator[BinaryIO]:
    """Open a file for reading."""
    with (
        storage_errors(file, "read"),
        file.open("rb", block_size=_READ_AHEAD_BYTES) as opened,  # type: ignore[no-untyped-call]
    ):
        yield opened


def write(file: ObjectStoragePath, content: bytes, *, owner: str) -> None:
    """Write a file so that no reader ever sees a part of it.

    :param owner: see :class:`~airflow_provider_kling.media.atomic_writer.AtomicWriter`.
    """
    with (
        storage_errors(file, "written"),
        AtomicWriter(files=file.fs, path=file.path, owner=owner) as writer,
    ):
        writer.write(content)
        writer.commit()


@contextmanager
def storage_errors(file: ObjectStoragePath | str, done: str, *but: type[Exception]) -> Iterator[None]:
    """Translate what a storage raises in the body.

    :param done: what the body does to the file, as a participle for the message.
    :param but: what is not translated.
    """
    try:
        yield
    except KlingError:
        raise
    except Exception as error:  # every storage raises its own
        if isinstance(error, but):
            raise
        raise KlingMediaError(f"{file} cannot be {done} ({type(error).__name__}: {error})") from error


def probe_stored(
    file: ObjectStoragePath, *, request: Mapping[str, Any] | None, reader: MediaReader
) -> MediaInfo | None:
    """Return the properties of a stored video or image; None where the extra ``media`` is not installed.

    What differs from the request is logged as a warning, not raised: it was paid for.

    :raises KlingMediaError: the file cannot be decoded. It stays in the storage.
    """
    if not HAS_PYAV:
        return None
    try:
        with reading(file) as stored:
            info = reader.probe(stored, name=file.name)
    except KlingMediaError as error:
        raise KlingMediaError(
            f"{error}. It was paid for and stays stored as {file}; downloading it again gives the same file.",
            retryable=error.retryable,
        ) from error
    for difference in differences(info, **_requested(request or {})):
        log.warning("%s is not what was requested: %s", file, difference)
    return info


def _requested(request: Mapping[str, Any]) -> dict[str, Any]:
    ratio, duration = request.get("aspect_ratio"), request.get("duration")
    return {
        "aspect_ratio": ratio if isinstance(ratio, str) and _RATIO.fullmatch(ratio) else None,
        "duration_s": float(duration) if isinstance(duration, int) else None,
        "audio": _AUDIO.get(str(request.get("sound", request.get("audio")))),
    }
