"""Connections on asyncio's streams: plain and encrypted, on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_kling.http.asyncio_backend import AsyncioBackend, AsyncioStream
from airflow_provider_kling.http.library import httpcore

HOST = "127.0.0.1"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Work = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Work], None]:
    """Run work on an event loop, to its end within 30 s."""
    library = pytest.importorskip(request.param)

    def run(work: Work) -> None:
        async def in_time() -> None:
            async with asyncio.timeout(30):
                await work()

        with asyncio.Runner(loop_factory=library.new_event_loop) as runner:
            runner.run(in_time())

    return run


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server, and of a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    client = ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
    return server, client


@contextlib.asynccontextmanager
async def serving(serve: Serve, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a port while the context lasts."""
    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await reader.read()
    writer.close()


async def read_exactly(stream: AsyncioStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await stream.read(65536, timeout=20)
    return data


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_is_sent_arrives_whole(
    run: Callable[[Work], None], tls: tuple[ssl.SSLContext, ssl.SSLContext], encrypted: bool
) -> None:
    sent = bytes(range(256)) * 20_000  # more than fits into the buffers of both sides

    async def work() -> None:
        async with serving(echo, tls=tls[0] if encrypted else None) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, timeout=20)
            if encrypted:
                stream = await stream.start_tls(tls[1], server_hostname="localhost", timeout=20)
                assert stream.get_extra_info("ssl_object") is not None
            writing = asyncio.create_task(stream.write(sent, timeout=20))
            assert await read_exactly(stream, len(sent)) == sent
            await writing
            await stream.aclose()

    run(work)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_pool_makes_requests_with_it_and_uses_a_connection_again(
    run: Callable[[Work], None], tls: tuple[ssl.SSLContext, ssl.SSLContext], encrypted: bool
) -> None:
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def work() -> None:
        async with serving(answer, tls=tls[0] if encrypted else None) as port:
            scheme = "https" if encrypted else "http"
            pool = httpcore.AsyncConnectionPool(ssl_context=tls[1], network_backend=AsyncioBackend())
            async with pool:
                for _ in range(3):
                    response = await pool.request("GET", f"{scheme}://{HOST}:{port}/")
                    assert response.content == b"ok"

    run(work)
    assert connections == 1


def test_a_certificate_that_is_not_trusted_is_no_connection(
    run: Callable[[Work], None], tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def work() -> None:
        async with serving(echo, tls=tls[0]) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, timeout=20)
            with pytest.raises(httpcore.ConnectError, match="certificate verify failed"):
                await stream.start_tls(ssl.create_default_context(), server_hostname="localhost", timeout=20)
            assert stream.get_extra_info("is_readable")

    run(work)


def test_nobody_at_the_port_is_no_connection(run: Callable[[Work], None]) -> None:
    async def work() -> None:
        async with serving(echo) as port:
            pass
        with pytest.raises(httpcore.ConnectError):
            await AsyncioBackend().connect_tcp(HOST, port, timeout=20)

    run(work)


def test_silence_ends_at_the_limit(run: Callable[[Work], None]) -> None:
    async def work() -> None:
        async with serving(stay_silent) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, timeout=20)
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(1, timeout=0.05)
            with pytest.raises(httpcore.ConnectTimeout):  # it says nothing of TLS either
                await stream.start_tls(ssl.create_default_context(), server_hostname="x", timeout=0.05)

    run(work)


def test_one_who_reads_nothing_holds_up_a_write_until_the_limit(run: Callable[[Work], None]) -> None:
    async def never_read(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(20)

    async def work() -> None:
        async with serving(never_read) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, timeout=20)
            with pytest.raises(httpcore.WriteTimeout):
                await stream.write(b"x" * 50_000_000, timeout=0.2)
            await stream.aclose()

    run(work)


@pytest.mark.parametrize("sent", [b"", b"left over"], ids=["closed", "unasked"])
def test_an_idle_connection_that_was_closed_or_has_something_in_it_is_not_used_again(
    run: Callable[[Work], None], sent: bytes
) -> None:
    async def work() -> None:
        told = asyncio.Event()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await told.wait()
            if sent:
                writer.write(sent)
            else:
                writer.close()

        async with serving(serve) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, timeout=20)
            assert not stream.get_extra_info("is_readable")
            told.set()
            while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110  - that is how the pool looks
                await asyncio.sleep(0.01)
            assert await stream.read(100, timeout=20) == sent

    run(work)
