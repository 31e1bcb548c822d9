"""The proxy that the environment names for a URL."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.http.library import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def environment_proxy(url: str) -> httpx.Proxy | None:
    """Return the proxy for ``url``; None where it is reached directly.

    ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` are read as curl reads them
    (https://everything.curl.dev/usingcurl/proxies/env.html), with networks such as ``10.0.0.0/8``. This
    machine itself is never reached through a proxy, which would see the key.

    :raises KlingRequestError: it is no URL of an HTTP or SOCKS5 proxy, or the package for SOCKS is missing.
    """
    parts, proxies = urlsplit(url), getproxies()
    host = (parts.hostname or "").rstrip(".")
    if not host or _is_bypassed(host, port=parts.port, no_proxy=proxies.get("no", "")):
        return None
    name = parts.scheme if proxies.get(parts.scheme) else "all"
    text = proxies.get(name)
    if not text:
        return None
    text = text if "://" in text else f"http://{text}"
    try:
        _ = urlsplit(text).port  # checks more than the library does
        proxy = httpx.Proxy(text)
    except (ValueError, httpx.InvalidURL):
        raise _unusable(name, "must be the URL of an HTTP or SOCKS5 proxy") from None
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise _unusable(name, "names a SOCKS proxy, which needs: pip install socksio")
    return proxy


def _unusable(name: str, rule: str) -> KlingRequestError:
    """Return an error without the value, which may hold a password."""
    broken = BrokenRule(field=f"{name.upper()}_PROXY", rule=rule)
    return KlingRequestError(subject="the environment of this process", broken=[broken])


def _is_bypassed(host: str, *, port: int | None, no_proxy: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry, host=host, address=address, port=port) for entry in _entries(no_proxy))


def _entries(no_proxy: str) -> Iterator[str]:
    for entry in no_proxy.lower().replace(",", " ").split():
        yield entry.removeprefix("*").removeprefix(".") if entry != "*" else entry


def _matches(entry: str, *, host: str, address: Address | None, port: int | None) -> bool:
    """Tell whether an entry of ``NO_PROXY`` names a host. One that makes no sense names none."""
    if entry == "*":
        return True
    if address is None:
        return entry in (host, f"{host}:{port}") or (bool(entry) and host.endswith(f".{entry}"))
    if entry in (f"{host}:{port}", f"[{host}]:{port}"):
        return True
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
