"""Stored results as HTTP responses, with parts, so that a browser can seek in a clip."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import quote

from airflow.sdk import ObjectStoragePath
from fastapi import Request, Response
from starlette.responses import StreamingResponse

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import files
from airflow_provider_kling.generation.sidecar import Sidecar, read_sidecar, sidecar_path
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.plugins.gallery.byte_range import (
    ByteRange,
    UnsatisfiableRangeError,
    requested_range,
)

_FILE: Final = "file"
_CHUNK_BYTES: Final = 256 * 1024


class NoMediaError(Exception):
    """There is no such result, or it is nothing that a page may show. The text is for people."""


@dataclass(frozen=True, kw_only=True)
class StoredMedia:
    """A stored file that a task of this provider has written.

    :param format: by its content.
    :param size: bytes.
    :param tag: changes with the content.
    """

    file: ObjectStoragePath
    format: FileFormat
    size: int
    tag: str


def stored_media(uri: str, *, may_read: Callable[[str], bool]) -> StoredMedia:
    """Return the stored file of a result.

    Any DAG can push an XCom with any URI. So only a media file is served, and only beside a sidecar of this
    provider, which says which DAG wrote it: whose XComs the visitor must be allowed to read.

    :param may_read: tells whether the visitor may read the XComs of a DAG.
    :raises NoMediaError: it is none of these, or cannot be read.
    """
    file, sidecar = _file_and_sidecar(uri, may_read=may_read)
    return _media(file, tag=sidecar.sha256)


def stored_poster(uri: str, *, may_read: Callable[[str], bool]) -> StoredMedia:
    """Return the poster of a stored video; for the rules and errors, see :func:`stored_media`.

    :param uri: of the video, whose sidecar names the poster.
    """
    video, sidecar = _file_and_sidecar(uri, may_read=may_read)
    poster = sidecar.poster
    if poster is None or "/" in poster.name or poster.name in ("", ".", ".."):
        raise NoMediaError("It has no poster")
    file = video.with_name(poster.name)
    # A file with a sidecar of its own is a result, perhaps of a DAG that the visitor may not read.
    media = _media(file, tag=poster.sha256)
    if media.format.media_type is not MediaType.IMAGE or _type_of(sidecar_path(file)) is not None:
        raise NoMediaError("It has no poster")
    return media


def response_of(media: StoredMedia, request: Request) -> Response:
    """Return the response to a request for a file, or for a part of it."""
    etag = f'"{media.tag}"'
    headers = {
        "Accept-Ranges": "bytes",
        # Each use is asked for again: permissions and files change.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(media.file.name, safe='')}",
        # The content is a stranger's: it is shown as what it was found to be, and does nothing. A browser's
        # own player, for a file that is opened by itself, asks for it again, so it must not be sandboxed.
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    is_current = request.headers.get("if-range") in (None, etag)
    try:
        part = requested_range(request.headers.get("range") if is_current else None, size=media.size)
    except UnsatisfiableRangeError:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{media.size}"})
    sent = part or ByteRange(0, media.size - 1)
    headers["Content-Length"] = str(sent.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{media.size}"
    status, type_ = 206 if part else 200, media.format.content_type
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=type_)
    return StreamingResponse(
        _content(media.file, sent), status_code=status, headers=headers, media_type=type_
    )


def _file_and_sidecar(uri: str, *, may_read: Callable[[str], bool]) -> tuple[ObjectStoragePath, Sidecar]:
    try:
        file = files.file_at(uri)
        is_file = _type_of(sidecar_path(file)) == _FILE
        sidecar = read_sidecar(file) if is_file else None
    except (KlingMediaError, ValueError) as error:  # a text that is no name of a file
        raise NoMediaError("The stored copy cannot be read") from error
    if sidecar is None:
        raise NoMediaError("The stored copy is gone, or it is not from this provider")
    if not may_read(sidecar.logical_task.dag_id):
        raise NoMediaError("The stored copy belongs to another DAG")
    return file, sidecar


def _type_of(file: ObjectStoragePath) -> str | None:
    """Return what is at a name: :data:`_FILE`, None for nothing, or what may never end, such as a pipe."""
    try:
        return str(file.fs.info(file.path)["type"])
    except FileNotFoundError:
        return None
    except Exception as error:  # every storage raises its own
        raise NoMediaError("The stored copy cannot be read") from error


def _media(file: ObjectStoragePath, *, tag: str) -> StoredMedia:
    if _type_of(file) != _FILE:
        raise NoMediaError("The stored copy is gone")
    try:
        with files.reading(file) as opened:
            format_ = sniff(opened.read(HEAD_BYTES))
            size = opened.seek(0, 2)
    except KlingMediaError as error:
        raise NoMediaError("The stored copy cannot be read") from error
    if format_ is None or not size:
        raise NoMediaError("The stored copy is no media file")
    # A sidecar may hold any text.
    return StoredMedia(
        file=file, format=format_, size=size, tag=hashlib.sha256(tag.encode("utf-8", "replace")).hexdigest()
    )


def _content(file: ObjectStoragePath, part: ByteRange) -> Iterator[bytes]:
    """Yield a part of a file, in constant memory. The response has begun, so an error can only end it."""
    with ExitStack() as stack:
        opened: BinaryIO = stack.enter_context(files.reading(file))
        opened.seek(part.first)
        left = part.size
        while left and (chunk := opened.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
