"""Downloading over real sockets into real folders and buckets: checked, capped, and stored whole."""

from __future__ import annotations

import hashlib
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingMediaError,
    KlingResultHostError,
)
from airflow_provider_kling.http.redaction import Redactor
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.media.download import DeadLinkError, Download, Downloader
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.hosts import HostRules, resolve
from tests.http.raw_server import (
    Answer,
    RawServer,
    hang_up,
    patience_with,
    raw,
    reply,
    reset,
    silence,
    unread,
)
from tests.media.download_to import download_to
from tests.storages import Folder, Storage

MP4 = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 4000  # larger than one chunk
FILE = reply(MP4, headers={"Content-Type": "video/mp4"})
PAGE = reply(b"<!DOCTYPE html><html><body>Sign in</body></html>", headers={"Content-Type": "text/html"})
SECRET = "sig=canary"

Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers with scripts of answers."""
    with ExitStack() as stack:

        def serve(*script: Answer) -> RawServer:
            return stack.enter_context(RawServer(*script))

        yield serve


class Fetch:
    """Downloads from a server, as its own host, into a storage."""

    def __init__(self, storage: Storage, **options: Any) -> None:
        self.storage = storage
        self.name = "clip.mp4"
        self.slept: list[float] = []
        self.options = {"read_timeout_s": 20.0, "random": lambda: 0.5, "sleep": self.slept.append} | options

    def __call__(
        self, server: RawServer, *, files: Any = None, target: str = f"/clip.mp4?{SECRET}"
    ) -> Download:
        options = dict(self.options)
        resolver = options.pop("resolver", resolve)
        allow_private = options.pop("allow_private", False)
        hosts = HostRules(own_url=server.url, resolver=resolver, allow_private=allow_private)
        downloader = Downloader(hosts=hosts, user_agent="tests/1", **options)
        try:
            return download_to(
                self.storage.path(self.name),
                f"{server.url}{target}",
                files=files or self.storage.files,
                downloader=downloader,
            )
        finally:
            downloader.close()

    def fails(self, server: RawServer, error_class: type[KlingError], **options: Any) -> str:
        """Return the text of the error; check that no file is left over and no signature is in it."""
        with pytest.raises(error_class) as caught:
            self(server, **options)
        assert type(caught.value) is error_class
        assert self.storage.names() == []
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        return str(caught.value)

    @property
    def content(self) -> bytes | None:
        """What is stored under the final name."""
        return self.storage.read(self.name)


@pytest.fixture
def fetch(storage: Storage) -> Fetch:
    return Fetch(storage)


# -- proxies --------------------------------------------------------------------------------------

NOT_FOR_THE_LINK = [
    {"no_proxy": "*"},
    {"http_proxy": "http://127.0.0.1:1", "no_proxy": "*"},
    {"http_proxy": "http://127.0.0.1:1", "no_proxy": "files.example"},
    {"https_proxy": "http://127.0.0.1:1"},
]


def proxied_download(folder: Path, *addresses: str) -> Download:
    """Download a link whose host has these addresses, where private ones are allowed if there are none."""
    rules = HostRules(
        own_url="http://127.0.0.1:1",
        resolver=lambda host: list(addresses),
        allow_private=not addresses,
        allow_http=True,
    )
    downloader = Downloader(
        hosts=rules, user_agent="tests/1", read_timeout_s=20.0, sleep=lambda seconds: None
    )
    with closing(downloader):
        path, link = str(folder / "clip.mp4"), "http://files.example/clip.mp4"
        return download_to(path, link, files=LocalFileSystem(), downloader=downloader)


@pytest.mark.parametrize("environment", NOT_FOR_THE_LINK, ids=str)
def test_a_proxy_variable_that_is_not_for_the_link_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(KlingMediaError, match="not a public address"):
        proxied_download(tmp_path, "10.0.0.1")
    with pytest.raises(KlingConnectionError, match="has no address"):
        proxied_download(tmp_path)


def test_a_name_that_only_the_proxy_knows_is_downloaded_through_it(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(FILE)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert proxied_download(tmp_path).size == len(MP4)
    assert proxy.requests[0].target == "http://files.example/clip.mp4"


# -- what is stored -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [FILE, reply(MP4, chunked=True)], ids=["declared", "undeclared"])
def test_a_file_arrives_whole_and_is_described(serve: Serve, fetch: Fetch, answer: Answer) -> None:
    download = fetch(serve(answer))
    assert fetch.content == MP4
    assert download == Download(format=FileFormat.MP4, size=len(MP4), sha256=hashlib.sha256(MP4).hexdigest())
    assert fetch.storage.names() == ["clip.mp4"]


def test_no_api_key_is_sent(serve: Serve, fetch: Fetch) -> None:
    server = serve(FILE)
    fetch(server)
    [received] = server.requests
    assert (received.method, received.target) == ("GET", f"/clip.mp4?{SECRET}")
    assert received.headers["user-agent"] == "tests/1"
    assert "authorization" not in received.headers


def test_the_format_is_that_of_the_bytes_and_not_of_the_name(serve: Serve, fetch: Fetch) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
    assert fetch(serve(reply(png, headers={"Content-Type": "video/mp4"}))).format is FileFormat.PNG


def test_bytes_that_arrive_one_by_one_make_the_same_file(serve: Serve, fetch: Fetch) -> None:
    def trickle(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nConnection: close\r\n\r\n")
        for position in range(40):
            connection.sendall(MP4[position : position + 1])

    assert fetch(serve(trickle)).sha256 == hashlib.sha256(MP4[:40]).hexdigest()


def test_missing_folders_are_made(serve: Serve, fetch: Fetch) -> None:
    fetch.name = "a/b/clip.mp4"
    fetch(serve(FILE))
    assert fetch.content == MP4


@pytest.mark.parametrize("name", ["[a]*?.mp4", "a b#1.mp4", "filme/ü.mp4"])
def test_a_name_is_never_taken_for_a_pattern(serve: Serve, fetch: Fetch, name: str) -> None:
    fetch.name = name
    fetch(serve(FILE))
    assert fetch.storage.names() == [name]
    assert fetch.content == MP4


def test_any_fsspec_file_system_can_be_written_to(serve: Serve, tmp_path: Path) -> None:
    files = MemoryFileSystem()
    Fetch(Folder(Path("/kling-tests")))(serve(FILE), files=files)
    assert files.cat_file("/kling-tests/clip.mp4") == MP4
    assert [Path(name).name for name in files.ls("/kling-tests", detail=False)] == ["clip.mp4"]


# -- always whole ---------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, b"an older clip"])
def test_the_final_name_only_ever_holds_a_whole_file(
    serve: Serve, fetch: Fetch, before: bytes | None
) -> None:
    if before:
        fetch.storage.write("clip.mp4", before)
    contents: list[bytes | None] = []

    def in_two_halves(connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(MP4)}\r\nConnection: close\r\n\r\n".encode()
        connection.sendall(head + MP4[:600_000])
        contents.append(fetch.content)
        connection.sendall(MP4[600_000:])

    fetch(serve(in_two_halves))
    assert contents == [before]
    assert fetch.content == MP4


def test_a_failure_leaves_an_existing_file_unchanged(serve: Serve, fetch: Fetch) -> None:
    fetch.storage.write("clip.mp4", b"an older clip")
    with pytest.raises(KlingMediaError):
        fetch(serve(PAGE))
    assert fetch.storage.names() == ["clip.mp4"]
    assert fetch.content == b"an older clip"


@pytest.mark.parametrize("error_class", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["open", "write", "mv"])
def test_storage_that_fails_leaves_nothing(
    serve: Serve, tmp_path: Path, step: str, error_class: type[BaseException]
) -> None:
    fetch = Fetch(Folder(tmp_path))

    class Failing(LocalFileSystem):
        cachable = False

        def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
            if step == "open":
                raise error_class
            file = super().open(path, mode, **options)
            if step == "write":
                file.write(b"half")
                file.close()
                raise error_class
            return file

        def mv(self, path1: str, path2: str, **options: Any) -> None:
            assert Path(path1).read_bytes() == MP4
            raise error_class

    with pytest.raises(error_class):
        fetch(serve(FILE), files=Failing())
    assert fetch.storage.names() == []


# -- what is refused ------------------------------------------------------------------------------


def test_an_html_page_is_refused_and_not_requested_again(serve: Serve, fetch: Fetch) -> None:
    server = serve(PAGE)
    assert "no video, image or audio file" in fetch.fails(server, KlingMediaError)
    assert (server.connections, fetch.slept) == (1, [])


@pytest.mark.parametrize("chunked", [False, True])
def test_an_empty_file_is_refused(serve: Serve, fetch: Fetch, chunked: bool) -> None:
    assert "is empty" in fetch.fails(serve(_empty(chunked=chunked)), KlingMediaError)


def _empty(*, chunked: bool) -> Answer:
    if not chunked:
        return reply(b"")
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    return lambda connection: connection.sendall(head)


OVERSIZE = {
    "declared": FILE,
    "undeclared": reply(MP4, chunked=True),
}


@pytest.mark.parametrize("answer", OVERSIZE.values(), ids=OVERSIZE)
def test_a_file_over_the_cap_is_not_stored(serve: Serve, storage: Storage, answer: Answer) -> None:
    server = serve(answer)
    fetch = Fetch(storage, max_bytes=len(MP4) - 1)
    assert f"larger than the {len(MP4) - 1} bytes allowed" in fetch.fails(server, KlingMediaError)
    assert server.connections == 1


@pytest.mark.parametrize("answer", OVERSIZE.values(), ids=OVERSIZE)
def test_a_file_of_exactly_the_cap_is_stored(serve: Serve, storage: Storage, answer: Answer) -> None:
    assert Fetch(storage, max_bytes=len(MP4))(serve(answer)).size == len(MP4)


def test_a_declared_oversize_is_refused_before_its_bytes_are_read(serve: Serve, storage: Storage) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        silence(connection)

    fetch = Fetch(storage, max_bytes=1000, retry=RetryPolicy(attempts=1))
    fetch.fails(serve(endless), KlingMediaError)


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410])
def test_a_dead_link_is_reported_and_not_retried(serve: Serve, fetch: Fetch, status: int) -> None:
    server = serve(reply(b"" if status in (204, 304) else MP4, status=status))
    assert f"was answered {status}" in fetch.fails(server, DeadLinkError)
    assert server.connections == 1


# -- errors on the way ----------------------------------------------------------------------------

HALF = reply(MP4[:300_000], declared=len(MP4))
TROUBLE: dict[str, tuple[Answer, type[KlingError]]] = {
    "half of the file": (HALF, KlingConnectionError),
    "dropped before it was read": (unread, KlingConnectionError),
    "dropped after it was read": (hang_up, KlingConnectionError),
    "reset": (reset, KlingConnectionError),
    "silence": (silence, KlingConnectionError),
    "500": (reply(status=500), KlingResultHostError),
    "503": (reply(b"<html>503</html>", status=503), KlingResultHostError),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_an_interrupted_download_starts_again(serve: Serve, storage: Storage, name: str) -> None:
    trouble, _ = TROUBLE[name]
    fetch = Fetch(storage, read_timeout_s=patience_with(trouble))
    server = serve(trouble, trouble, FILE)
    assert fetch(server).sha256 == hashlib.sha256(MP4).hexdigest()
    assert fetch.content == MP4
    assert fetch.storage.names() == ["clip.mp4"]
    assert (server.connections, fetch.slept) == (3, [0.5, 1.0])


@pytest.mark.parametrize("name", TROUBLE)
def test_repeated_errors_end_the_download_and_leave_no_file(
    serve: Serve, storage: Storage, name: str
) -> None:
    trouble, error_class = TROUBLE[name]
    fetch = Fetch(storage, read_timeout_s=patience_with(trouble))
    server = serve(trouble)
    fetch.fails(server, error_class)
    assert server.connections == 4


# -- redirects ------------------------------------------------------------------------------------


def to(location: str, status: int = 302) -> Answer:
    return reply(status=status, headers={"Location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(serve: Serve, fetch: Fetch, status: int) -> None:
    server = serve(to("/other.mp4?x=1", status), FILE)
    fetch(server)
    assert [request.target for request in server.requests] == [f"/clip.mp4?{SECRET}", "/other.mp4?x=1"]


def test_five_redirects_are_followed_and_six_are_not(serve: Serve, fetch: Fetch) -> None:
    fetch(serve(*[to("/again.mp4")] * 5, FILE))
    fetch.storage.files.rm_file(fetch.storage.path("clip.mp4"))
    server = serve(*[to("/again.mp4")] * 6, FILE)
    assert "more than 5 redirects" in fetch.fails(server, KlingMediaError)
    assert server.connections == 6


def test_a_redirect_to_a_private_host_is_not_followed(serve: Serve, fetch: Fetch) -> None:
    inside = serve(FILE)
    for location in (
        f"{inside.url}/secret.mp4?{SECRET}",
        f"https://127.0.0.1:{inside.server_address[1]}/secret.mp4?{SECRET}",
        f"https://[::ffff:127.0.0.1]:{inside.server_address[1]}/secret.mp4",
        f"https://169.254.169.254/latest/meta-data?{SECRET}",
        f"//10.0.0.1/x?{SECRET}",
        f"file:///etc/passwd?{SECRET}",
        f"ftp://127.0.0.1/x?{SECRET}",
    ):
        fetch.fails(serve(to(location)), KlingMediaError)
    assert inside.connections == 0


def test_the_host_of_every_redirect_is_checked(serve: Serve, storage: Storage) -> None:
    resolved: list[str] = []

    def resolver(host: str) -> list[str]:
        resolved.append(host)
        return resolve(host) if host == "127.0.0.1" else ["192.168.0.7"]

    server = serve(to("/one.mp4"), to("/two.mp4"), to("https://cdn.example/x.mp4"))
    text = Fetch(storage, resolver=resolver).fails(server, KlingMediaError)
    assert "https://cdn.example/x.mp4 leads to 192.168.0.7" in text
    assert (server.connections, resolved) == (3, [*["127.0.0.1"] * 3, "cdn.example"])


@pytest.mark.parametrize("location", ["https://h.example:99999/x", "http://", "https://..", "mailto:a@b"])
def test_a_redirect_to_an_invalid_link_is_refused(serve: Serve, fetch: Fetch, location: str) -> None:
    fetch.fails(serve(to(location)), KlingMediaError)


KEY = "sk-canary-0123456789"


@pytest.mark.parametrize(
    "answer",
    [
        to(f"https://10.0.0.1/{KEY}"),
        to(f"https://{KEY}.local/"),
        to(f"https://10.0.0.1/{KEY.replace('-', '%2D')}"),
        reply(KEY.encode()),
        reply(b"x", headers={"Content-Encoding": KEY}),
        raw(f"HTTP/1.1 {KEY}\r\n\r\n".encode()),
    ],
)
def test_a_key_that_a_server_quotes_is_not_shown(serve: Serve, storage: Storage, answer: Answer) -> None:
    retry, sleep = RetryPolicy(attempts=1), lambda seconds: None
    fetch = Fetch(storage, redactor=Redactor([KEY]), retry=retry, sleep=sleep)
    with pytest.raises(KlingError) as caught:
        fetch(serve(answer))
    assert KEY[:10] not in "".join(traceback.format_exception(caught.value))


def test_a_malformed_redirect_is_a_connection_error(serve: Serve, fetch: Fetch) -> None:
    fetch.fails(serve(to(f"https://[::1/x?{SECRET}")), KlingConnectionError)


@pytest.mark.parametrize("url", ["https://cdn.example/a\x00b", "https://cdn.example/" + "a" * 70_000])
def test_an_invalid_link_is_named(tmp_path: Path, url: str) -> None:
    hosts = HostRules(own_url="https://api.example", resolver=lambda host: ["93.184.215.14"])
    downloader = Downloader(hosts=hosts, user_agent="tests/1")
    with pytest.raises(KlingMediaError, match="is not an http or https link") as caught:
        download_to(str(tmp_path / "x"), url, files=LocalFileSystem(), downloader=downloader)
    assert list(tmp_path.iterdir()) == []
    assert len(str(caught.value)) < 300


# -- how long it may take -------------------------------------------------------------------------


def test_a_download_that_drips_is_ended(serve: Serve, storage: Storage) -> None:
    """The server sends on; by the clock, it sends less than the least in each window."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        connection.settimeout(0.02)
        while True:
            connection.sendall(b"x")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    now = [0.0]

    def clock() -> float:
        now[0] += 10.0
        return now[0]

    fetch = Fetch(storage, clock=clock, retry=RetryPolicy(attempts=1))
    assert "was interrupted (ReadTimeout)" in fetch.fails(serve(drip), KlingConnectionError)


def test_a_download_that_is_fast_enough_takes_as_long_as_it_needs(serve: Serve, storage: Storage) -> None:
    fetch = Fetch(storage, clock=iter(range(0, 10_000_000, 50)).__next__, retry=RetryPolicy(attempts=1))
    assert fetch(serve(FILE)).size == len(MP4)


def test_headers_that_drip_end_the_download(
    serve: Serve, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_kling.media.download._LONGEST_HEAD_S", 0.3)

    def drip(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            connection.sendall(b"x")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    fetch = Fetch(storage, retry=RetryPolicy(attempts=1))
    assert "was interrupted" in fetch.fails(serve(drip), KlingConnectionError)
