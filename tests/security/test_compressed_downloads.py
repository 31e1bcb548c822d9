"""A download that is compressed is refused before a byte of it is decoded: a few bytes can hold gigabytes."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.download import Downloader
from airflow_provider_kling.media.hosts import HostRules
from tests.http.raw_server import Answer, RawServer, reply
from tests.media.download_to import download_to

MP4 = b"\0\0\0\x20ftypisom" + bytes(16 * 2**20)
ONCE = gzip.compress(MP4)
BOMB = gzip.compress(ONCE)


def encoded(body: bytes, *encodings: str, status: int = 200) -> Answer:
    """Answer with one header field for each text; a text may name several encodings."""
    fields = "".join(f"Content-Encoding: {encoding}\r\n" for encoding in encodings)
    head = f"HTTP/1.1 {status} Whatever\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def fetch(server: RawServer, path: str) -> int:
    hosts = HostRules(own_url=server.url)
    downloader = Downloader(hosts=hosts, user_agent="tests/1", max_bytes=2**20, sleep=lambda seconds: None)
    try:
        return download_to(
            path, f"{server.url}/clip.mp4", files=LocalFileSystem(), downloader=downloader
        ).size
    finally:
        downloader.close()


@pytest.mark.parametrize(
    ("body", "encodings"),
    [
        (BOMB, ["gzip, gzip"]),
        (BOMB, ["gzip", "gzip"]),
        (ONCE, ["gzip"]),
        (ONCE, ["GZIP"]),
        (ONCE, ["identity, gzip"]),
        (ONCE, ["x-gzip"]),
        (zlib.compress(MP4), ["deflate"]),
        (b"anything", ["br"]),
        (b"anything", ["zstd"]),
        (MP4[:100], ["aes128gcm"]),
    ],
    ids=[
        "twice",
        "twice in two fields",
        "once",
        "in capitals",
        "after identity",
        "by its old name",
        "deflate",
        "br",
        "zstd",
        "unknown",
    ],
)
def test_a_compressed_answer_is_refused_undecoded_and_not_asked_for_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    encodings: list[str],
) -> None:
    def decoded(*_: object) -> None:
        raise AssertionError("a byte was decoded")

    folder = tmp_path
    monkeypatch.setattr(zlib, "decompressobj", decoded)
    with RawServer(encoded(body, *encodings)) as server:
        with pytest.raises(KlingMediaError, match="Content-Encoding"):
            fetch(server, str(folder / "clip.mp4"))
        assert server.connections == 1
        assert server.requests[0].headers["accept-encoding"] == "identity"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("encodings", [[], ["identity"], ["Identity"]])
def test_an_answer_that_is_sent_as_it_is_is_taken(tmp_path: Path, encodings: list[str]) -> None:
    path = tmp_path / "clip.mp4"
    with RawServer(encoded(MP4[:1000], *encodings)) as server:
        assert fetch(server, str(path)) == 1000
    assert path.read_bytes() == MP4[:1000]


def test_the_rest_of_a_broken_download_is_refused_too(tmp_path: Path) -> None:
    folder, half = tmp_path, 2**18
    first = reply(MP4[:half], declared=2 * half, headers={"ETag": '"v1"'})
    where = {"Content-Range": f"bytes {half}-{2 * half - 1}/{2 * half}", "Content-Encoding": "gzip, gzip"}
    with RawServer(first, reply(BOMB, status=206, headers=where)) as server:
        with pytest.raises(KlingMediaError, match="Content-Encoding"):
            fetch(server, str(folder / "clip.mp4"))
        assert server.requests[1].headers["range"] == f"bytes={half}-"
    assert list(folder.iterdir()) == []


def test_an_error_page_counts_by_its_status_and_is_not_decoded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip.mp4"
    with RawServer(encoded(BOMB, "gzip, gzip", status=503), reply(MP4[:1000])) as server:
        assert fetch(server, str(path)) == 1000
        assert server.connections == 2
