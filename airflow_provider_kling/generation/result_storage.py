"""Copying results to ``output``, each with a sidecar: a JSON file with its request, its task and its cost."""

from __future__ import annotations

import glob
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.output_file import ServiceResult, commit_paid, names
from airflow_provider_kling.generation.poster import write_poster
from airflow_provider_kling.generation.result import StoredFile, known_costs
from airflow_provider_kling.generation.sidecar import read_sidecar, sidecar_path
from airflow_provider_kling.http.redaction import Redactor
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.download import Download, Downloader
from airflow_provider_kling.media.file_format import FileFormat, named_media_type
from airflow_provider_kling.media.hosts import HostRules
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media_type import MediaType

log = logging.getLogger(__name__)


def target_uri(output: str, *, task_id: str, number: int = 1) -> tuple[str, bool]:
    """Return the URI of a result's file, and whether the extension of its format has to be appended.

    In a folder, the name is the task's id, and the extension is that of the format of the bytes: nothing that
    the service says decides where a file is written.

    :param output: the URI of a file if it ends in a media file's extension, else of a folder.
    :param number: counts the results of one task; from the second on, the name ends in it.
    :raises KlingMediaError: the file would not be directly below the folder.
    """
    count = "" if number == 1 else f"-{number}"
    suffix = PurePosixPath(output).suffix
    if named_media_type(output) is not None:
        return f"{output.removesuffix(suffix)}{count}{suffix}", False
    name = f"{task_id}{count}"
    if "/" in name or "\\" in name or not name or name.startswith("."):
        raise KlingMediaError(f"{name!r:.80} is no name of a file directly below {output}", retryable=False)
    return f"{output.rstrip('/')}/{name}", True


@dataclass(frozen=True, kw_only=True)
class ResultStorage:
    """Where the results of a task are copied to, and what is known about where they come from.

    :param author: the running task.
    :param output: the URI of a file or a folder.
    :param max_bytes: of all results of the task together; a larger one is not stored.
    :param request: the fields of the request, with media cut; None where unknown.
    :param fingerprint: of the request; None where unknown.
    """

    author: LogicalTask
    output: str
    max_bytes: int
    settings: ClientSettings
    conn_id: str
    model: str | None = None
    request: Mapping[str, Any] | None = None
    fingerprint: str | None = None

    def store(self, task: Task, results: Sequence[Resource]) -> dict[Resource, StoredFile]:
        """Copy results, each with a sidecar. What is stored already, by its sidecar, is not downloaded.

        :raises DeadLinkError: a link does not work, or no longer.
        :raises KlingError: the download or the storage failed.
        """
        settings = self.settings
        hosts = HostRules(
            own_url=settings.base_url,
            allow_private=settings.allow_private_hosts,
            allow_http=settings.allow_insecure_http,
        )
        downloader = Downloader(
            hosts=hosts,
            user_agent=settings.user_agent,
            read_timeout_s=settings.read_timeout_s,
            redactor=Redactor(settings.credentials.secrets if settings.credentials else ()),
        )
        with closing(downloader), MediaReader() as reader:
            stored: dict[Resource, StoredFile] = {}
            for number, resource in enumerate(results, start=1):
                allowed = self.max_bytes - sum(one.download.size for one in stored.values())
                result = ServiceResult(task_id=task.task_id, number=number, results=len(results))
                stored[resource] = self._store(
                    downloader, reader, task, resource, result=result, max_bytes=max(0, allowed)
                )
            return stored

    def describe(self, file: ObjectStoragePath, download: Download, *, reader: MediaReader) -> StoredFile:
        """Measure a stored result, and give a video its poster.

        :raises KlingMediaError: it cannot be read.
        """
        is_audio = download.format.media_type is MediaType.AUDIO
        info = None if is_audio else files.probe_stored(file, request=self.request, reader=reader)
        poster = None
        if info and info.type is MediaType.VIDEO:
            poster = write_poster(file, reader=reader, author=self.author)
        return StoredFile(uri=str(file), download=download, info=info, poster_uri=poster)

    def _store(
        self,
        downloader: Downloader,
        reader: MediaReader,
        task: Task,
        resource: Resource,
        *,
        result: ServiceResult,
        max_bytes: int,
    ) -> StoredFile:
        uri, add_extension = target_uri(self.output, task_id=task.task_id, number=result.number)
        file = files.file_at(uri)
        if found := _stored(file, result, add_extension=add_extension):
            file, download = found
            log.info("%s is stored already, with the recorded hash; nothing is downloaded", file)
        else:
            with (
                files.storage_errors(file, "written"),
                AtomicWriter(files=file.fs, path=file.path, owner=result.token) as writer,
            ):
                download = downloader.fetch(writer, resource.url, max_bytes=max_bytes)
                if add_extension:
                    file = file.with_name(f"{file.name}.{download.format.value}")
                contents = self._sidecar(task, result, download)
                file = commit_paid(writer, file, contents, author=self.author, result=result)
        return self.describe(file, download, reader=reader)

    def _sidecar(self, task: Task, result: ServiceResult, download: Download) -> dict[str, Any]:
        # It holds no signed link, no API key and no bytes of media.
        return {
            "task_id": task.task_id,
            "number": result.number,
            "results": result.results,
            "model": self.model,
            "conn_id": self.conn_id,
            "request": self.request,
            "fingerprint": self.fingerprint,
            "format": download.format.value,
            "bytes": download.size,
            "sha256": download.sha256,
            "submitted_at": task.submitted_at.isoformat() if task.submitted_at else None,
            "finished_at": task.finished_at.isoformat() if task.finished_at else None,
            "cost_usd": None,
            **known_costs(task),
        }


def _stored(
    file: ObjectStoragePath, result: ServiceResult, *, add_extension: bool
) -> tuple[ObjectStoragePath, Download] | None:
    """Return where a result is stored whole, by the hash in its sidecar, whoever has written it."""
    for wanted in _with_extensions(file) if add_extension else [file]:
        for candidate in names(wanted):
            kind, sidecar = files.kind(candidate), read_sidecar(candidate)
            if kind is None and sidecar is None:
                break
            if kind is not files.Kind.FILE or sidecar is None:
                continue
            if (sidecar.task_id, sidecar.number) != (result.task_id, result.number):
                continue
            content = files.content_of(candidate)
            if content.format is not None and content.sha256 == sidecar.sha256:
                return candidate, Download(format=content.format, size=content.size, sha256=content.sha256)
    return None


def _with_extensions(file: ObjectStoragePath) -> list[ObjectStoragePath]:
    """Return the files that are a path with the extension of a format, and have a sidecar."""
    with files.storage_errors(file, "looked for"):
        sidecars = {PurePosixPath(path).name for path in file.fs.glob(f"{glob.escape(file.path)}.*.json")}
    named = (file.with_name(f"{file.name}.{each.value}") for each in FileFormat)
    return [one for one in named if sidecar_path(one).name in sidecars]
