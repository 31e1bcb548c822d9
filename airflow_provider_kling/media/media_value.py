"""What a text in a field for media is: a link, the URI of a stored file, or Base64. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, TypeGuard

from airflow_provider_kling.arguments import storage_uri_problem
from airflow_provider_kling.exceptions import BrokenRule, KlingMediaError, KlingRequestError
from airflow_provider_kling.media.file_format import FileFormat, sniff
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import KlingRequest, Media, body_strings

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_NEXT_LINK: Final = re.compile(r"[,;]https?://", re.IGNORECASE)
_NEARLY_LINK: Final = re.compile(r"//|https?\b|www\.|[\w-]+(\.[\w-]+)+(:\d+)?/", re.IGNORECASE)
_STORAGE_URI: Final = re.compile(r"(?!https?:|data:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_PATH: Final = re.compile(r"[/~.]|[A-Za-z]:[\\/]|file:|[^/]*[\\/]?[^/]*\.[A-Za-z0-9]{2,4}$")
_HEAD_CHARACTERS: Final = 64  # of Base64, for 48 bytes
_LEAST_BYTES: Final = 64  # a PNG of one pixel has 67; a smaller file holds nothing that a model could use
_LONGEST_PATH: Final = 1024
_SPACE_AROUND: Final = ", without a space or a line break around it"


def is_storage_uri(value: object) -> TypeGuard[str]:
    """Tell whether a value names a file on storage that Airflow supports, such as ``s3://bucket/key``."""
    return isinstance(value, str) and _STORAGE_URI.match(value) is not None


def broken_rule(value: str, media_type: MediaType, *, public: bool = False) -> str | None:
    """Return the rule that a text breaks as a file of a type, or None.

    Without this, the service would read the text as Base64, and fail a task that it has accepted.

    :param public: a link has to lead to a public host, as the service is on one.
    """
    expected = f"must be a public link, the URI of a stored file, or Base64 of {_file_of(media_type)}"
    if is_storage_uri(value):
        return storage_uri_problem(value)
    if _SCHEME.match(value):
        problem = _link_problem(value, public=public)
        return f"{expected}{problem}" if problem else None
    found = _format(value) if _BASE64.fullmatch(value) else None
    if found is None:
        return f"{expected}{_hint(value)}"
    is_right = found.media_type is media_type or (media_type is MediaType.AUDIO and found is FileFormat.MP4)
    if not is_right:
        return f"{expected}; this is Base64 of a file in the format {found.value}"
    return None if _is_whole(value) else f"{expected}; this is Base64 of a part of a file"


def _link_problem(link: str, *, public: bool) -> str | None:
    """Return what is wrong with a text that begins as a link, as the end of a sentence."""
    from airflow_provider_kling.media.hosts import is_private, parse_link  # only now: it is HTTP's

    if link != link.strip():
        return _SPACE_AROUND
    if " " in link or not link.isprintable():
        return "; a link has no space, line break or invisible character in it"
    if _NEXT_LINK.search(link):
        return "; these are several links: give one for each item (a comma in a link is written as %2C)"
    try:
        url = parse_link(link)
    except KlingMediaError:
        return "; this link has no valid host and port"
    if url.userinfo:
        return "; a link must not have a user or a password in it"
    if public and is_private(url):
        return "; the service cannot read from the host of this link, which is not public"
    return None


def _hint(value: str) -> str:
    if value != value.strip():
        return _SPACE_AROUND
    if value[:1] in ("'", '"'):
        return ", without quotation marks around it"
    if value[:1] == "[":
        return "; this is a list as text: give one text for each item, or the whole list by `| tojson`"
    if _NEARLY_LINK.match(value):
        return "; a link begins with https://, and a local path is written as file:///folder/name"
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


def _is_whole(value: str) -> bool:
    """Tell whether Base64 can be of a whole file: mostly, the last bits tell that characters are cut off.

    The padding may be left out.
    """
    digits = value.rstrip("=")
    padding = -len(digits) % 4
    if padding == 3 or len(value) - len(digits) not in (0, padding) or len(digits) * 3 // 4 < _LEAST_BYTES:
        return False
    last = digits[-(4 - padding) :]
    return base64.b64encode(base64.b64decode(last + "=" * padding)).decode().rstrip("=") == last


def _file_of(media_type: MediaType) -> str:
    return f"{'a' if media_type is MediaType.VIDEO else 'an'} {media_type}"
