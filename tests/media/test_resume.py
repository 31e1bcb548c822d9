"""An interrupted download resumes where it stopped, if that is safe; a killed writer leaves no file."""

from __future__ import annotations

import gc
import hashlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_kling.exceptions import KlingConnectionError, KlingMediaError
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.download import DeadLinkError
from tests.http.raw_server import Answer, RawServer, raw, reply
from tests.media.test_download import FILE, HALF, MP4, Fetch, Serve
from tests.storages import Bucket, Folder, Storage

HELD = 2**18  # bytes are written in pieces of this size
TAG = {"ETag": '"v1"'}
DATE = {"Last-Modified": "Sun, 22 Nov 2026 08:00:00 GMT"}


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def serve(*script: Answer) -> RawServer:
            return stack.enter_context(RawServer(*script))

        yield serve


@pytest.fixture
def fetch(storage: Storage) -> Fetch:
    return Fetch(storage)


def broken(headers: dict[str, str], *, at: int = HELD) -> Answer:
    """Send the start of the file, then close the connection."""
    return reply(MP4[:at], declared=len(MP4), headers=headers)


def rest(*, at: int = HELD, until: int = len(MP4), declared: int | None = None, said: str = "") -> Answer:
    """Send a part of the file, as status 206."""
    where = said or f"bytes {at}-{len(MP4) - 1}/{len(MP4)}"
    return reply(MP4[at:until], status=206, declared=declared, headers={"Content-Range": where})


def range_headers(server: RawServer) -> list[tuple[str | None, str | None]]:
    return [(one.headers.get("range"), one.headers.get("if-range")) for one in server.requests]


@pytest.mark.parametrize(("headers", "version"), [(TAG, TAG["ETag"]), (DATE, DATE["Last-Modified"])])
def test_after_an_interruption_only_the_rest_is_requested(
    serve: Serve, fetch: Fetch, headers: dict[str, str], version: str
) -> None:
    server = serve(broken(headers), rest())
    assert fetch(server).sha256 == hashlib.sha256(MP4).hexdigest()
    assert fetch.content == MP4
    assert range_headers(server) == [(None, None), (f"bytes={HELD}-", version)]
    assert fetch.storage.names() == ["clip.mp4"]


def test_a_file_that_has_changed_is_downloaded_from_the_start(serve: Serve, fetch: Fetch) -> None:
    other = MP4[:32] + b"another take" * 1000
    server = serve(broken(TAG), reply(other, headers={"ETag": '"v2"'}))
    assert fetch(server).size == len(other)
    assert fetch.content == other


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"v1"'}], ids=["no validator", "weak validator"])
def test_without_a_strong_validator_the_file_is_downloaded_from_the_start(
    serve: Serve, fetch: Fetch, headers: dict[str, str]
) -> None:
    server = serve(broken(headers), FILE)
    fetch(server)
    assert range_headers(server) == [(None, None), (None, None)]
    assert fetch.content == MP4


@pytest.mark.parametrize(
    "answer",
    [
        rest(at=HELD + 1, said=f"bytes {HELD + 1}-{len(MP4) - 1}/{len(MP4)}"),
        rest(said="bytes */*"),
        rest(said="pages 1-2/3"),
        reply(status=416, headers={"Content-Range": f"bytes */{HELD}"}),
    ],
    ids=["another position", "no position", "another unit", "unsatisfiable"],
)
def test_a_rest_from_another_position_is_not_appended(serve: Serve, fetch: Fetch, answer: Answer) -> None:
    server = serve(broken(TAG), answer, FILE)
    assert fetch(server).sha256 == hashlib.sha256(MP4).hexdigest()
    assert [range_ for range_, _ in range_headers(server)] == [None, f"bytes={HELD}-", None]


def test_interruptions_after_progress_do_not_add_up(serve: Serve, fetch: Fetch) -> None:
    pieces = [(at, at + HELD) for at in range(HELD, len(MP4) - HELD, HELD)]
    script = [rest(at=at, until=until, declared=len(MP4) - at) for at, until in pieces]
    server = serve(broken(TAG), *script, rest(at=pieces[-1][1]))
    assert fetch(server).sha256 == hashlib.sha256(MP4).hexdigest()
    assert fetch.slept == [0.5] * (1 + len(pieces)), "the wait does not grow"
    assert len(pieces) >= 2


def test_interruptions_without_progress_end_the_download(serve: Serve, fetch: Fetch) -> None:
    server = serve(broken(TAG), rest(at=HELD, until=HELD, declared=5))
    fetch.fails(server, KlingConnectionError)
    assert server.connections == 4


def test_a_link_that_expires_during_the_download_is_reported_as_dead(serve: Serve, fetch: Fetch) -> None:
    fetch.fails(serve(broken(TAG), reply(b"expired", status=403)), DeadLinkError)


def test_the_cap_holds_over_all_parts(serve: Serve, storage: Storage) -> None:
    cut = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n'
    cut += b"%x\r\n%s\r\n" % (HELD, MP4[:HELD])  # and no end
    server = serve(raw(cut), rest())
    fetch = Fetch(storage, max_bytes=len(MP4) - 1)
    assert "larger than" in fetch.fails(server, KlingMediaError)
    assert [range_ for range_, _ in range_headers(server)] == [None, f"bytes={HELD}-"]


def test_parts_without_a_version_are_never_combined(serve: Serve, fetch: Fetch) -> None:
    server = serve(HALF, HALF, FILE)
    assert fetch(server).sha256 == hashlib.sha256(MP4).hexdigest()
    assert {range_ for range_, _ in range_headers(server)} == {None}


# -- killed writers -------------------------------------------------------------------------------

WRITER = """
import sys
from airflow_provider_kling.media.download import Downloader
from airflow_provider_kling.media.hosts import HostRules
from tests.media.download_to import download_to
url, path = sys.argv[1:]
downloader = Downloader(hosts=HostRules(own_url=url), user_agent="tests/1")
print(download_to(path, f"{url}/clip.mp4", files=files, downloader=downloader).sha256)
"""


def test_after_a_killed_writer_the_next_one_leaves_one_whole_file(serve: Serve, fetch: Fetch) -> None:
    half_way, go_on = threading.Event(), threading.Event()
    large = MP4 + bytes(12 * 2**20)  # more than is sent to an object store at a time

    def stall(connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(large)}\r\n\r\n".encode()
        connection.sendall(head + large[:-1])
        half_way.set()
        go_on.wait(60)

    server, storage = serve(stall), fetch.storage
    command = [sys.executable, "-c", storage.script + WRITER, server.url, storage.path("clip.mp4")]
    with subprocess.Popen(command) as writer:
        assert half_way.wait(60)
        while not (left := storage.names()):
            assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
    go_on.set()
    assert len(left) == 1, "the killed writer's file"
    assert left[0].endswith(".part")
    assert fetch.content is None

    server.then(reply(large, headers={"Content-Type": "video/mp4"}))
    assert fetch(server).sha256 == hashlib.sha256(large).hexdigest()
    # Parts that were sent to S3 and became no object are invisible until a lifecycle rule removes them.
    assert [name for name in storage.names() if not name.startswith("upload of ")] == ["clip.mp4"]


@pytest.mark.parametrize("name", ["clip.mp4", "[a]*?.mp4"])
def test_only_the_leftovers_of_the_same_file_are_deleted(storage: Storage, name: str) -> None:
    others = [
        *("clip.mp4.part", "clip.mp4.json", "other.mp4.me.0123456789ab.part"),
        *("clip2.mp4.me.0123456789ab.part", f"{name}.0123456789ab.part", f"{name}.you.0123456789ab.part"),
        *(f"{name}.me.my-backup-01.part", f"{name}.me.0123456789a.part"),
    ]
    for other in others:
        storage.write(other, b"x")
    storage.write(f"{name}.me.0123456789ab.part", b"half")
    with AtomicWriter(files=storage.files, path=storage.path(name), owner="me") as writer:
        writer.write(b"whole")
        writer.commit()
    assert storage.names() == sorted([*others, name])
    assert storage.read(name) == b"whole"


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_not_committed_never_appears(storage: Storage) -> None:
    def give_up() -> None:
        with AtomicWriter(files=storage.files, path=storage.path("clip.mp4"), owner="me") as writer:
            for _ in range(20):
                writer.write(bytes(2**20))

    give_up()
    gc.collect()  # it closes open files
    assert storage.names() == []


def test_two_writers_of_one_owner_get_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "clip.mp4")
    with AtomicWriter(files=LocalFileSystem(), path=path, owner="me") as first:
        first.write(b"first")
        with AtomicWriter(files=LocalFileSystem(), path=path, owner="me") as second:
            second.write(b"second")
            second.commit()
        with pytest.raises(KlingMediaError, match="being written by another try of this task too"):
            first.commit()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"second"]


# -- memory ---------------------------------------------------------------------------------------

GIB = 2**30
MEASURED = """
import sys
from pathlib import Path
from airflow_provider_kling.media.download import Downloader
from airflow_provider_kling.media.hosts import HostRules
from tests.media.download_to import download_to
url, path = sys.argv[1:]
downloader = Downloader(hosts=HostRules(own_url=url), user_agent="tests/1")

def peak():  # of this process; getrusage counts its parent's before the start as well
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

download_to(path, f"{url}/small.mp4", files=files, downloader=downloader)
before = peak()
size = download_to(path, f"{url}/large.mp4", files=files, downloader=downloader).size
print(size, peak() - before)
"""


@pytest.mark.parametrize(("where", "size"), [("folder", GIB), ("bucket", GIB // 8)])
def test_a_large_file_takes_no_more_memory_than_a_few_bytes(
    request: pytest.FixtureRequest, serve: Serve, tmp_path: Path, where: str, size: int
) -> None:
    def large(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        block = MP4[:16] + bytes(2**20 - 16)
        for _ in range(size // len(block)):
            connection.sendall(block)

    storage: Storage = Folder(tmp_path)
    if where == "bucket":
        storage = Bucket(url=request.getfixturevalue("s3_server"))
    path = storage.path("clip.mp4")
    command = [sys.executable, "-c", storage.script + MEASURED, serve(FILE, large).url, path]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    storage.files.rm_file(path)
    stored, grown = map(int, ran.stdout.split())
    assert stored == size
    assert grown < 50 * 2**20


# -- hosts that resolve to another address --------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key for ``localhost``, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("cdn.example")]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return file


class SecureServer(RawServer):
    """Answers over TLS."""

    def __init__(self, certificate: Path, *script: Answer) -> None:
        super().__init__(*script)
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.tls.load_cert_chain(certificate)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        return self.tls.wrap_socket(connection, server_side=True), address


def test_the_connection_is_made_to_the_address_that_was_checked(
    serve: Serve, storage: Storage, certificate: Path
) -> None:
    """A second look-up may give another address. The certificate is still checked by the name."""
    looked_up: list[str] = []

    def resolver(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]  # the operating system does not know the name

    tls = ssl.create_default_context(cafile=str(certificate))
    with SecureServer(certificate, FILE) as inside:
        to = f"https://cdn.example:{inside.server_address[1]}/clip.mp4"
        server = serve(reply(status=302, headers={"Location": to}))
        fetch = Fetch(storage, tls=tls, resolver=resolver, allow_private=True)
        assert fetch(server).size == len(MP4)
        assert looked_up == ["127.0.0.1", "cdn.example"]


def test_a_certificate_of_another_name_is_not_accepted(
    serve: Serve, storage: Storage, certificate: Path
) -> None:
    tls = ssl.create_default_context(cafile=str(certificate))
    with SecureServer(certificate, FILE) as inside:
        to = f"https://other.example:{inside.server_address[1]}/clip.mp4"
        fetch = Fetch(storage, tls=tls, resolver=lambda host: ["127.0.0.1"], allow_private=True)
        fetch.fails(serve(reply(status=302, headers={"Location": to})), KlingConnectionError)
