"""The poster of a stored video: an image beside it that represents it."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.output_file import Found, Holder, names, no_name
from airflow_provider_kling.generation.sidecar import (
    Poster,
    Sidecar,
    read_sidecar,
    sidecar_path,
    token,
    write_sidecar,
)
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.reader import MediaReader

log = logging.getLogger(__name__)


def write_poster(video: ObjectStoragePath, *, reader: MediaReader, author: LogicalTask) -> str | None:
    """Store the poster of a video, unless it is stored already, and return its URI.

    A video without a poster is no failure: None is returned, and the reason is logged. So it is where another
    task has written the video: the sidecar, which would name the poster, is that task's.
    """
    try:
        sidecar = read_sidecar(video)
        if sidecar is None:
            return None
        if (stored := _stored(video, sidecar)) is not None:
            return str(stored)
        if not author.is_same_in(sidecar.logical_task):
            log.info("%s was written by another task and has no poster; none is made", video)
            return None
        with files.reading(video) as opened:
            poster = reader.poster(opened, name=video.name)
        return str(_store(poster.content, video, sidecar, author=author))
    except KlingMediaError as error:
        log.warning("No poster could be made: %s", error)
        return None


def _store(
    content: bytes, video: ObjectStoragePath, sidecar: Sidecar, *, author: LogicalTask
) -> ObjectStoragePath:
    wanted = video.with_name(f"{PurePosixPath(video.name).stem}.jpg")
    for candidate in names(wanted):
        found = _find(candidate, sidecar.poster)
        if found.holder is Holder.OTHER:  # such as the video itself, which has a sidecar
            continue
        with AtomicWriter(files=candidate.fs, path=candidate.path, owner=token(author)) as writer:
            with files.storage_errors(candidate, "written"):
                writer.write(content)
            poster = Poster(
                name=candidate.name,
                sha256=writer.sha256,
                replaces=found.sha256,
                made_from=sidecar.sha256,
            )
            described = sidecar.model_copy(update={"poster": poster})
            write_sidecar(video, described.model_dump(), author=author, replace=True)
            try:
                with files.storage_errors(candidate, "written", FileExistsError):
                    writer.commit(replace=found.sha256 is not None)
            except FileExistsError:  # it has appeared since
                continue
        if candidate != wanted:
            log.warning("%s is no poster of %s. The poster is stored as %s", wanted, video, candidate)
        return candidate
    raise no_name(wanted)


def _stored(video: ObjectStoragePath, sidecar: Sidecar) -> ObjectStoragePath | None:
    """Return the poster that a sidecar describes; None where it is gone, changed, or of a former video."""
    poster = sidecar.poster
    if poster is None or poster.made_from != sidecar.sha256 or "/" in poster.name:
        return None
    file = video.with_name(poster.name)
    return file if _find(file, poster).sha256 == poster.sha256 else None


def _find(file: ObjectStoragePath, recorded: Poster | None) -> Found:
    kind = files.kind(file)
    if files.kind(sidecar_path(file)) is not None:
        return Found(holder=Holder.OTHER)
    if kind is None:
        return Found(holder=Holder.NOBODY)
    if kind is files.Kind.FILE and recorded is not None and recorded.name == file.name:
        sha256 = files.content_of(file).sha256
        if recorded.is_content(sha256):
            return Found(holder=Holder.AUTHOR, sha256=sha256)
    return Found(holder=Holder.OTHER)
