"""Downloading a file into storage: streamed, capped, checked, resumed after an interruption, stored whole."""

from __future__ import annotations

import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from airflow_provider_kling.defaults import MAX_BYTES
from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingResultHostError,
)
from airflow_provider_kling.http.library import httpcore, httpx
from airflow_provider_kling.http.network import connection_pool, time_limits, within
from airflow_provider_kling.http.proxy import environment_proxy
from airflow_provider_kling.http.redaction import NOTHING_SECRET, Redactor
from airflow_provider_kling.http.response_reader import HTTP_ERRORS
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.file_format import FileFormat, sniff
from airflow_provider_kling.media.hosts import HostRules, parse_link, without_query

_MAX_REDIRECTS = 5
_SHOWN_BYTES = 16  # of a file that is no media file
_MAX_INTERRUPTIONS = 100
_CHUNK_BYTES = 256 * 1024
_LONGEST_HEAD_S = 60.0  # until the headers are complete
# A server that sends a byte from time to time would hold a worker for ever.
_WINDOW_S = 60.0
_LEAST_BYTES_IN_WINDOW = 64 * 1024


class DeadLinkError(KlingMediaError):
    """The server refuses the link (400 to 416): it may have expired, and a new link may work."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that was downloaded.

    :param format: detected from the bytes.
    :param size: bytes.
    :param sha256: in hexadecimal.
    """

    format: FileFormat
    size: int
    sha256: str


@dataclass(kw_only=True)
class _Transfer:
    """The state of a download, over all its requests.

    :param name: the link without its query, for messages.
    :param max_bytes: a larger file is not stored.
    :param version: the server's name for this version of the file. Without one, the rest of a file cannot be
        appended to its start, because it may belong to another version.
    :param interruptions: in all; ``fruitless``, those since the last new bytes.
    """

    name: str
    writer: AtomicWriter
    max_bytes: int
    format: FileFormat | None = None
    version: str | None = None
    interruptions: int = 0
    fruitless: int = 0

    def headers(self) -> dict[str, str]:
        if self.version is None or not self.writer.size:
            return {}
        return {"Range": f"bytes={self.writer.size}-", "If-Range": self.version}

    def restart(self) -> None:
        self.writer.restart()
        self.format = self.version = None

    def check_size(self, size: int) -> None:
        if size > self.max_bytes:
            raise KlingMediaError(f"{self.name} is larger than the {self.max_bytes} bytes allowed")


class Downloader:
    """Downloads result files. They need no API key, so none is sent.

    :param hosts: which hosts they may come from.
    :param max_bytes: a larger file is not stored.
    :param read_timeout_s: seconds without a byte after which a connection counts as interrupted.
    :param redactor: knows what must not be shown of what the server says.
    """

    def __init__(
        self,
        *,
        hosts: HostRules,
        user_agent: str,
        max_bytes: int = MAX_BYTES,
        read_timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
        tls: ssl.SSLContext | None = None,
        redactor: Redactor = NOTHING_SECRET,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._hosts = hosts
        self._max_bytes = max_bytes
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._clock = clock
        self._random = random
        self._tls = tls
        self._redactor = redactor
        self._limits = time_limits(read_timeout_s)
        # The cap counts the bytes that are sent, and a compressed answer cannot be resumed.
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._pools: dict[str, httpcore.ConnectionInterface] = {}
        self._allowed: dict[str, list[str]] = {}

    def fetch(self, writer: AtomicWriter, url: str, *, max_bytes: int | None = None) -> Download:
        """Download ``url``, in constant memory. The caller commits the file.

        After an interruption it resumes where it stopped, if the server can; otherwise it starts again.

        :param max_bytes: instead of the downloader's own limit.
        :raises DeadLinkError: the link does not work, or no longer.
        :raises KlingMediaError: the file is too large, empty, compressed, no media file, or not allowed.
        :raises KlingConnectionError: the connection was interrupted again and again.
        :raises KlingResultHostError: the host answered 408, 429 or 5xx again and again.
        """
        name = without_query(url)
        most = self._max_bytes if max_bytes is None else max_bytes
        transfer = _Transfer(name=name, writer=writer, max_bytes=most)
        while (delay := self._attempt(url, transfer)) is not None:
            self._sleep(delay)
        if transfer.format is None:
            raise KlingMediaError(f"{name} is empty")
        return Download(format=transfer.format, size=writer.size, sha256=writer.sha256)

    def close(self) -> None:
        """Close the pooled connections."""
        for pool in self._pools.values():
            pool.close()

    def _attempt(self, url: str, transfer: _Transfer) -> float | None:
        """Read on. Return None at the end of the file, or the seconds to wait after an interruption."""
        before = transfer.writer.size
        try:
            self._read(url, transfer)
        except KlingError as error:
            self._redactor.error(error)
            transfer.interruptions += 1
            transfer.fruitless = 1 if transfer.writer.size > before > 0 else transfer.fruitless + 1
            delay = self._retry.delay(error, attempt=transfer.fruitless, jitter=self._random())
            if delay is None or transfer.interruptions > _MAX_INTERRUPTIONS:
                raise
            return delay
        return None

    def _read(self, url: str, transfer: _Transfer) -> None:
        try:
            with self._follow(url, headers=transfer.headers()) as response:
                self._store(response, transfer)
        except HTTP_ERRORS as error:
            message = f"the download of {transfer.name} was interrupted ({type(error).__name__})"
            # Without its cause, which may quote what the server sent.
            raise KlingConnectionError(message, request_sent=True) from None

    @contextmanager
    def _follow(self, link: str, *, headers: Mapping[str, str]) -> Iterator[_Response]:
        """Open the link. The host of every redirect is checked; only a checked address is connected to."""
        url = parse_link(link)
        for _ in range(_MAX_REDIRECTS + 1):
            with closing(self._open(url, headers=headers)) as opened:
                response = _Response(opened, partial=bool(headers), clock=self._clock)
                if not response.is_redirect:
                    yield response
                    return
            url = _redirect_target(url, response.headers["location"])
        raise KlingMediaError(f"{without_query(url)} is behind more than {_MAX_REDIRECTS} redirects")

    def _open(self, url: httpx.URL, *, headers: Mapping[str, str]) -> httpcore.Response:
        proxy = environment_proxy(str(url))
        host = url.raw_host.decode("ascii")
        self._allowed[host] = self._hosts.addresses(url, proxied=proxy is not None)
        name = str(proxy.url) if proxy else ""
        if name not in self._pools:
            self._pools[name] = connection_pool(str(url), tls=self._tls, addresses=self._allowed.__getitem__)
        sent = {"Host": url.netloc.decode("ascii"), **self._headers, **headers}
        request = httpcore.Request(
            "GET",
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=[(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            extensions={"timeout": self._limits},
        )
        with within(_LONGEST_HEAD_S):
            return self._pools[name].handle_request(request)

    def _store(self, response: _Response, transfer: _Transfer) -> None:
        """Write a response: the rest of the file, or all of it."""
        name, writer = transfer.name, transfer.writer
        if response.partial and response.status in (206, 416):
            content_range = rf"bytes {writer.size}-\d+/(\d+|\*)"
            if response.status == 416 or not re.match(
                content_range, response.headers.get("content-range", "")
            ):
                transfer.restart()
                raise KlingConnectionError(f"{name} cannot be resumed; starting again", request_sent=True)
        else:
            _check_status(response, name=name)
            transfer.restart()
            transfer.version = _version(response)
        _check_encoding(response, name=name)
        transfer.check_size(writer.size + int(response.headers.get("content-length", 0)))
        for chunk in response.chunks():
            transfer.format = transfer.format or sniff(chunk)
            if transfer.format is None:
                start = chunk[:_SHOWN_BYTES]
                raise KlingMediaError(f"{name} is no video, image or audio file: it starts with {start!r}")
            transfer.check_size(writer.size + len(chunk))
            writer.write(chunk)


class _Response:
    """A response, as it was received.

    :param partial: the rest of a file was requested.
    """

    def __init__(self, response: httpcore.Response, *, partial: bool, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.partial = partial
        self.status: int = response.status
        self.headers = httpx.Headers(response.headers)
        self._response = response

    @property
    def is_redirect(self) -> bool:
        return self.status in (301, 302, 303, 307, 308) and "location" in self.headers

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces of 256 KiB, so that the first one tells the format.

        :raises httpcore.ReadTimeout: it comes slower than 64 KiB a minute.
        """
        held = bytearray()
        window_ends, received = self._clock() + _WINDOW_S, 0
        for piece in self._response.iter_stream():
            held += piece
            received += len(piece)
            if self._clock() > window_ends:
                if received < _LEAST_BYTES_IN_WINDOW:
                    raise httpcore.ReadTimeout("slower than 64 KiB a minute")
                window_ends, received = self._clock() + _WINDOW_S, 0
            while len(held) >= _CHUNK_BYTES:
                yield bytes(held[:_CHUNK_BYTES])
                del held[:_CHUNK_BYTES]
        if held:
            yield bytes(held)


def _redirect_target(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return parse_link(urljoin(str(url), location))
    except ValueError:
        message = f"{without_query(url)} is redirected to something that is not a valid URL"
        raise KlingConnectionError(message, request_sent=True) from None


def _check_status(response: _Response, *, name: str) -> None:
    status = response.status
    if status == 200:
        return
    if status in (408, 429) or status >= 500:
        raise KlingResultHostError(f"{name} was answered {status}", status_code=status)
    raise DeadLinkError(f"{name} was answered {status}; links to results stop working after a time")


def _check_encoding(response: _Response, *, name: str) -> None:
    """Refuse a compressed body: 272 bytes, compressed twice, can become 4 GB before a cap counts them."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise KlingMediaError(
            f"{name} was answered with Content-Encoding {encoding[:40]!r}, which was not requested"
        )


def _version(response: _Response) -> str | None:
    """Return what If-Range takes: a strong entity tag, else the date (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("etag", "")
    date: str = response.headers.get("last-modified", "")
    version = date if tag.startswith("W/") else tag or date
    return version if version.isascii() and version.isprintable() and version else None
