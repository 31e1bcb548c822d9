"""Reading values of a service's JSON. Whoever answers may send anything, so what does not fit is None."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.message import HttpResponse, one_line

_FIRST_SECONDS: Final = 10**9
_FIRST_MILLISECONDS: Final = 10**11
_LONGEST_ID: Final = 80  # of one that is rejected, in a message
_LONGEST_LINK: Final = 4096
_OF_URLS: Final = "%/:?#[]@!$&'()*+,;=~"
_MOST_DIGITS: Final = 12  # before the decimal point
_LONGEST_AMOUNT: Final = 40


# Ten digits or more: a date without its dashes has eight.
_UNIX_TIME: Final = re.compile(r"[0-9]{10,16}")


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def label(value: object, *, longest: int = 64) -> str | None:
    """Return a short text for log lines and messages: on one line, without control characters, and cut."""
    found = text(value)
    if found is None:
        return None
    return one_line(found, longest=longest) or None


def link(value: object) -> str | None:
    """Return a link that can be requested and kept: at most 4,096 characters, without control characters.

    What a URL cannot hold, such as a space or a letter outside of ASCII, is percent-encoded.
    """
    found = text(value)
    if found is None or len(found) > _LONGEST_LINK or not found.isprintable():
        return None
    return quote(found, safe=_OF_URLS, errors="replace")


def service_id(value: object, *, response: HttpResponse) -> str | None:
    """Return the id of a task or a file; None where there is none.

    :raises KlingProtocolError: it cannot be an id. Such a text could lead to another path or file.
    """
    found = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    if found is not None and response.redactor.holds_secret(found):
        raise KlingProtocolError(f"The response to {response.request} holds a secret in place of an id")
    if found is not None and not is_id(found):
        raise KlingProtocolError(
            f"The response to {response.request} holds {found[:_LONGEST_ID]!r}, which is no id"
        )
    return found


def number(value: object) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """Return a whole number above 0."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() and found > 0 else None


def amount(value: object) -> Decimal | None:
    """Return an amount of money; through ``str``, so that 0.4345 stays 0.4345."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    # A thousand digits, or an exponent of a billion, would fill the memory when they are shown.
    sensible = found.is_finite() and found.adjusted() < _MOST_DIGITS and len(str(value)) <= _LONGEST_AMOUNT
    return found if sensible else None


def moment(value: object) -> datetime | None:
    """Return a time: ISO 8601 (UTC where it names no zone), or a number of Unix seconds or milliseconds.

    Services mix all three, sometimes in one response. A number below 10^11 is in seconds: as milliseconds it
    would be before 1974. One below 10^9 is no time of a service at all.
    """
    if isinstance(value, str):
        if not _UNIX_TIME.fullmatch(value):
            return _iso_time(value)
        value = int(value)
    found = number(value)
    if found is None or found < _FIRST_SECONDS:
        return None
    try:
        return datetime.fromtimestamp(found if found < _FIRST_MILLISECONDS else found / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _iso_time(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
