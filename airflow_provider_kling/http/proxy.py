"""The proxy that the environment names for a URL."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies


def environment_proxy(url: str) -> str | None:
    """Return the URL of the proxy for ``url``; None where it is reached directly.

    ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` are read as curl reads them
    (https://everything.curl.dev/usingcurl/proxies/env.html).
    """
    proxies = getproxies()
    parts = urlsplit(url)
    if parts.hostname is None or _bypassed(parts.hostname, port=parts.port, no_proxy=proxies.get("no", "")):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _bypassed(host: str, *, port: int | None, no_proxy: str) -> bool:
    """Return whether ``NO_PROXY`` names the host or a domain above it, also as ``*.example.com``."""
    for entry in no_proxy.lower().split(","):
        name = entry.strip()
        if name == "*":
            return True
        name = name.removeprefix("*").removeprefix(".")
        if name and (name in (host, f"[{host}]", f"{host}:{port}") or host.endswith(f".{name}")):
            return True
    return False
