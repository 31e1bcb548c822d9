"""Media on the user's storage: read on the worker, checked, and sent as Base64 or uploaded.

Templates, logs, the record and XComs hold only the URI. Links are sent as they are.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeGuard

from airflow_provider_kling.exceptions import (
    BrokenRule,
    KlingError,
    KlingFileStoreFullError,
    KlingMediaError,
    KlingRequestError,
)
from airflow_provider_kling.gateways.base import Files, UploadedFile
from airflow_provider_kling.gateways.encoded import EncodedRequest, MediaField
from airflow_provider_kling.generation.files import file_at, reading
from airflow_provider_kling.generation.policies import Upload
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.media.input_file import InputFile, broken_limits
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import MediaLimits

log = logging.getLogger(__name__)

INLINE_BYTES = 5 * 1024**2
"""A larger image is uploaded and not sent as Base64, which adds a third to its size."""

INLINE_MOST_BYTES = 47 * 1024**2
"""As Base64, it makes a request of about 64 MiB, the most that the vendor's own client sends."""

_STORAGE_URI = re.compile(r"(?!https?:|data:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def is_storage_uri(value: object) -> TypeGuard[str]:
    """Tell whether a value names a file on storage that Airflow supports, such as ``s3://bucket/key``."""
    return isinstance(value, str) and _STORAGE_URI.match(value) is not None


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A request that the service can read.

    :param uploads: the ids of the files that were uploaded for it.
    """

    encoded: EncodedRequest
    uploads: tuple[str, ...] = ()


@dataclass(kw_only=True)
class MediaArguments:
    """Replaces the storage URIs of an encoded request with what the service takes.

    :param label: the beginning of the names that uploaded files get. The same for all tries of one request,
        so that a try that was killed leaves nothing behind that the next one does not use.
    """

    hook: KlingHook
    policy: Upload
    label: str
    _stored: dict[str, UploadedFile] | None = field(default=None, init=False)

    def resolve(self, encoded: EncodedRequest) -> Resolved:
        """Read and check all files, then encode or upload each.

        :raises KlingRequestError: a file breaks a documented limit. Nothing was uploaded, sent or billed.
        :raises KlingMediaError: a file cannot be read.
        :raises KlingFileStoreFullError: the account has as many files at the service as it may. Nothing was
            submitted or billed.
        """
        found = [media for media in encoded.media if is_storage_uri(media.value)]
        if not found:
            return Resolved(encoded=encoded)
        files = [(media, self._read(media)) for media in found]
        self._check(encoded, files)
        values, uploads = {}, []
        for number, (media, file) in enumerate(files):
            if self._is_uploaded(media, file):
                uploaded = self._upload(file, number=number)
                uploads.append(uploaded.file_id)
                values[media.path] = uploaded.url
            else:
                values[media.path] = base64.b64encode(file.content).decode()
        return Resolved(encoded=encoded.with_media(values), uploads=tuple(uploads))

    def _read(self, media: MediaField) -> InputFile:
        try:
            path = file_at(media.value)
            with reading(path) as stored:
                # One byte more than anything that could be sent tells that it is too large.
                content = stored.read(INLINE_MOST_BYTES + 1)
        except KlingMediaError as error:
            message = f"{media.name}: {error}. Nothing was submitted or billed; a retry reads it again."
            raise KlingMediaError(message) from error
        return InputFile(name=path.name, content=content)

    def _check(self, encoded: EncodedRequest, files: list[tuple[MediaField, InputFile]]) -> None:
        broken = []
        for media, file in files:
            rules = self._too_large(media, file) or broken_limits(
                file, media_type=media.type, limits=_limits(encoded, media)
            )
            broken += [BrokenRule(field=media.name, rule=rule, value=media.value) for rule in rules]
        if broken:
            raise KlingRequestError(subject=encoded.model, broken=broken)

    def _too_large(self, media: MediaField, file: InputFile) -> list[str]:
        if self._is_uploaded(media, file):
            if self._files is None:
                return ["must be a public https link: this service stores no files"]
            most = self._files.limits.max_bytes
        else:
            most = INLINE_MOST_BYTES
        if len(file.content) <= most:
            return []
        return [f"must have at most {most} bytes to be sent; give a public https link to it instead"]

    @property
    def _files(self) -> Files | None:
        return self.hook.gateway.files

    def _is_uploaded(self, media: MediaField, file: InputFile) -> bool:
        if self.policy is not Upload.AUTO:
            return self.policy is Upload.ALWAYS
        media_type = media.type or (file.format.media_type if file.format else None)
        return media_type is MediaType.VIDEO or len(file.content) > INLINE_BYTES

    def _upload(self, file: InputFile, *, number: int) -> UploadedFile:
        """Upload a file, or take the one that an earlier try of the same request has uploaded."""
        filename = f"{self.label}-{number}.{file.format.value if file.format else 'bin'}"
        if self._stored is None:
            with _nothing_submitted():
                listed = self.hook.list_files()
            self._stored = {one.filename or one.file_id: one for one in listed}
        if (stored := self._stored.get(filename)) is not None and stored.size == len(file.content):
            return stored
        if self._files is not None and len(self._stored) >= self._files.limits.max_files:
            limits = self._files.limits
            raise KlingFileStoreFullError(
                f"The service stores at most {limits.max_files} files of an account, and there are "
                f"{len(self._stored)}. They are deleted when the tasks that use them end, or after "
                f"{limits.days} days. Nothing was submitted or billed."
            )
        content_type = file.format.content_type if file.format else "application/octet-stream"
        with _nothing_submitted():
            uploaded = self.hook.upload(file.content, filename=filename, content_type=content_type)
        self._stored[filename] = uploaded
        log.info("Uploaded %s (%s bytes) as file %s", file.name, len(file.content), uploaded.file_id)
        return uploaded


@contextmanager
def _nothing_submitted() -> Iterator[None]:
    """Say in an error of the service's file store what it means for the submission."""
    try:
        yield
    except KlingError as error:
        context = "It was for a file of the request; nothing was submitted or billed."
        raise error.with_context(context) from error.__cause__


def _limits(encoded: EncodedRequest, media: MediaField) -> MediaLimits:
    return encoded.limits.get(media.type, MediaLimits()) if media.type else MediaLimits()


def delete_uploads(hook: KlingHook, file_ids: tuple[str, ...]) -> None:
    """Delete uploaded files that no task needs any more. The service deletes the others later by itself."""
    for file_id in file_ids:
        try:
            hook.delete_file(file_id)
        except KlingError as error:
            log.info(
                "File %s could not be deleted (%s); the service deletes it later by itself", file_id, error
            )
