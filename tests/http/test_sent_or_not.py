"""Whether a byte of a submission may have reached the service: certain where it can be."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingRequestError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.network import tls_context
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import Caller
from tests.http.raw_server import Answer, RawServer, hang_up, raw, reply, reset, silence, unread
from tests.submission import submission

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]

SUBMISSION = submission(make_gateway(), VideoO1Request(prompt="x"))
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PROXY_REFUSALS = {
    **{str(status): reply(b"no", status=status) for status in (301, 400, 403, 407, 429, 502, 503)},
    "closes": hang_up,
    "resets": reset,
    "resets unread": unread,
    "is silent": silence,
    "speaks no HTTP": raw(b"220 mail\r\n\r\n"),
    "breaks off": raw(b"HTTP/1.1 200 OK\r\nX-"),
    "opens the tunnel and closes it": raw(b"HTTP/1.1 200 OK\r\n\r\n"),
}


@pytest.mark.parametrize("answer", PROXY_REFUSALS.values(), ids=PROXY_REFUSALS)
def test_what_a_proxy_does_not_pass_on_was_not_sent(
    serve: Serve, make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setenv("https_proxy", serve(answer).url)
    with pytest.raises(KlingConnectionError, match="nothing was sent") as caught:
        make_caller(url="https://api.example.com", read_timeout_s=0.5).call(SUBMISSION)
    assert not caught.value.request_sent


def test_a_service_that_nobody_serves_was_sent_nothing(make_caller: MakeCaller) -> None:
    with pytest.raises(KlingConnectionError) as caught:
        make_caller(url=f"http://127.0.0.1:{free_port()}").call(SUBMISSION)
    assert not caught.value.request_sent


def test_a_host_without_an_address_was_sent_nothing(make_caller: MakeCaller) -> None:
    with pytest.raises(KlingConnectionError) as caught:
        make_caller(url="https://host.invalid").call(SUBMISSION)
    assert not caught.value.request_sent


def test_a_service_that_speaks_no_tls_was_sent_nothing(serve: Serve, make_caller: MakeCaller) -> None:
    url = serve(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")).url.replace("http://", "https://")
    with pytest.raises(KlingConnectionError) as caught:
        make_caller(url=url, read_timeout_s=0.5).call(SUBMISSION)
    assert not caught.value.request_sent


@pytest.mark.parametrize("answer", [hang_up, reset, unread, silence, raw(b"220 mail\r\n\r\n"), raw(b"HTTP")])
def test_once_the_request_is_on_its_way_the_outcome_is_unknown(
    serve: Serve, make_caller: MakeCaller, answer: Answer
) -> None:
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url=serve(answer).url, read_timeout_s=0.5).call(SUBMISSION)


def test_what_is_left_of_an_earlier_response_is_not_the_answer_to_a_submission(
    serve: Serve, make_caller: MakeCaller
) -> None:
    def two_responses(connection: socket.socket) -> None:
        first, second = ({"code": 0, "data": {"task_id": name}} for name in ("read", "left-over"))
        sent: list[bytes] = []
        for body in (first, second):
            reply(body, headers={"Connection": "keep-alive"})(SimpleNamespace(sendall=sent.append))  # type: ignore[arg-type]
        connection.sendall(b"".join(sent))
        connection.recv(1)  # until the client leaves, or sends more

    server = serve(two_responses, reply({"code": 0, "data": {"task_id": "made"}}))
    caller = make_caller(url=server.url)
    assert caller.call(make_gateway().task("read")).task_id == "read"
    assert caller.call(SUBMISSION).task_id == "made"


def test_through_a_proxy_that_passes_it_on_the_outcome_is_unknown_too(
    serve: Serve, make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", serve(hang_up).url)
    with pytest.raises(KlingSubmissionUnknownError):
        make_caller(url="http://api.example.com").call(SUBMISSION)


# -- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("all_proxy", "socks://127.0.0.1:1", "ALL_PROXY"),
        ("https_proxy", "nonsense://127.0.0.1:1", "HTTPS_PROXY"),
        ("https_proxy", "http://[::1", "HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_makes_no_sense_is_found_when_the_client_is_made(
    make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(KlingRequestError) as caught:
        make_caller(url="https://api.example.com")
    assert [rule.field for rule in caught.value.broken] == [field]


def test_certificates_that_are_not_there_are_found_when_the_client_is_made(
    make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    tls_context.cache_clear()
    try:
        with pytest.raises(KlingRequestError, match="SSL_CERT_FILE: must name a file with certificates"):
            make_caller(url="https://api.example.com")
    finally:
        tls_context.cache_clear()


def test_a_file_for_tls_keys_that_cannot_be_written_is_named_as_such(
    make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere/keys.log")
    tls_context.cache_clear()
    try:
        with pytest.raises(KlingRequestError, match="SSLKEYLOGFILE: must name a file that can be written"):
            make_caller(url="https://api.example.com")
    finally:
        tls_context.cache_clear()


@pytest.mark.parametrize(
    "no_proxy", ["localhost,fd07:b51a:cc66:f0::/64", "[::1]", "::1", "*", "10.0.0.0/99", "a b,c", "[", "%"]
)
def test_no_proxy_may_hold_anything(
    serve: Serve, make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    monkeypatch.setenv("no_proxy", no_proxy)
    server = serve(reply({"code": 0, "data": {"task_id": "t"}}))
    assert make_caller(url=server.url).call(make_gateway().task("t")).task_id == "t"
