"""Fetching a file into storage: streamed, capped, checked, and never seen half-done."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol
from urllib.parse import urljoin

import httpx

from airflow_provider_kling.api.retry import RetryPolicy
from airflow_provider_kling.api.transport import CONNECT_TIMEOUT_S, tls_context
from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingRateLimitError,
    KlingServerError,
)
from airflow_provider_kling.media.hosts import Resolver, check_host, resolve, without_query
from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff

DEFAULT_MAX_BYTES = 2 * 1024**3
_MOST_REDIRECTS = 5
_CHUNK_BYTES = 256 * 1024


class FileSystem(Protocol):
    """The part of an fsspec file system that is used here."""

    def open(self, path: str, mode: str) -> Any:
        """Open a file."""

    def mv(self, path1: str, path2: str) -> Any:
        """Rename a file, replacing what is there."""

    def rm_file(self, path: str) -> Any:
        """Delete a file."""

    def makedirs(self, path: str, *, exist_ok: bool) -> Any:
        """Make a folder and those above it."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that was fetched.

    :param size: bytes.
    :param sha256: in hexadecimal.
    """

    kind: MediaKind
    size: int
    sha256: str


class Downloader:
    """Fetches result files. They need no key, so none is ever sent along.

    :param own_url: the connection's base URL, whose host may be private.
    :param max_bytes: a file that grows larger is dropped.
    """

    def __init__(
        self,
        *,
        own_url: str,
        user_agent: str,
        max_bytes: int = DEFAULT_MAX_BYTES,
        read_timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
        resolver: Resolver = resolve,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._own_url = own_url
        self._max_bytes = max_bytes
        self._retry = retry or RetryPolicy()
        self._resolver = resolver
        self._sleep = sleep
        self._random = random
        self._http = httpx.Client(
            headers={"User-Agent": user_agent},
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            verify=tls_context(),
            follow_redirects=False,
        )

    def fetch(self, url: str, *, files: FileSystem, path: str) -> Download:
        """Fetch ``url`` to ``path``; a break starts it over a few times.

        The file is written under a temporary name and renamed when it is complete, so what lies
        under ``path`` is always whole.

        :raises KlingMediaError: it is too large, empty, no media file, no longer there, or not allowed.
        :raises KlingConnectionError: the connection kept breaking.
        :raises KlingServerError: the host kept answering 5xx.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._fetch_once(url, files=files, path=path)
            except KlingError as error:
                delay = self._retry.delay(error, attempt=attempt, jitter=self._random())
                if delay is None:
                    raise
            self._sleep(delay)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def _fetch_once(self, url: str, *, files: FileSystem, path: str) -> Download:
        try:
            with self._follow(url) as response, _temporary(files, path) as partial:
                return self._copy(response, files=files, partial=partial, name=without_query(url))
        except httpx.InvalidURL as error:
            raise KlingMediaError(f"{without_query(url)} is not a web address") from error
        except httpx.HTTPError as error:
            message = f"the download of {without_query(url)} broke ({type(error).__name__})"
            raise KlingConnectionError(message, request_sent=True) from error

    @contextmanager
    def _follow(self, url: str) -> Iterator[httpx.Response]:
        """Open the link, checking the host of every redirect."""
        for _ in range(_MOST_REDIRECTS + 1):
            check_host(url, own_url=self._own_url, resolver=self._resolver)
            with self._http.stream("GET", url) as response:
                if not response.has_redirect_location:
                    _check_status(response, name=without_query(url))
                    yield response
                    return
                url = urljoin(url, response.headers["location"])
        raise KlingMediaError(f"{without_query(url)} is behind more than {_MOST_REDIRECTS} redirects")

    def _copy(self, response: httpx.Response, *, files: FileSystem, partial: str, name: str) -> Download:
        declared = int(response.headers.get("content-length", 0))
        self._check_size(declared, name=name)
        digest, size, kind = hashlib.sha256(), 0, None
        with _open_for_writing(files, partial) as target:
            # httpx joins what comes in smaller pieces, so the first chunk holds enough to tell the kind.
            for chunk in response.iter_bytes(_CHUNK_BYTES):
                if size == 0:
                    kind = sniff(chunk)
                size += len(chunk)
                self._check_size(size, name=name)
                if kind is None:
                    raise KlingMediaError(
                        f"{name} is no video, image or sound file: it starts with {chunk[:HEAD_BYTES]!r}"
                    )
                digest.update(chunk)
                target.write(chunk)
        if kind is None:
            raise KlingMediaError(f"{name} is empty")
        return Download(kind=kind, size=size, sha256=digest.hexdigest())

    def _check_size(self, size: int, *, name: str) -> None:
        if size > self._max_bytes:
            raise KlingMediaError(f"{name} is larger than the {self._max_bytes} bytes allowed")


def _check_status(response: httpx.Response, *, name: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status >= 500:
        raise KlingServerError(f"{name} was answered {status}", status_code=status)
    if status in (408, 429):
        raise KlingRateLimitError(f"{name} was answered {status}", status_code=status)
    raise KlingMediaError(f"{name} was answered {status}; links to results stop working after a time")


@contextmanager
def _temporary(files: FileSystem, path: str) -> Iterator[str]:
    """Give a name to write under; at the end it becomes ``path``, or is gone."""
    partial = f"{path}.{uuid.uuid4().hex[:12]}.part"
    try:
        yield partial
        files.mv(partial, path)
    except BaseException:
        with suppress(OSError):  # it may not exist yet
            files.rm_file(partial)
        raise


def _open_for_writing(files: FileSystem, path: str) -> IO[bytes]:
    try:
        opened: IO[bytes] = files.open(path, "wb")
    except FileNotFoundError:  # a store with real folders
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        opened = files.open(path, "wb")
    return opened
