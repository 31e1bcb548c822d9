"""What a text in a field for media is: a link, the URI of a stored file, or Base64. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, TypeGuard

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.media.file_format import FileFormat, sniff
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import KlingRequest, Media, body_strings

_LINK: Final = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.IGNORECASE)
_STORAGE_URI: Final = re.compile(r"(?!https?:|data:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_PATH: Final = re.compile(r"[/~.]|[A-Za-z]:[\\/]|file:|[^/]*[\\/]?[^/]*\.[A-Za-z0-9]{2,4}$")
_HEAD_CHARACTERS: Final = 64  # of Base64, for 48 bytes
_LONGEST_PATH: Final = 1024


def is_storage_uri(value: object) -> TypeGuard[str]:
    """Tell whether a value names a file on storage that Airflow supports, such as ``s3://bucket/key``."""
    return isinstance(value, str) and _STORAGE_URI.match(value) is not None


def broken_rule(value: str, media_type: MediaType) -> str | None:
    """Return the rule that a text breaks as a file of a type, or None.

    Without this, the service would read the text as Base64, and fail a task that it has accepted.
    """
    expected = f"must be a public link, the URI of a stored file, or Base64 of {_file_of(media_type)}"
    if _LINK.fullmatch(value) or is_storage_uri(value):
        return None
    found = _format(value) if _BASE64.fullmatch(value) else None
    if found is not None:
        is_right = found.media_type is media_type or (
            media_type is MediaType.AUDIO and found is FileFormat.MP4
        )
        return None if is_right else f"{expected}; this is Base64 of a file in the format {found.value}"
    return f"{expected}{_hint(value)}"


def _hint(value: str) -> str:
    if value != value.strip():
        return ", without a space or a line break around it"
    if "://" in value[:16]:
        return "; this link is not complete"
    if len(value) <= _LONGEST_PATH and _PATH.match(value):
        return "; a local path is written as file:///folder/name"
    if _URL_SAFE.fullmatch(value) and not _BASE64.fullmatch(value):
        return ", in the standard alphabet with '+' and '/'"
    return ""


def check_media(request: KlingRequest) -> None:
    """Check what the media fields of a request hold, where its class says of which type they are.

    :raises KlingRequestError: a text is neither a link, nor a storage URI, nor Base64 of such a file.
    """
    broken = list(_broken_rules(request))
    if broken:
        raise KlingRequestError(subject=str(request.model), broken=broken)


def _broken_rules(request: KlingRequest) -> Iterator[BrokenRule]:
    for one in body_strings(request):
        if isinstance(one.holds, Media) and one.holds.type is not None:
            rule = broken_rule(one.value, one.holds.type)
            if rule is not None:
                yield BrokenRule(field=one.name, rule=rule, value=one.value)


def _format(value: str) -> FileFormat | None:
    head = value[:_HEAD_CHARACTERS]
    try:
        return sniff(base64.b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return None


def _file_of(media_type: MediaType) -> str:
    return f"{'a' if media_type is MediaType.VIDEO else 'an'} {media_type}"
