"""What both clients do with httpx in the same way: set it up, name its failures, cap what is read."""

from __future__ import annotations

import json
import ssl
from functools import cache
from typing import Any

import httpx

from airflow_provider_kling.exceptions import KlingConnectionError, KlingError, KlingProtocolError
from airflow_provider_kling.http.message import HttpRequest, HttpResponse
from airflow_provider_kling.http.settings import ClientSettings

CONNECT_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30.0)

# Failures that come before a single byte of the request is out.
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of this process: making one costs an event loop about 20 ms."""
    return httpx.create_ssl_context()


def httpx_options(settings: ClientSettings) -> dict[str, Any]:
    """Return the arguments for ``httpx.Client`` and ``httpx.AsyncClient`` alike."""
    key = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key is not None else {}
    return {
        "base_url": settings.base_url,
        "headers": {**key, "User-Agent": settings.user_agent, "Accept": "application/json"},
        "timeout": httpx.Timeout(settings.read_timeout_s, connect=CONNECT_TIMEOUT_S),
        "limits": LIMITS,
        "verify": tls_context(),
        # A redirect would carry the key to another host.
        "follow_redirects": False,
    }


def send_options(request: HttpRequest) -> dict[str, Any]:
    """Return the arguments for ``stream`` of either client."""
    options: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "headers": dict(request.headers),
    }
    if request.params:
        options["params"] = dict(request.params)
    if request.body is not None:
        options["content"] = json.dumps(request.body, ensure_ascii=False, separators=(",", ":")).encode()
        options["headers"]["Content-Type"] = "application/json"
    if request.file is not None:
        part = request.file
        options["files"] = {part.name: (part.filename, part.content, part.content_type)}
    return options


class ResponseReader:
    """Reads one answer up to the cap, and takes out the key should the service echo it."""

    def __init__(self, *, request: HttpRequest, settings: ClientSettings) -> None:
        self._request = request
        self._settings = settings
        self._body = bytearray()
        self._began = False

    def begin(self) -> None:
        """Note that the status and the headers are here."""
        self._began = True

    def feed(self, chunk: bytes) -> None:
        """Add a piece of the decoded body.

        :raises KlingProtocolError: the body has grown over 16 MiB.
        """
        self._body += chunk
        if len(self._body) > MAX_ANSWER_BYTES:
            raise KlingProtocolError(
                f"{self._request} was answered with more than {MAX_ANSWER_BYTES // 2**20} MiB"
            )

    def finish(self, response: httpx.Response, *, now: float) -> HttpResponse:
        """Return the complete answer."""
        return HttpResponse(
            status=response.status_code,
            headers={name.lower(): self._settings.redact(value) for name, value in response.headers.items()},
            body=self._settings.redact(self._body.decode("latin-1")).encode("latin-1"),
            request=self._request,
            received_at=now,
        )

    def failure(self, error: httpx.HTTPError) -> KlingError:
        """Name in this package's terms what kept the answer from being read."""
        redact, base_url = self._settings.redact, self._settings.base_url
        detail = redact(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        if isinstance(error, httpx.DecodingError):
            return KlingProtocolError(
                f"{self._request} was answered with a body that cannot be decoded ({detail})"
            )
        if isinstance(error, httpx.RemoteProtocolError) and self._began:
            return KlingProtocolError(f"the answer to {self._request} was cut short ({detail})")
        if isinstance(error, _NOTHING_SENT):
            return KlingConnectionError(
                f"{self._request} did not reach {base_url} ({detail}); nothing was sent", request_sent=False
            )
        return KlingConnectionError(
            f"the connection to {base_url} broke during {self._request} ({detail})", request_sent=True
        )
