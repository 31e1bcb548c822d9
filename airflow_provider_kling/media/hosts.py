"""Which hosts a download may come from: public ones, and the service's own."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from airflow_provider_kling.exceptions import KlingMediaError

Resolver = Callable[[str], Iterable[str]]


def resolve(host: str) -> list[str]:
    """Return the addresses of a host name; none when it has none here (a proxy may know it)."""
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default


def check_host(url: str, *, own_url: str, resolver: Resolver = resolve) -> None:
    """Let a URL pass when its host is public, or is the service that the connection names.

    Without this, an answer could make a worker read from the network it stands in.

    :param own_url: the connection's base URL.
    :raises KlingMediaError: the URL is not HTTP, or leads to a private, loopback or link-local address.
    """
    try:
        scheme, host, _ = origin(url)
    except ValueError:  # half an IPv6 address, or a port that no host has
        scheme = host = ""
    if scheme not in ("http", "https") or not host:
        raise KlingMediaError(f"{without_query(url)} is not an http or https link")
    if origin(url) == origin(own_url):
        return
    if scheme == "http":
        raise KlingMediaError(f"{without_query(url)} is not https")
    try:
        private = [address for address in resolver(host) if not _is_public(address)]
    except UnicodeError:  # an empty label, or one that is too long
        raise KlingMediaError(f"{without_query(url)} names no host that could exist") from None
    if private:
        raise KlingMediaError(
            f"{without_query(url)} leads to {private[0]}, which is not a public address; nothing was fetched"
        )


def _is_public(address: str) -> bool:
    """Tell whether an address is one of the internet's; an IPv4 address inside an IPv6 one counts itself."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed.is_global


def without_query(url: str) -> str:
    """Return a link fit for a log: its query may be a signature that opens the file to everybody."""
    return url.partition("?")[0].partition("#")[0]
