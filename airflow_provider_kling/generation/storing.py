"""Copying results to where ``output`` says, on any storage that Airflow knows."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import file_at, is_there, reading, storage_errors, write
from airflow_provider_kling.generation.probing import measure
from airflow_provider_kling.generation.result import StoredFile
from airflow_provider_kling.generation.sidecar import Provenance, recorded_hash, write_sidecar
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import Download, Downloader
from airflow_provider_kling.media.facts import MediaType
from airflow_provider_kling.media.frames import read_poster
from airflow_provider_kling.media.hosts import HostRules
from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff

log = logging.getLogger(__name__)

_FILE_EXTENSIONS = frozenset(f".{kind.value}" for kind in MediaKind) | {".mov", ".jpeg", ".m4v"}
_CHUNK_BYTES = 1024 * 1024


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


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where the results of a task go.

    :param output: a file's or a folder's URI.
    :param max_bytes: a result that is larger is not stored.
    """

    output: str
    max_bytes: int
    settings: ClientSettings

    def store(
        self, task: Task, results: Sequence[Resource], *, provenance: Provenance
    ) -> dict[Resource, StoredFile]:
        """Copy results, each with a sidecar. One that lies there already, as recorded, is not fetched again.

        :raises DeadLinkError: a link does not work, or no longer.
        :raises KlingMediaError: a link leads to something that is not a media file, or is not allowed; or the
            storage fails.
        :raises KlingConnectionError: a download kept breaking.
        """
        stored = {}
        with closing(self._downloader()) as downloader:
            for number, resource in enumerate(results, start=1):
                file = file_at(self._target(task, resource, number=number))
                download = _as_recorded(file, task_id=task.task_id)
                if download is None:
                    with storage_errors(file, "written"):
                        download = downloader.fetch(resource.url, files=file.fs, path=file.path)
                    write_sidecar(file, task=task, download=download, provenance=provenance)
                else:
                    log.info("%s is there already, with the recorded hash; nothing is fetched", file)
                facts = measure(file, request=provenance.request) if download.kind.is_picture else None
                poster = write_poster(file) if facts and facts.type is MediaType.VIDEO else None
                stored[resource] = StoredFile(
                    uri=str(file), download=download, facts=facts, poster_uri=poster
                )
        return stored

    def _downloader(self) -> Downloader:
        settings = self.settings
        return Downloader(
            hosts=HostRules(
                own_url=settings.base_url,
                allow_private=settings.allow_private_hosts,
                allow_http=settings.allow_insecure_http,
            ),
            user_agent=settings.user_agent,
            max_bytes=self.max_bytes,
            read_timeout_s=settings.read_timeout_s,
        )

    def _target(self, task: Task, resource: Resource, *, number: int) -> str:
        usual = MediaKind.PNG if resource.type == "image" else MediaKind.MP4
        extension = resource.format or usual.value
        return target_uri(self.output, task_id=task.task_id, extension=extension, number=number)


def write_poster(video: ObjectStoragePath) -> str | None:
    """Store a picture to show for a video beside it. A video without one is worth no failure."""
    file = video.with_name(f"{PurePosixPath(video.name).stem}.jpg")
    try:
        with reading(video) as stored:
            picture = read_poster(stored, name=video.name)
        write(file, [picture.content])
    except KlingMediaError as error:
        log.warning("No poster could be made: %s", error)
        return None
    return str(file)


def _as_recorded(file: ObjectStoragePath, *, task_id: str) -> Download | None:
    """Return what lies under a name if it is the whole result of this task, by the hash in its sidecar."""
    recorded = recorded_hash(file, task_id=task_id)
    if recorded is None or not is_there(file):
        return None
    digest, size, kind = hashlib.sha256(), 0, None
    with reading(file) as stored:
        while chunk := stored.read(_CHUNK_BYTES):
            kind = kind or sniff(chunk[:HEAD_BYTES])
            digest.update(chunk)
            size += len(chunk)
    if kind is None or digest.hexdigest() != recorded:
        return None
    return Download(kind=kind, size=size, sha256=recorded)
