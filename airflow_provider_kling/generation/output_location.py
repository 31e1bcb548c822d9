"""Whether results can be written to an ``output``, as far as that is known before anything is paid for."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from airflow.sdk import ObjectStoragePath
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.output_file import check_writable
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.atomic_writer import is_object_store
from airflow_provider_kling.media.file_format import named_media_type

log = logging.getLogger(__name__)

# A disk takes 255 bytes; what is stored has the suffixes of a sidecar and of a temporary file.
_LONGEST_NAME: Final = 200


def check_output(output: str, *, author: LogicalTask) -> None:
    """Check, before anything is paid for, that results can be written to an output, as far as it is known.

    :raises KlingMediaError: its storage is not installed, a file of somebody else's is there, the folder is a
        file, or a name is too long for a disk (not retryable); the bucket does not exist, the disk may not be
        written to, or the storage does not tell (retryable).
    """
    file = files.file_at(output)
    names_file = named_media_type(output) is not None
    if isinstance(file.fs, LocalFileSystem):
        _check_disk(file, folder=file.parent if names_file else file)
    elif is_object_store(file.fs):
        _check_bucket(file)
    if names_file:
        check_writable(file, author=author)


def _check_disk(file: ObjectStoragePath, *, folder: ObjectStoragePath) -> None:
    if len(os.fsencode(file.name)) > _LONGEST_NAME:
        raise KlingMediaError(
            f"{file} has a name that is longer than {_LONGEST_NAME} bytes, so it and its sidecar cannot be "
            "written",
            retryable=False,
        )
    path = Path(folder.path)
    with files.storage_errors(file, "looked for"):
        existing = next(each for each in (path, *path.parents) if each.exists())
    if not existing.is_dir():
        raise KlingMediaError(
            f"{existing} is a file, and no folder for results can be made there", retryable=False
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise KlingMediaError(f"{existing} is a folder that this process may not write to")


def _check_bucket(file: ObjectStoragePath) -> None:
    bucket = file.path.partition("/")[0]
    try:
        file.fs.info(bucket)
    except FileNotFoundError:
        raise KlingMediaError(f"{file} is in a bucket that does not exist") from None
    except Exception as error:  # noqa: BLE001  - whoever may write objects may not always see the bucket
        log.debug("It is not known whether the bucket of %s exists (%s)", file, error)
