"""Downloading a file into storage: streamed, capped, checked, resumed after an interruption, stored whole."""

from __future__ import annotations

import random
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin
from urllib.request import getproxies

from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]

from airflow_provider_kling.defaults import MAX_BYTES
from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingResultHostError,
)
from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.network import CONNECT_TIMEOUT_S, tls_context
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.hosts import HostRules, without_query

_MAX_REDIRECTS = 5
_MAX_INTERRUPTIONS = 100
_CHUNK_BYTES = 256 * 1024


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
    :param version: the server's name for this version of the file. Without one, the rest of a file cannot be
        appended to its start, because it may belong to another version.
    :param interruptions: in all; ``fruitless``, those since the last new bytes.
    """

    name: str
    writer: AtomicWriter
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


class Downloader:
    """Downloads result files. They need no API key, so none is sent.

    :param hosts: which hosts they may come from.
    :param max_bytes: a larger file is not stored.
    :param read_timeout_s: seconds without a byte after which a connection counts as interrupted.
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
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._hosts = hosts
        self._max_bytes = max_bytes
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._random = random
        self._http = httpx.Client(
            # The cap counts the bytes that are sent, and a compressed answer cannot be resumed.
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            verify=tls or tls_context(),
            follow_redirects=False,
        )
        self._behind_proxy = bool({"http", "https", "all"} & getproxies().keys())

    def fetch(
        self, url: str, *, files: AbstractFileSystem, path: str, add_extension: bool = False
    ) -> Download:
        """Download ``url`` to ``path``, in constant memory.

        After an interruption it resumes where it stopped, if the server can; otherwise it starts again. The
        file is written under a temporary name and renamed when it is complete, so readers of ``path`` see a
        whole file.

        :param files: an fsspec file system; ``path`` is below its root.
        :param add_extension: append the extension of the file's format to ``path``.
        :raises DeadLinkError: the link does not work, or no longer.
        :raises KlingMediaError: the file is too large, empty, compressed, no media file, or not allowed.
        :raises KlingConnectionError: the connection was interrupted again and again.
        :raises KlingResultHostError: the host answered 408, 429 or 5xx again and again.
        """
        name = without_query(url)
        with AtomicWriter(files=files, path=path) as writer:
            transfer = _Transfer(name=name, writer=writer)
            while (delay := self._attempt(url, transfer)) is not None:
                self._sleep(delay)
            if transfer.format is None:
                raise KlingMediaError(f"{name} is empty")
            writer.commit(extension=f".{transfer.format.value}" if add_extension else "")
            return Download(format=transfer.format, size=writer.size, sha256=writer.sha256)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def _attempt(self, url: str, transfer: _Transfer) -> float | None:
        """Read on. Return None at the end of the file, or the seconds to wait after an interruption."""
        before = transfer.writer.size
        try:
            self._read(url, transfer)
        except KlingError as error:
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
        except httpx.InvalidURL as error:
            raise KlingMediaError(f"{transfer.name} is not a valid URL") from error
        except httpx.HTTPError as error:
            message = f"the download of {transfer.name} was interrupted ({type(error).__name__})"
            raise KlingConnectionError(message, request_sent=True) from error

    @contextmanager
    def _follow(self, url: str, *, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Open the link; check the host of every redirect, by its name and by the address that answers."""
        for _ in range(_MAX_REDIRECTS + 1):
            self._hosts.check(url)
            with self._http.stream("GET", url, headers=headers) as response:
                if not self._behind_proxy:
                    # The name may resolve to another address by now than it did when it was checked.
                    self._hosts.check_peer(url, _peer(response))
                if not response.has_redirect_location:
                    yield response
                    return
                url = _redirect_target(url, response)
        raise KlingMediaError(f"{without_query(url)} is behind more than {_MAX_REDIRECTS} redirects")

    def _store(self, response: httpx.Response, transfer: _Transfer) -> None:
        """Write a response: the rest of the file, or all of it."""
        name, writer = transfer.name, transfer.writer
        rest_requested = "range" in response.request.headers
        if rest_requested and response.status_code in (206, 416):
            content_range = rf"bytes {writer.size}-\d+/(\d+|\*)"
            if response.status_code == 416 or not re.match(
                content_range, response.headers.get("content-range", "")
            ):
                transfer.restart()
                raise KlingConnectionError(f"{name} cannot be resumed; starting again", request_sent=True)
        else:
            _check_status(response, name=name)
            transfer.restart()
            transfer.version = _version(response)
        _check_encoding(response, name=name)
        self._check_size(writer.size + int(response.headers.get("content-length", 0)), name=name)
        # httpx joins smaller pieces, so the first chunk is long enough to detect the format.
        for chunk in response.iter_raw(_CHUNK_BYTES):
            transfer.format = transfer.format or sniff(chunk)
            if transfer.format is None:
                start = chunk[:HEAD_BYTES]
                raise KlingMediaError(f"{name} is no video, image or audio file: it starts with {start!r}")
            self._check_size(writer.size + len(chunk), name=name)
            writer.write(chunk)

    def _check_size(self, size: int, *, name: str) -> None:
        if size > self._max_bytes:
            raise KlingMediaError(f"{name} is larger than the {self._max_bytes} bytes allowed")


def _redirect_target(url: str, response: httpx.Response) -> str:
    try:
        return urljoin(url, response.headers["location"])
    except ValueError:  # httpx rejects such a response by itself, httpx2 does not
        message = f"{without_query(url)} is redirected to something that is not a valid URL"
        raise KlingConnectionError(message, request_sent=True) from None


def _check_status(response: httpx.Response, *, name: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in (408, 429) or status >= 500:
        raise KlingResultHostError(f"{name} was answered {status}", status_code=status)
    raise DeadLinkError(f"{name} was answered {status}; links to results stop working after a time")


def _check_encoding(response: httpx.Response, *, name: str) -> None:
    """Refuse a compressed body: 272 bytes, compressed twice, can become 4 GB before a cap counts them."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise KlingMediaError(
            f"{name} was answered with Content-Encoding {encoding[:40]!r}, which was not requested"
        )


def _version(response: httpx.Response) -> str | None:
    """Return what If-Range takes: a strong entity tag, else the date (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("etag", "")
    date: str = response.headers.get("last-modified", "")
    return (date if tag.startswith("W/") else tag or date) or None


def _peer(response: httpx.Response) -> str | None:
    """Return the address that answered; None where the connection does not tell."""
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info("server_addr") if stream is not None else None
    return str(address[0]) if address else None
