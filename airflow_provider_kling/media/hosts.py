"""Which hosts a download may come from: public ones, and the service's own."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from airflow_provider_kling.exceptions import KlingMediaError


def resolve(host: str) -> list[str]:
    """Return the addresses of a host name; an empty list when it has none here (a proxy may know it)."""
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default


@dataclass(frozen=True, kw_only=True)
class HostRules:
    """Allows a URL when its host is public, or is the service that the connection names.

    Without this, an answer could make a worker read from its internal network.

    :param own_url: the connection's base URL.
    :param allow_private: allow private, loopback and link-local addresses too.
    :param allow_http: allow unencrypted links too.
    """

    own_url: str
    allow_private: bool = False
    allow_http: bool = False
    resolver: Callable[[str], Iterable[str]] = resolve

    def check(self, url: str) -> None:
        """Check a URL before anything is sent to its host.

        :raises KlingMediaError: it is not HTTP, or its host has a private, loopback or link-local address.
        """
        try:
            scheme, host, _ = _origin(url)
        except ValueError:  # half an IPv6 address, or an impossible port
            scheme = host = ""
        if scheme not in ("http", "https") or not host:
            raise KlingMediaError(f"{without_query(url)} is not an http or https link")
        if self._is_own(url):
            return
        if scheme == "http" and not self.allow_http:
            raise KlingMediaError(f"{without_query(url)} is not https")
        try:
            addresses = list(self.resolver(host))
        except UnicodeError:  # an empty label, or one that is too long
            raise KlingMediaError(f"{without_query(url)} has a host name that cannot exist") from None
        self._check_addresses(url, addresses)

    def check_peer(self, url: str, address: str | None) -> None:
        """Check the address that answered, before anything of the answer is read.

        :param address: None where it is unknown.
        :raises KlingMediaError: it is a private, loopback or link-local address.
        """
        if address is not None and not self._is_own(url):
            self._check_addresses(url, [address])

    def _is_own(self, url: str) -> bool:
        return _origin(url) == _origin(self.own_url)

    def _check_addresses(self, url: str, addresses: Iterable[str]) -> None:
        private = [address for address in addresses if not _is_public(address)]
        if private and not self.allow_private:
            raise KlingMediaError(
                f"{without_query(url)} leads to {private[0]}, which is not a public address; nothing was "
                "downloaded. The connection's extra `allow_private_hosts` allows it."
            )


def _is_public(address: str) -> bool:
    """Tell whether an address is public; of an IPv6 address that contains an IPv4 one, the latter counts."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed.is_global


def without_query(url: str) -> str:
    """Return a link without its query, for logs: the query may be a signature that opens the file."""
    return url.partition("?")[0].partition("#")[0]
