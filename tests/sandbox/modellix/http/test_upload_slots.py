"""At most two uploads of a team run at the same time."""

from __future__ import annotations

import socket

from tests.sandbox.conftest import Client
from tests.sandbox.http.raw import connected, head, status
from tests.sandbox.paths import FILES
from tests.sandbox.samples import sample_image


def _begin(connection: socket.socket) -> None:
    """Begin an upload, and return when the server waits for its body."""
    connection.sendall(
        head(
            b"POST",
            FILES.encode(),
            Host=b"127.0.0.1",
            Authorization=b"Bearer sandbox-key",
            Content_Type=b"multipart/form-data; boundary=x",
            Content_Length=b"5",
            Expect=b"100-continue",
        )
    )
    assert status(connection) == 100


def test_a_third_upload_is_rejected_until_one_of_two_has_ended(lifelike: Client):
    url = lifelike.sandbox.url
    with connected(url) as first, connected(url) as second:
        _begin(first)
        _begin(second)
        rejected = lifelike.upload(sample_image("teal"))
        assert (rejected.status_code, rejected.json()["code"]) == (429, 429)
        assert rejected.json()["message"] == "Concurrent limit exceeded: 2 of 2 uploads are running"
        assert lifelike.http.get(FILES).status_code == 200, "only uploads are limited"
        first.sendall(b"--x--")
        assert first.recv(1), "it has ended"
        lifelike.uploaded(sample_image("teal"))
    lifelike.uploaded(sample_image("teal"))
    assert lifelike.sandbox.stats()["uploads"] == 2
