"""Media that lie on the user's storage: read on the worker, checked, and sent along or uploaded.

In templates, logs, the record and XCom there is only the URI. Links of the web are passed on as they are.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeGuard

from airflow_provider_kling.exceptions import (
    BrokenRule,
    ErrorCategory,
    KlingCapacityError,
    KlingError,
    KlingMediaError,
    KlingRequestError,
)
from airflow_provider_kling.generation.files import file_at, reading
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.file import UploadedFile
from airflow_provider_kling.media.inspection import InputFile, broken_limits
from airflow_provider_kling.models import KlingRequest, MediaLimits, Medium
from airflow_provider_kling.models.media_limits import medium_of

log = logging.getLogger(__name__)

INLINE_BYTES = 5 * 1024**2
"""A larger picture is uploaded rather than sent along: Base64 adds a third to it."""

INLINE_MOST_BYTES = 47 * 1024**2
"""With Base64's third, a request of about 64 MiB, the most that the vendor's own client sends."""

_STORAGE_URI = re.compile(r"(?!https?:|data:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TEXTS = ("prompt", "effect_scene")


class Upload(StrEnum):
    """How media on the user's storage reach the service.

    ``auto`` sends pictures and sounds along and uploads what is larger, and videos; ``always`` uploads them
    all; ``never`` sends them all along, however large.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def is_storage_uri(value: object) -> TypeGuard[str]:
    """Tell whether a value names a file on storage that Airflow knows: ``s3://``, ``file://`` and so on."""
    return isinstance(value, str) and _STORAGE_URI.match(value) is not None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a request a file stands.

    :param path: the field's name, and what leads on from there: the number of an item, or a key.
    """

    path: tuple[str | int, ...]
    uri: str

    def __str__(self) -> str:
        """Read as messages name fields."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path[1:])
        return self.name + "".join(steps)

    @property
    def name(self) -> str:
        """Of the field that the file belongs to."""
        return str(self.path[0])

    @property
    def medium(self) -> Medium:
        """What the field holds."""
        return medium_of(self.name)


def places(request: KlingRequest) -> Iterator[Place]:
    """Yield where a request names files on storage, at whatever depth."""
    for name, value in request.body().items():
        yield from _places((name,), value)


def _places(path: tuple[str | int, ...], value: object) -> Iterator[Place]:
    if any(text in str(path[-1]) for text in _TEXTS):
        return
    if is_storage_uri(value):
        yield Place(path=path, uri=value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _places((*path, key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places((*path, number), inner)


def _filled(path: tuple[str | int, ...], value: Any, texts: Mapping[tuple[str | int, ...], str]) -> Any:
    """Return a value with texts at their places."""
    if path in texts:
        return texts[path]
    if isinstance(value, Mapping):
        return {key: _filled((*path, key), inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled((*path, number), inner, texts) for number, inner in enumerate(value)]
    return value


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A request that the service can read.

    :param uploads: the ids of the files that were uploaded for it.
    """

    request: KlingRequest
    uploads: tuple[str, ...] = ()


@dataclass(kw_only=True)
class MediaArguments:
    """Turns the storage URIs of a request into what the service takes.

    :param label: the beginning of the names that uploaded files get. The same for all tries of one request,
        so that a try that was killed leaves nothing behind that the next one does not use.
    """

    hook: KlingHook
    policy: Upload
    label: str
    _kept: dict[str, UploadedFile] | None = field(default=None, init=False)

    def resolve(self, request: KlingRequest) -> Resolved:
        """Read, check and send along or upload each file.

        :raises KlingRequestError: a file breaks a documented limit. Nothing was uploaded, sent or billed.
        :raises KlingMediaError: a file cannot be read.
        :raises KlingCapacityError: the service keeps as many files as it will. Nothing was sent or billed.
        """
        found = list(places(request))
        if not found:
            return Resolved(request=request)
        limits = self.hook.connection.gateway.media_limits(request)
        files = [(place, self._read(place)) for place in found]
        self._check(request, files, limits=limits)
        texts, uploads = {}, []
        for number, (place, file) in enumerate(files):
            if self._is_uploaded(place, file):
                uploaded = self._upload(file, number=number)
                uploads.append(uploaded.file_id)
                texts[place.path] = uploaded.url
            else:
                texts[place.path] = base64.b64encode(file.content).decode()
        body = request.body()
        values = {name: _filled((name,), body[name], texts) for name in {place.name for place in found}}
        return Resolved(request=request.model_copy(update=values), uploads=tuple(uploads))

    def _read(self, place: Place) -> InputFile:
        try:
            path = file_at(place.uri)
            with reading(path) as stored:
                # One byte more than anything that could be sent tells that it is too large.
                content = stored.read(INLINE_MOST_BYTES + 1)
        except KlingMediaError as error:
            message = f"{place}: {error}. Nothing was sent or billed; a retry reads it again."
            raise KlingMediaError(message) from error
        return InputFile(name=path.name, content=content)

    def _check(
        self,
        request: KlingRequest,
        files: list[tuple[Place, InputFile]],
        *,
        limits: Mapping[Medium, MediaLimits],
    ) -> None:
        broken = []
        most_uploaded = self.hook.connection.gateway.file_limits.max_bytes
        for place, file in files:
            most = most_uploaded if self._is_uploaded(place, file) else INLINE_MOST_BYTES
            if len(file.content) > most:
                rules = [f"must have at most {most} bytes to be sent; give a public https link to it instead"]
            else:
                documented = limits.get(place.medium, MediaLimits())
                rules = broken_limits(file, medium=place.medium, limits=documented)
            broken += [BrokenRule(field=str(place), rule=rule, value=place.uri) for rule in rules]
        if broken:
            raise KlingRequestError(subject=str(request.model), broken=broken)

    def _is_uploaded(self, place: Place, file: InputFile) -> bool:
        if self.policy is not Upload.AUTO:
            return self.policy is Upload.ALWAYS
        return place.medium is Medium.VIDEO or len(file.content) > INLINE_BYTES

    def _upload(self, file: InputFile, *, number: int) -> UploadedFile:
        """Upload a file, or take the one that an earlier try of the same request has uploaded."""
        filename = f"{self.label}-{number}.{file.kind.value if file.kind else 'bin'}"
        if self._kept is None:
            self._kept = {one.filename or one.file_id: one for one in self.hook.list_files()}
        if (kept := self._kept.get(filename)) is not None and kept.size == len(file.content):
            return kept
        limits = self.hook.connection.gateway.file_limits
        if len(self._kept) >= limits.max_files:
            raise KlingCapacityError(
                f"The service keeps {limits.max_files} files of a team at a time, and there are "
                f"{len(self._kept)}. They go when the tasks that use them end, or after {limits.days} days. "
                "Nothing was sent or billed.",
                status_code=429,
                category=ErrorCategory.CONCURRENT_LIMIT,
            )
        content_type = file.kind.content_type if file.kind else "application/octet-stream"
        uploaded = self.hook.upload(file.content, filename=filename, content_type=content_type)
        self._kept[filename] = uploaded
        log.info("Uploaded %s (%s bytes) as file %s", file.name, len(file.content), uploaded.file_id)
        return uploaded


def delete_uploads(hook: KlingHook, file_ids: tuple[str, ...]) -> None:
    """Delete uploaded files that no task needs any more. What cannot be deleted goes by itself in a week."""
    for file_id in file_ids:
        try:
            hook.delete_file(file_id)
        except KlingError as error:
            log.info("File %s could not be deleted (%s); the service drops it in a week", file_id, error)
