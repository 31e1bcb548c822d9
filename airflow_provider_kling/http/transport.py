"""How requests are put on the wire, the same for both clients."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from airflow_provider_kling.http.library import httpcore, httpx
from airflow_provider_kling.http.message import FilePart
from airflow_provider_kling.http.network import time_limits
from airflow_provider_kling.http.request_flow import Send
from airflow_provider_kling.http.settings import ClientSettings


class RequestBuilder:
    """Makes the requests for one client. What is the same in all of them is encoded once."""

    def __init__(self, settings: ClientSettings) -> None:
        base = httpx.URL(settings.base_url)
        self._url = partial(httpcore.URL, scheme=base.raw_scheme, host=base.raw_host, port=base.port)
        self._root = base.raw_path.rstrip(b"/")
        self._headers = [
            (b"Host", base.netloc),
            (b"User-Agent", settings.user_agent.encode()),
            (b"Accept", b"application/json"),
            # A compressed response can be thousands of times larger than what was received.
            (b"Accept-Encoding", b"identity"),
        ]
        self._limits = time_limits(settings.read_timeout_s)

    def build(self, send: Send, **extensions: Any) -> httpcore.Request:
        """Return the request to send. Everything but a form is encoded already.

        :param extensions: for the HTTP library.
        """
        request = send.request
        query = f"?{urlencode(request.params)}" if request.params else ""
        content, content_type = request.content, request.content_type
        if request.file is not None:
            content, content_type = _form(request.file)
        headers = [*self._headers, *_encoded(send.signature), *_encoded(request.headers)]
        if content_type is not None:
            headers.append((b"Content-Type", content_type.encode()))
        if content is not None:
            headers.append((b"Content-Length", b"%d" % len(content)))
        return httpcore.Request(
            request.method,
            self._url(target=self._root + f"{request.path}{query}".encode()),
            headers=headers,
            content=content,
            extensions={"timeout": self._limits, **extensions},
        )


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _form(part: FilePart) -> tuple[bytes, str]:
    """Return a form with one file, and its content type."""
    files = {part.name: (part.filename, part.content, part.content_type)}
    form = httpx.Request("POST", "http://localhost", files=files)
    return form.read(), form.headers["content-type"]
