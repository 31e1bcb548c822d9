"""Copying a result to where ``output`` says, on any storage that Airflow knows."""

from __future__ import annotations

from contextlib import closing
from pathlib import PurePosixPath

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.api.settings import ClientSettings
from airflow_provider_kling.api.task import Resource
from airflow_provider_kling.media.download import Downloader
from airflow_provider_kling.media.kind import MediaKind
from airflow_provider_kling.operators.result import StoredFile

_FILE_EXTENSIONS = frozenset(f".{kind.value}" for kind in MediaKind) | {".mov", ".jpeg", ".m4v"}


def target_uri(output: str, *, task_id: str, extension: str) -> str:
    """Return the URI of the file that ``output`` stands for.

    :param output: a file's URI if it ends in a media file's extension, else a folder's, in which
        the file is named after the task.
    """
    if PurePosixPath(output).suffix.lower() in _FILE_EXTENSIONS:
        return output
    return f"{output.rstrip('/')}/{task_id}.{extension}"


def store(resource: Resource, *, task_id: str, output: str, settings: ClientSettings) -> StoredFile:
    """Copy a result to ``output``.

    :raises KlingMediaError: the link leads to something that is not a media file, or is not allowed.
    :raises KlingConnectionError: the download kept breaking.
    """
    extension = resource.format or (MediaKind.MP4 if resource.type == "video" else MediaKind.PNG).value
    uri = target_uri(output, task_id=task_id, extension=extension)
    path = ObjectStoragePath(uri)
    downloader = Downloader(
        own_url=settings.base_url, user_agent=settings.user_agent, read_timeout_s=settings.read_timeout_s
    )
    with closing(downloader):
        download = downloader.fetch(resource.url, files=path.fs, path=path.path)
    return StoredFile(uri=uri, download=download)
