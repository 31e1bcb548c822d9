"""Copying a result to where ``output`` says, on any storage that Airflow knows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import PurePosixPath

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.api.settings import ClientSettings
from airflow_provider_kling.api.task import Resource
from airflow_provider_kling.media.download import Downloader
from airflow_provider_kling.media.kind import MediaKind
from airflow_provider_kling.operators.result import StoredFile

_FILE_EXTENSIONS = frozenset(f".{kind.value}" for kind in MediaKind) | {".mov", ".jpeg", ".m4v"}


def target_uri(output: str, *, task_id: str, extension: str, number: int = 1) -> str:
    """Return the URI of a file that ``output`` stands for.

    :param output: a file's URI if it ends in a media file's extension, else a folder's, in which
        the file is named after the task.
    :param number: counts the results of one task; from the second on, the name ends in it.
    """
    count = "" if number == 1 else f"-{number}"
    suffix = PurePosixPath(output).suffix
    if suffix.lower() in _FILE_EXTENSIONS:
        return f"{output.removesuffix(suffix)}{count}{suffix}"
    return f"{output.rstrip('/')}/{task_id}{count}.{extension}"


def store(
    results: Sequence[Resource], *, task_id: str, output: str, settings: ClientSettings
) -> dict[Resource, StoredFile]:
    """Copy the results of a task to ``output``, one after another.

    :raises KlingMediaError: the link leads to something that is not a media file, or is not allowed.
    :raises KlingConnectionError: the download kept breaking.
    """
    downloader = Downloader(
        own_url=settings.base_url, user_agent=settings.user_agent, read_timeout_s=settings.read_timeout_s
    )
    stored = {}
    with closing(downloader):
        for number, resource in enumerate(results, start=1):
            extension = (
                resource.format or (MediaKind.PNG if resource.type == "image" else MediaKind.MP4).value
            )
            uri = target_uri(output, task_id=task_id, extension=extension, number=number)
            path = ObjectStoragePath(uri)
            download = downloader.fetch(resource.url, files=path.fs, path=path.path)
            stored[resource] = StoredFile(uri=uri, download=download)
    return stored
