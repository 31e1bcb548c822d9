"""Which hosts a download may come from, and to which of their addresses it connects."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from airflow_provider_kling.exceptions import KlingConnectionError, KlingMediaError
from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.url import web_url

_LONGEST_SHOWN: Final = 200
_PRIVATE_DOMAINS: Final = ("localhost", "local", "internal")  # RFC 6761, RFC 6762, and ICANN in 2024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv6 addresses whose last 32 bits are an IPv4 address, to which a router may lead: compatible (RFC 4291),
# translated (RFC 2765) and NAT64 (RFC 6052).
_EMBEDDING: Final = [ipaddress.IPv6Network(each) for each in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")]


def resolve(host: str) -> list[str]:
    """Return the addresses of a host name; an empty list when it has none here (a proxy may know it)."""
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def parse_link(link: str) -> httpx.URL:
    """Return the URL of a link. What is checked and what is requested are this same URL.

    :raises KlingMediaError: it is no http or https link.
    """
    url = web_url(link)
    if url is None:
        raise KlingMediaError(f"{without_query(link)} is not an http or https link")
    return url


def is_private(url: httpx.URL) -> bool:
    """Tell by the text of its host alone that a link leads to no public host. No name is resolved."""
    host = url.raw_host.decode("ascii").removesuffix(".").lower()
    try:
        return not _is_public(host)
    except ValueError:  # a name
        labels = host.split(".")
        return len(labels) == 1 or labels[-1] in _PRIVATE_DOMAINS


@dataclass(frozen=True, kw_only=True)
class HostRules:
    """Allows a URL when its host is public, or when it is below the URL of the service itself.

    Without this, an answer could make a worker read from its internal network.

    :param own_url: the connection's base URL. What is below it may be on a private host, and unencrypted.
    :param allow_private: allow private, loopback and link-local addresses too.
    :param allow_http: allow unencrypted links too.
    """

    own_url: str
    allow_private: bool = False
    allow_http: bool = False
    resolver: Callable[[str], Iterable[str]] = resolve

    def addresses(self, url: httpx.URL, *, proxied: bool = False) -> list[str]:
        """Resolve the host of a URL once, check all its addresses, and return them to connect to.

        :param proxied: a proxy connects in place of this process, and resolves the name again.
        :raises KlingMediaError: the host may not be read from.
        :raises KlingConnectionError: it has no address at the moment.
        """
        is_own = self._is_own(url)
        if url.scheme == "http" and not (self.allow_http or is_own):
            raise KlingMediaError(f"{without_query(url)} is not https")
        is_trusted = is_own or self.allow_private
        found = list(self.resolver(url.raw_host.decode("ascii")))
        if not found and not proxied:
            raise KlingConnectionError(f"{without_query(url)} has no address", request_sent=False)
        if not found and not is_trusted:
            raise KlingMediaError(
                f"{without_query(url)} has no address that can be checked here, only the proxy may know one; "
                "nothing was downloaded. The connection's extra `allow_private_hosts` allows it."
            )
        private = [address for address in found if not _is_public(address)]
        if private and not is_trusted:
            raise KlingMediaError(
                f"{without_query(url)} leads to {private[0]}, which is not a public address; nothing was "
                "downloaded. The connection's extra `allow_private_hosts` allows it."
            )
        return found

    def _is_own(self, url: httpx.URL) -> bool:
        own = httpx.URL(self.own_url)
        if (url.scheme, url.host, _port(url)) != (own.scheme, own.host, _port(own)):
            return False
        root, path = own.path.rstrip("/"), url.raw_path.partition(b"?")[0].decode("ascii")
        decoded = unquote(path)
        # Two dots may lead out again, whatever a server takes for the end of a name (``/``, ``\``, ``;``).
        # So may what it decodes once more.
        return f"{path}/".startswith(f"{root}/") and ".." not in decoded and "%" not in decoded


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _is_public(text: str) -> bool:
    """Tell whether an address is public, and the IPv4 address that it holds as well."""
    address: Address = ipaddress.ip_address(text)
    if not isinstance(address, ipaddress.IPv6Address):
        return _is_global(address)
    held = address.ipv4_mapped or address.sixtofour
    if any(address in network for network in _EMBEDDING):
        held = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return _is_global(held) and not address.is_loopback
    return _is_global(held or address)


def _is_global(address: Address) -> bool:
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_site_local)


def without_query(url: httpx.URL | str) -> str:
    """Return a link without user and query, for logs: both may be secrets that open the file."""
    text = str(url).partition("?")[0].partition("#")[0]
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else text
