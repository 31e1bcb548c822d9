"""The control endpoints: only for programs on this machine, not for pages in a browser that runs on it."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.conftest import VIDEO_BODY, Client
from tests.sandbox.http.raw import connected, head, status

RESET = "/_sandbox/reset"


def _call(client: Client, method: str = "POST", path: str = RESET, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{client.sandbox.url}{path}", headers=names)


def _port(client: Client) -> int:
    return urlsplit(client.sandbox.url).port or 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RESET),
        ("POST", "/_sandbox/clock"),
        ("POST", "/_sandbox/faults"),
        ("DELETE", "/_sandbox/faults"),
        ("GET", "/_sandbox/requests"),
        ("GET", "/_sandbox/stats"),
    ],
)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_can_do_and_read_nothing(
    lifelike: Client, method: str, path: str, origin: str
):
    lifelike.submitted({"prompt": "a secret"})
    response = _call(lifelike, method, path, Origin=origin)
    assert response.status_code == 403
    assert "secret" not in response.text
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.1",
        "[",
    ],
)
def test_a_foreign_name_that_leads_to_this_machine_is_refused(lifelike: Client, host: str):
    """DNS rebinding: the browser holds the sandbox for a part of the foreign site."""
    lifelike.submitted({"prompt": "a secret"})
    name = host.format(port=_port(lifelike))
    for method, path in (("POST", RESET), ("GET", "/_sandbox/requests")):
        response = _call(lifelike, method, path, Host=name, Origin=f"http://{name}")
        assert response.status_code == 403
        assert "secret" not in response.text
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1


def test_one_host_is_needed(lifelike: Client):
    for text in (b"POST /_sandbox/reset HTTP/1.0\r\n\r\n", b"POST /_sandbox/reset HTTP/1.0\r\nHost:\r\n\r\n"):
        with connected(lifelike.sandbox.url) as connection:
            connection.sendall(text)
            assert status(connection) in (400, 403)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "127.9.9.9"]
)
def test_the_machines_own_names_are_accepted_with_no_origin_or_the_same(lifelike: Client, host: str):
    name = host.format(port=_port(lifelike))
    assert _call(lifelike, Host=name).status_code == 200
    assert _call(lifelike, Host=name, Origin=f"http://{name}").status_code == 200
    assert _call(lifelike, Host=name, Origin=f"https://{name}").status_code == 403


def test_a_request_that_a_browser_says_another_site_caused_is_refused(lifelike: Client):
    for site in ("cross-site", "same-site"):
        assert _call(lifelike, "GET", "/_sandbox/requests", Sec_Fetch_Site=site).status_code == 403
    for site in ("same-origin", "none"):
        assert _call(lifelike, "GET", "/_sandbox/requests", Sec_Fetch_Site=site).status_code == 200


def test_the_name_that_the_sandbox_is_bound_to_is_accepted(kling_sandbox_factory):
    sandbox = kling_sandbox_factory(host="0.0.0.0")
    port = urlsplit(sandbox.url).port
    url = f"http://127.0.0.1:{port}/_sandbox/stats"
    assert httpx.get(url, headers={"Host": f"0.0.0.0:{port}"}).status_code == 200
    assert httpx.get(url, headers={"Host": f"sandbox.example:{port}"}).status_code == 403


def test_the_api_does_not_care_for_the_host_as_it_has_a_key(lifelike: Client):
    response = lifelike.submit(VIDEO_BODY, Host="sandbox.example", Origin="https://evil.example")
    assert response.status_code == 200
    assert response.json()["data"]["get_result"]["url"].startswith("http://sandbox.example/")


def test_a_refused_request_is_not_read(lifelike: Client):
    with connected(lifelike.sandbox.url) as connection:
        connection.sendall(
            head(b"POST", b"/_sandbox/faults", Host=b"evil.example", Content_Length=b"1000000")
        )
        assert status(connection) == 403


def test_a_control_body_over_64_mib_is_a_413(lifelike: Client):
    response = httpx.post(f"{lifelike.sandbox.url}/_sandbox/faults", content=b" " * (64 * 2**20 + 1))
    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 500 + b"]" * 500,
        b'{"advance_s": ' * 500,
        b"\xff",
        b'{"advance_s": true}',
        b'{"advance_s": "1"}',
        b'{"advance_s": -1}',
        b'{"advance_s": 1e300}',
        b'{"advance_s": 1e999}',
        b'{"advance_s": NaN}',
        b'{"advance_s": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_clock_that_cannot_be_moved_so_is_a_400(lifelike: Client, body: bytes):
    response = httpx.post(f"{lifelike.sandbox.url}/_sandbox/clock", content=body)
    assert response.status_code == 400
    assert lifelike.submit(VIDEO_BODY).status_code == 200
