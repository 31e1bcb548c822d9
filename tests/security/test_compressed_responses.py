"""A few hundred bytes can become gigabytes: no compressed response is ever decoded."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingProtocolError,
    KlingServerError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.response_reader import MAX_RESPONSE_BYTES, ResponseReader
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import Caller
from tests.http.raw_server import RawServer, reply
from tests.submission import submission

POLL = make_gateway().task("t")
SUBMISSION = submission(make_gateway(), VideoO1Request(prompt="x"))
GOOD = b'{"code": 0, "data": {"task_id": "t"}}'


def layered(size: int, layers: int) -> bytes:
    """Compress zeros, and the result again, and so on."""
    data = bytes(size)
    for _ in range(layers):
        data = gzip.compress(data, mtime=0)
    return data


BOMB = layered(4 * MAX_RESPONSE_BYTES, 3)
CODINGS = {
    "gzip": {"Content-Encoding": "gzip"},
    "layers": {"Content-Encoding": "gzip, gzip, gzip"},
    "upper case": {"CONTENT-ENCODING": " GZIP "},
    "deflate": {"Content-Encoding": "deflate"},
    "brotli": {"Content-Encoding": "br"},
    "zstandard": {"Content-Encoding": "zstd"},
    "identity and more": {"Content-Encoding": "identity, gzip"},
    "unknown": {"Content-Encoding": "x-nonsense"},
}


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    with ExitStack() as stack:
        yield lambda *script: stack.enter_context(RawServer(*script))


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Make one attempt of a call with either client."""
    with ExitStack() as stack:

        def call(url: str, call: Any) -> Any:
            caller = Caller(request.param, url=url, retry=RetryPolicy(attempts=1))
            stack.callback(caller.close)
            return caller.call(call)

        yield call


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every piece of a body that a client reads; and no decoder may be made at all."""
    pieces: list[bytes] = []
    feed = ResponseReader.feed

    def recording(self: ResponseReader, chunk: bytes) -> None:
        pieces.append(chunk)
        feed(self, chunk)

    def no_decoder(*_: Any, **__: Any) -> Any:
        raise AssertionError("a decoder was made")

    monkeypatch.setattr(ResponseReader, "feed", recording)
    monkeypatch.setattr(zlib, "decompressobj", no_decoder)
    monkeypatch.setattr(httpx.Response, "_get_content_decoder", no_decoder)
    return pieces


def test_the_bomb_is_one() -> None:
    assert len(BOMB) < 1000
    data = BOMB
    for _ in range(3):
        data = gzip.decompress(data)
    assert len(data) == 4 * MAX_RESPONSE_BYTES


@pytest.mark.parametrize("headers", CODINGS.values(), ids=CODINGS)
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (200, (KlingProtocolError, r"response to GET /api/v1/tasks/t is compressed \(")),
        (500, (KlingServerError, "was answered 500: no message")),  # the status says enough
    ],
)
def test_a_compressed_response_is_refused_before_one_byte_of_it_is_read(
    serve: Callable[..., RawServer],
    call: Callable[..., Any],
    received: list[bytes],
    headers: dict[str, str],
    status: int,
    told: tuple[type[Exception], str],
) -> None:
    server = serve(reply(BOMB, status=status, headers=headers))
    with pytest.raises(told[0], match=told[1]):
        call(server.url, POLL)
    assert received == []


def test_the_outcome_of_a_submission_with_a_compressed_response_is_unknown(
    serve: Callable[..., RawServer], call: Callable[..., Any], received: list[bytes]
) -> None:
    server = serve(reply(BOMB, headers=CODINGS["layers"]))
    with pytest.raises(KlingSubmissionUnknownError):
        call(server.url, SUBMISSION)
    assert received == []


def test_two_headers_are_read_like_one_with_two_codings(
    serve: Callable[..., RawServer], call: Callable[..., Any], received: list[bytes]
) -> None:
    codings = b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"
    head = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (codings, len(BOMB))
    server = serve(lambda connection: connection.sendall(head + BOMB))
    with pytest.raises(KlingProtocolError, match=r"compressed \(identity, gzip\)"):
        call(server.url, POLL)
    assert received == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Encoding": "identity"}, {"Content-Encoding": " Identity"}, {"Content-Encoding": ""}],
)
def test_plain_responses_are_requested_and_read_as_they_were_sent(
    serve: Callable[..., RawServer],
    call: Callable[..., Any],
    received: list[bytes],
    headers: dict[str, str],
) -> None:
    server = serve(reply(GOOD, headers=headers))
    assert call(server.url, POLL).task_id == "t"
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert b"".join(received) == GOOD


def test_the_cap_counts_the_bytes_that_were_received(
    serve: Callable[..., RawServer], call: Callable[..., Any], received: list[bytes]
) -> None:
    server = serve(reply(bytes(2 * MAX_RESPONSE_BYTES), chunked=True))
    with pytest.raises(KlingProtocolError, match="more than 16 MiB"):
        call(server.url, POLL)
    *kept, last = received
    assert sum(map(len, kept)) <= MAX_RESPONSE_BYTES < sum(map(len, kept)) + len(last)
