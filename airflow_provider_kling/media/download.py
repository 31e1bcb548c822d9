"""Fetching a file into storage: streamed, capped, checked, resumed after a break, never seen half-done."""

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

import httpx

from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingRateLimitError,
    KlingServerError,
)
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.transport import CONNECT_TIMEOUT_S, tls_context
from airflow_provider_kling.media.atomic_writer import AtomicWriter, FileSystem
from airflow_provider_kling.media.hosts import HostRules, without_query
from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff

DEFAULT_MAX_BYTES = 2 * 1024**3
_MOST_REDIRECTS = 5
_MOST_BREAKS = 100
_CHUNK_BYTES = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class DeadLinkError(KlingMediaError):
    """The link is refused or leads nowhere (400 to 416): it may have expired, and a fresh one may work."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that was fetched.

    :param size: bytes.
    :param sha256: in hexadecimal.
    """

    kind: MediaKind
    size: int
    sha256: str


@dataclass(kw_only=True)
class _Transfer:
    """A file on its way: where it goes, what it is, and how it can be gone on with after a break.

    :param breaks: how often it broke; ``fruitless``, how often since there were new bytes.
    :param version: what the server calls this version of the file; None where it gives it no name, so that
        nobody could tell whether the rest of it still belongs to its beginning.
    """

    name: str
    landing: AtomicWriter
    kind: MediaKind | None = None
    version: str | None = None
    breaks: int = 0
    fruitless: int = 0

    def headers(self) -> dict[str, str]:
        """Ask for the rest, where there is a beginning that it can be put to."""
        if self.version is None or not self.landing.size:
            return {}
        return {"Range": f"bytes={self.landing.size}-", "If-Range": self.version}

    def restart(self) -> None:
        """Begin again."""
        self.landing.restart()
        self.kind = self.version = None


class Downloader:
    """Fetches result files. They need no key, so none is ever sent along.

    :param hosts: which hosts they may come from.
    :param max_bytes: a file that grows larger is dropped.
    """

    def __init__(
        self,
        *,
        hosts: HostRules,
        user_agent: str,
        max_bytes: int = DEFAULT_MAX_BYTES,
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
            # A compressed answer cannot be gone on with in its middle.
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            verify=tls or tls_context(),
            follow_redirects=False,
        )
        self._behind_proxy = bool({"http", "https", "all"} & getproxies().keys())

    def fetch(self, url: str, *, files: FileSystem, path: str) -> Download:
        """Fetch ``url`` to ``path``, in constant memory.

        After a break it goes on where it stopped, if the server can; otherwise it starts over. The file is
        written under a temporary name and renamed when it is complete, so what lies under ``path`` is whole.

        :raises DeadLinkError: the link does not work, or no longer.
        :raises KlingMediaError: it is too large, empty, no media file, or not allowed.
        :raises KlingConnectionError: the connection kept breaking.
        :raises KlingServerError: the host kept answering 5xx.
        """
        name = without_query(url)
        with AtomicWriter(files=files, path=path) as landing:
            transfer = _Transfer(name=name, landing=landing)
            while (delay := self._attempt(url, transfer)) is not None:
                self._sleep(delay)
            if transfer.kind is None:
                raise KlingMediaError(f"{name} is empty")
            landing.commit()
            return Download(kind=transfer.kind, size=landing.size, sha256=landing.sha256)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def _attempt(self, url: str, transfer: _Transfer) -> float | None:
        """Read on; return None at the end of the file, or after a break how long to wait first."""
        before = transfer.landing.size
        try:
            self._read(url, transfer)
        except KlingError as error:
            transfer.breaks += 1
            transfer.fruitless = 1 if transfer.landing.size > before > 0 else transfer.fruitless + 1
            delay = self._retry.delay(error, attempt=transfer.fruitless, jitter=self._random())
            if delay is None or transfer.breaks > _MOST_BREAKS:
                raise
            return delay
        return None

    def _read(self, url: str, transfer: _Transfer) -> None:
        try:
            with self._follow(url, headers=transfer.headers()) as response:
                self._take(response, transfer)
        except httpx.InvalidURL as error:
            raise KlingMediaError(f"{transfer.name} is not a web address") from error
        except httpx.HTTPError as error:
            message = f"the download of {transfer.name} broke ({type(error).__name__})"
            raise KlingConnectionError(message, request_sent=True) from error

    @contextmanager
    def _follow(self, url: str, *, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Open the link, checking the host of every redirect, by its name and by who answers."""
        for _ in range(_MOST_REDIRECTS + 1):
            self._hosts.check(url)
            with self._http.stream("GET", url, headers=headers) as response:
                if not self._behind_proxy:
                    # The name may lead elsewhere by now than it did when it was looked up.
                    self._hosts.check_peer(url, _peer(response))
                if not response.has_redirect_location:
                    yield response
                    return
                url = urljoin(url, response.headers["location"])
        raise KlingMediaError(f"{without_query(url)} is behind more than {_MOST_REDIRECTS} redirects")

    def _take(self, response: httpx.Response, transfer: _Transfer) -> None:
        """Read an answer into the transfer: the rest of the file, or all of it."""
        name, landing = transfer.name, transfer.landing
        asked_for_rest = "range" in response.request.headers
        if asked_for_rest and response.status_code in (206, 416):
            if not _goes_on(response, at=landing.size):
                transfer.restart()
                raise KlingConnectionError(f"{name} cannot be gone on with; starting over", request_sent=True)
        else:
            _check_status(response, name=name)
            transfer.restart()
            transfer.version = _version(response)
        self._check_size(landing.size + int(response.headers.get("content-length", 0)), name=name)
        # httpx joins what comes in smaller pieces, so the first chunk holds enough to tell the kind.
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            if transfer.kind is None:
                transfer.kind = _sniffed(chunk, name=name)
            self._check_size(landing.size + len(chunk), name=name)
            landing.write(chunk)

    def _check_size(self, size: int, *, name: str) -> None:
        if size > self._max_bytes:
            raise KlingMediaError(f"{name} is larger than the {self._max_bytes} bytes allowed")


def _sniffed(head: bytes, *, name: str) -> MediaKind:
    kind = sniff(head)
    if kind is None:
        raise KlingMediaError(
            f"{name} is no video, image or sound file: it starts with {head[:HEAD_BYTES]!r}"
        )
    return kind


def _check_status(response: httpx.Response, *, name: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status >= 500:
        raise KlingServerError(f"{name} was answered {status}", status_code=status)
    if status in (408, 429):
        raise KlingRateLimitError(f"{name} was answered {status}", status_code=status)
    raise DeadLinkError(f"{name} was answered {status}; links to results stop working after a time")


def _version(response: httpx.Response) -> str | None:
    """Return what If-Range takes: a strong entity tag, else the date (RFC 9110, 13.1.5)."""
    if "content-encoding" in response.headers:
        return None
    tag = response.headers.get("etag")
    if tag and not tag.startswith("W/"):
        return str(tag)
    date = response.headers.get("last-modified")
    return str(date) if date else None


def _goes_on(response: httpx.Response, *, at: int) -> bool:
    """Tell whether an answer is the file's rest from a position on."""
    said = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
    return response.status_code == 206 and said is not None and int(said[1]) == at


def _peer(response: httpx.Response) -> str | None:
    """Return the address that answered, where the connection tells."""
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info("server_addr") if stream is not None else None
    return str(address[0]) if address else None
