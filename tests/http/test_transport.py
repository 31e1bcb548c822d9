"""How requests are put on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.http.message import FilePart, HttpRequest
from airflow_provider_kling.http.network import tls_context
from airflow_provider_kling.http.request_flow import Send
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.transport import RequestBuilder

SETTINGS = ClientSettings(base_url="https://api.example/base", read_timeout_s=7.0)


def send(**options: Any) -> Send:
    request = HttpRequest(**{"method": "GET", "path": "/tasks/t", **options})
    return Send(request=request, signature={"X-Signature": "s"}, limit_s=60.0)


def headers(request: Any) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in request.headers}


def test_a_request_has_time_limits_for_each_phase() -> None:
    limits = RequestBuilder(SETTINGS).build(send()).extensions["timeout"]
    assert limits == {"connect": 5.0, "read": 7.0, "write": 7.0, "pool": 7.0}


def test_the_tls_context_is_made_once_for_all_clients() -> None:
    assert tls_context() is tls_context()


def test_the_clients_the_signatures_and_the_requests_headers_are_all_sent() -> None:
    request = RequestBuilder(SETTINGS).build(send(headers={"X-Webhook-URL": "https://hook"}, content=b"{}"))
    sent = headers(request)
    assert sent["user-agent"] == SETTINGS.user_agent
    assert sent["accept"] == "application/json"
    assert sent["accept-encoding"] == "identity"
    assert sent["x-signature"] == "s"
    assert sent["x-webhook-url"] == "https://hook"
    assert sent["content-length"] == "2"
    assert "content-type" not in sent


@pytest.mark.parametrize(
    ("base_url", "host", "target"),
    [
        ("https://api.example", "api.example", "/tasks/t"),
        ("https://api.example:8443/base/", "api.example:8443", "/base/tasks/t"),
        ("http://[::1]:8787/a/b", "[::1]:8787", "/a/b/tasks/t"),
    ],
)
def test_a_request_goes_below_the_base_url_and_names_its_host(base_url: str, host: str, target: str) -> None:
    request = RequestBuilder(ClientSettings(base_url=base_url)).build(send())
    assert request.url.target.decode() == target
    assert headers(request)["host"] == host


def test_a_query_is_encoded() -> None:
    request = RequestBuilder(SETTINGS).build(send(params={"q": "a b&c", "page": 1}))
    assert request.url.target.decode() == "/base/tasks/t?q=a+b%26c&page=1"


def test_a_file_is_sent_as_a_form_with_its_length() -> None:
    part = FilePart(name="file", filename="a.png", content_type="image/png", content=b"bytes")
    request = RequestBuilder(SETTINGS).build(send(method="POST", file=part))
    sent = headers(request)
    assert sent["content-type"].startswith("multipart/form-data; boundary=")
    body = b"".join(request.stream)
    assert int(sent["content-length"]) == len(body)
    assert b'name="file"; filename="a.png"' in body
    assert b"bytes" in body
