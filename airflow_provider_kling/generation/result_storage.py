"""Copying results to ``output``, each with a sidecar: a JSON file with its request, its task and its cost."""

from __future__ import annotations

import glob
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.result import StoredFile, known_costs
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import Download, Downloader
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.hosts import HostRules
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media_type import MediaType

log = logging.getLogger(__name__)

_FILE_EXTENSIONS = frozenset(f".{each.value}" for each in FileFormat) | {".mov", ".jpeg", ".m4v"}
_CHUNK_BYTES = 1024 * 1024


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
    if suffix.lower() in _FILE_EXTENSIONS:
        return f"{output.removesuffix(suffix)}{count}{suffix}", False
    name = f"{task_id}{count}"
    if "/" in name or "\\" in name or not name or name.startswith("."):
        raise KlingMediaError(f"{name!r:.80} is no name of a file directly below {output}", retryable=False)
    return f"{output.rstrip('/')}/{name}", True


@dataclass(frozen=True, kw_only=True)
class ResultStorage:
    """Where the results of a task are copied to, and what is known about where they come from.

    :param output: the URI of a file or a folder.
    :param max_bytes: a larger result is not stored.
    :param request: the fields of the request, with media cut; None where unknown.
    """

    output: str
    max_bytes: int
    settings: ClientSettings
    conn_id: str
    model: str | None = None
    request: Mapping[str, Any] | None = None

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
            max_bytes=self.max_bytes,
            read_timeout_s=settings.read_timeout_s,
        )
        with closing(downloader), MediaReader() as reader:
            return {
                resource: self._store(downloader, reader, task, resource, number=number)
                for number, resource in enumerate(results, start=1)
            }

    def _store(
        self, downloader: Downloader, reader: MediaReader, task: Task, resource: Resource, *, number: int
    ) -> StoredFile:
        uri, add_extension = target_uri(self.output, task_id=task.task_id, number=number)
        file = files.file_at(uri)
        candidates = _with_extensions(file) if add_extension else [file]
        stored = (_as_recorded(candidate, task_id=task.task_id) for candidate in candidates)
        if found := next(filter(None, stored), None):
            file, download = found
            log.info("%s is stored already, with the recorded hash; nothing is downloaded", file)
        else:
            with files.storage_errors(file, "written"):
                download = downloader.fetch(
                    resource.url, files=file.fs, path=file.path, add_extension=add_extension
                )
            if add_extension:
                file = file.with_name(f"{file.name}.{download.format.value}")
            self._write_sidecar(file, task, download)
        is_audio = download.format.media_type is MediaType.AUDIO
        info = None if is_audio else files.probe_stored(file, request=self.request, reader=reader)
        poster = None
        if info and info.type is MediaType.VIDEO:
            poster = files.write_poster(file, reader=reader)
        return StoredFile(uri=str(file), download=download, info=info, poster_uri=poster)

    def _write_sidecar(self, file: ObjectStoragePath, task: Task, download: Download) -> None:
        # It holds no signed link, no API key and no bytes of media.
        contents = {
            "task_id": task.task_id,
            "model": self.model,
            "conn_id": self.conn_id,
            "request": self.request,
            "format": download.format.value,
            "bytes": download.size,
            "sha256": download.sha256,
            "submitted_at": task.submitted_at.isoformat() if task.submitted_at else None,
            "finished_at": task.finished_at.isoformat() if task.finished_at else None,
            "cost_usd": None,
            **known_costs(task),
            "written_by": f"airflow-provider-kling {__version__}",
        }
        files.write(_sidecar(file), [json.dumps(contents, indent=2, ensure_ascii=False).encode()])


def _sidecar(file: ObjectStoragePath) -> ObjectStoragePath:
    return file.with_name(f"{file.name}.json")


def _with_extensions(file: ObjectStoragePath) -> list[ObjectStoragePath]:
    """Return the files that are a path with the extension of a format, and have a sidecar."""
    with files.storage_errors(file, "looked for"):
        sidecars = {PurePosixPath(path).name for path in file.fs.glob(f"{glob.escape(file.path)}.*.json")}
    named = (file.with_name(f"{file.name}.{each.value}") for each in FileFormat)
    return [one for one in named if _sidecar(one).name in sidecars]


def _as_recorded(file: ObjectStoragePath, *, task_id: str) -> tuple[ObjectStoragePath, Download] | None:
    """Return a file and its properties if it is the whole result of this task, by the hash in its sidecar."""
    try:
        with files.reading(_sidecar(file)) as stored:
            recorded = json.load(stored)
    except KlingMediaError:  # there is none, or it is damaged
        return None
    if not isinstance(recorded, Mapping) or recorded.get("task_id") != task_id or not files.exists(file):
        return None
    digest, size, found = hashlib.sha256(), 0, None
    with files.reading(file) as stored:
        while chunk := stored.read(_CHUNK_BYTES):
            found = found or sniff(chunk[:HEAD_BYTES])
            digest.update(chunk)
            size += len(chunk)
    if found is None or digest.hexdigest() != recorded.get("sha256"):
        return None
    return file, Download(format=found, size=size, sha256=digest.hexdigest())
