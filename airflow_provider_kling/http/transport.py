"""How requests are put on the wire, the same for both clients.

The clients use the HTTP library's transports, which send one request and return one response. The library's
own ``Client`` would also keep cookies and log every URL. Neither is wanted, and both cost CPU time per poll.
"""

from __future__ import annotations

import ssl
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass_environment  # type: ignore[attr-defined]

from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.request_flow import Send
from airflow_provider_kling.http.settings import ClientSettings

CONNECT_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 10
_KEEP_IDLE_S = 30.0
_URLS_KEPT = 2048  # a triggerer runs 1,000 triggers by default


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of this process: making one blocks an event loop for about 20 ms.

    With httpx2 it trusts the certificates of the system, with httpx those of the package certifi.
    """
    return httpx.create_ssl_context()


def transport_options(settings: ClientSettings) -> dict[str, Any]:
    """Return the arguments of ``httpx.HTTPTransport`` and ``httpx.AsyncHTTPTransport``."""
    return {
        "verify": tls_context(),
        "limits": httpx.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=_KEEP_IDLE_S,
        ),
        "proxy": environment_proxy(settings.base_url),
    }


def environment_proxy(url: str) -> str | None:
    """Return the URL of the proxy for ``url``; None where it is reached directly.

    ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` are read as curl reads them
    (https://everything.curl.dev/usingcurl/proxies/env.html).
    """
    parts, proxies = urlsplit(url), getproxies()
    # The standard library knows this form of a domain without its asterisk only.
    proxies["no"] = proxies.get("no", "").replace("*.", ".")
    hosts = (parts.hostname or "", parts.netloc.rpartition("@")[2])
    if any(proxy_bypass_environment(host, proxies) for host in hosts):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


class RequestBuilder:
    """Makes the HTTP library's requests for one client."""

    def __init__(self, settings: ClientSettings) -> None:
        self._base_url = settings.base_url
        self._headers = [
            ("User-Agent", settings.user_agent),
            ("Accept", "application/json"),
            # A compressed response can be thousands of times larger than what was received.
            ("Accept-Encoding", "identity"),
        ]
        timeout = httpx.Timeout(settings.read_timeout_s, connect=CONNECT_TIMEOUT_S)
        self._extensions = {"timeout": timeout.as_dict()}
        # Parsing a URL is a tenth of the work of a poll, and a task is polled many times.
        self._url = lru_cache(maxsize=_URLS_KEPT)(httpx.URL)

    def build(self, send: Send) -> httpx.Request:
        """Return the request to send. Everything but a form is encoded already."""
        request = send.request
        query = f"?{urlencode(request.params)}" if request.params else ""
        headers = [*self._headers, *send.signature.items(), *request.headers.items()]
        if request.content_type is not None:
            headers.append(("Content-Type", request.content_type))
        part = request.file
        return httpx.Request(
            request.method,
            self._url(f"{self._base_url}{request.path}{query}"),
            headers=headers,
            content=request.content,
            files={part.name: (part.filename, part.content, part.content_type)} if part else None,
            extensions=self._extensions,
        )
