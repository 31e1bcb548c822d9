"""Media on the user's storage: read on the worker, checked, and sent as Base64 or uploaded.

Templates, logs, the record and XComs hold only the URI. Links are sent as they are.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_kling.arguments import Upload
from airflow_provider_kling.exceptions import (
    BrokenRule,
    KlingError,
    KlingFileStoreFullError,
    KlingMediaError,
    KlingRequestError,
)
from airflow_provider_kling.gateways.base import UploadedFile
from airflow_provider_kling.gateways.encoded import EncodedRequest, FieldPath, MediaField
from airflow_provider_kling.generation.failure import error_context
from airflow_provider_kling.generation.files import file_at, reading
from airflow_provider_kling.generation.signed_link import NoSignedLinkError, signed_link
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.media.hosts import is_private, parse_link
from airflow_provider_kling.media.input_file import InputFile, broken_limits
from airflow_provider_kling.media.media_value import broken_rule, is_storage_uri
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import KlingRequest, MediaLimits, PromptText, body_strings

log = logging.getLogger(__name__)

INLINE_BYTES = 5 * 1024**2
"""A larger image is uploaded and not sent as Base64, which adds a third to its size."""

INLINE_MOST_BYTES = 47 * 1024**2
"""As Base64, it makes a request of about 64 MiB, the most that the vendor's own client sends."""

_LONGEST_TEXT = 200  # characters of a text that is not cut
_NOTHING_SUBMITTED = "It was for a file of the request; nothing was submitted or billed."


@dataclass(kw_only=True)
class MediaArguments:
    """Replaces the storage URIs of an encoded request with what the service takes.

    :param label: the beginning of the names that uploaded files get. The same for all tries of one request,
        so that a try that was killed leaves nothing behind that the next one does not use.
    :param needed_s: for how many seconds the service may take to read a file that it is given a link to.
    """

    hook: KlingHook
    policy: Upload
    label: str
    needed_s: float

    def resolve(self, encoded: EncodedRequest) -> tuple[EncodedRequest, tuple[str, ...]]:
        """Read and check all files, then encode or upload each.

        :returns: a request that the service can read, and the ids of the files that were uploaded for it.
        :raises KlingError: a file cannot be read, breaks a documented limit, or cannot be stored at the
            service. Nothing was submitted or billed.
        """
        # A service on a private host may read from others there.
        public = not is_private(parse_link(self.hook.connection.client.base_url))
        odd = [
            BrokenRule(field=media.name, rule=rule, value=media.value)
            for media in encoded.media
            if media.type is not None
            and (rule := broken_rule(media.value, media.type, public=public) or _inline(media, encoded))
        ]
        if odd:
            raise KlingRequestError(subject=encoded.model, broken=odd)
        encoded = self._with_links(encoded, public=public)
        files = [(media, self._read(media)) for media in encoded.media if is_storage_uri(media.value)]
        if not files:
            return encoded, ()
        with MediaReader() as reader:
            broken = [
                BrokenRule(field=media.name, rule=rule, value=media.value)
                for media, file in files
                for rule in self._broken_rules(media, file, encoded, reader)
            ]
        if broken:
            raise KlingRequestError(subject=encoded.model, broken=broken)
        values, uploads = {}, []
        for number, (media, file) in enumerate(files):
            if self._is_uploaded(media, file):
                uploaded = self._upload(file, number=number)
                uploads.append(uploaded.file_id)
                values[media.path] = uploaded.url
            else:
                values[media.path] = base64.b64encode(file.content).decode()
        return encoded.with_media(values), tuple(uploads)

    def _with_links(self, encoded: EncodedRequest, *, public: bool) -> EncodedRequest:
        """Return the request with signed links to files that the service neither stores nor takes inline."""
        if self.hook.gateway.files is not None:
            return encoded
        links: dict[FieldPath, str] = {}
        broken: list[BrokenRule] = []
        for media in encoded.media:
            is_link = media.type in encoded.links_only or self.policy is Upload.ALWAYS
            if not is_link or not is_storage_uri(media.value):
                continue
            try:
                with error_context(f"It is {media.name}; nothing was submitted or billed."):
                    links[media.path] = signed_link(
                        media.value, needed_s=self.needed_s, media_type=media.type, public=public
                    )
            except NoSignedLinkError as error:
                broken.append(BrokenRule(field=media.name, rule=str(error), value=media.value))
        if broken:
            raise KlingRequestError(subject=encoded.model, broken=broken)
        return encoded.with_media(links)

    def _read(self, media: MediaField) -> InputFile:
        try:
            path = file_at(media.value)
            with reading(path) as stored:
                # One byte more than anything that could be sent tells that it is too large.
                content = stored.read(INLINE_MOST_BYTES + 1)
        except KlingMediaError as error:
            again = "; a retry reads it again" if error.retryable else ""
            message = f"{media.name}: {error}. Nothing was submitted or billed{again}."
            raise KlingMediaError(message, retryable=error.retryable) from error
        return InputFile(name=path.name, content=content)

    def _broken_rules(
        self, media: MediaField, file: InputFile, encoded: EncodedRequest, reader: MediaReader
    ) -> list[str]:
        most = INLINE_MOST_BYTES
        store = self.hook.gateway.files
        if store is not None and self._is_uploaded(media, file):
            most = store.limits.max_bytes
        if len(file.content) > most:
            return [f"must have at most {most} bytes to be sent; give a public https link to it instead"]
        limits = encoded.limits.get(media.type) if media.type else None
        return broken_limits(file, media_type=media.type, limits=limits or MediaLimits(), reader=reader)

    def _is_uploaded(self, media: MediaField, file: InputFile) -> bool:
        if self.hook.gateway.files is None:
            return False
        if self.policy is not Upload.AUTO:
            return self.policy is Upload.ALWAYS
        media_type = media.type or (file.format.media_type if file.format else None)
        return media_type is MediaType.VIDEO or len(file.content) > INLINE_BYTES

    def _upload(self, file: InputFile, *, number: int) -> UploadedFile:
        """Upload a file, or take the one that an earlier try of the same request has uploaded."""
        filename = f"{self.label}-{number}.{file.format.value if file.format else 'bin'}"
        if (stored := self._stored.get(filename)) is not None and stored.size == len(file.content):
            return stored
        store = self.hook.gateway.files
        if store is not None and len(self._stored) >= store.limits.max_files:
            raise KlingFileStoreFullError(
                f"The service stores at most {store.limits.max_files} files of an account, and there are "
                f"{len(self._stored)}. They are deleted when the tasks that use them end, or after "
                f"{store.limits.days} days. Nothing was submitted or billed."
            )
        content_type = file.format.content_type if file.format else "application/octet-stream"
        with error_context(_NOTHING_SUBMITTED):
            uploaded = self.hook.upload(file.content, filename=filename, content_type=content_type)
        self._stored[filename] = uploaded
        log.info("Uploaded %s (%s bytes) as file %s", file.name, len(file.content), uploaded.file_id)
        return uploaded

    @cached_property
    def _stored(self) -> dict[str, UploadedFile]:
        with error_context(_NOTHING_SUBMITTED):
            return {one.filename or one.file_id: one for one in self.hook.list_files()}


def _inline(media: MediaField, encoded: EncodedRequest) -> str | None:
    """Return the rule that Base64 breaks where the service takes links only."""
    is_base64 = not is_storage_uri(media.value) and "://" not in media.value[:16]
    if is_base64 and media.type in encoded.links_only:
        return "must be a public link or the URI of a stored file: this service takes no such file inline"
    return None


def delete_uploads(hook: KlingHook, file_ids: tuple[str, ...]) -> None:
    """Delete uploaded files that no task needs any more. The service deletes the others later by itself."""
    for file_id in file_ids:
        try:
            hook.delete_file(file_id)
        except KlingError as error:
            log.info(
                "File %s could not be deleted (%s); the service deletes it later by itself", file_id, error
            )


def cut_media(request: KlingRequest, extra_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's fields as plain JSON: prompts are whole; other long texts and links are cut."""
    body = {**request.body(), **extra_parameters}
    prompts = {one.path for one in body_strings(request, body) if isinstance(one.holds, PromptText)}
    return {name: _cut((name,), value, whole=prompts) for name, value in body.items()}


def _cut(path: FieldPath, value: Any, *, whole: AbstractSet[FieldPath]) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _cut((*path, name), item, whole=whole) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut((*path, number), item, whole=whole) for number, item in enumerate(value)]
    if not isinstance(value, str) or path in whole:
        return value
    if "://" in value[:16]:
        return value.partition("?")[0]
    return value if len(value) <= _LONGEST_TEXT else f"({len(value)} characters)"
