"""Which URLs can be requested."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from airflow_provider_kling.http.library import httpx

# RFC 1123 allows no underscore, but names with one work, such as those of containers.
_LABEL: Final = re.compile(r"(?=[_-]*[a-z0-9])[a-z0-9_-]{1,63}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_LONGEST_NAME: Final = 253


def web_url(text: str) -> httpx.URL | None:
    """Return an http or https URL that the HTTP library can request; None for any other text."""
    try:
        url = httpx.URL(text)
        _ = url.host  # decodes an international name, which can be broken
    except (httpx.InvalidURL, ValueError):
        return None
    has_port = url.port is None or 0 < url.port < 2**16
    return url if url.scheme in ("http", "https") and has_port and _can_exist(url.raw_host.decode()) else None


def _can_exist(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        name = host.removesuffix(".")
        labels = name.split(".")
        # A name with a number at its end would be read as an IPv4 address, in one of many ways.
        is_name = len(name) <= _LONGEST_NAME and not _NUMBER.fullmatch(labels[-1])
        return is_name and all(_LABEL.fullmatch(label) for label in labels)
    return True
