"""How requests are put on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.http import transport
from airflow_provider_kling.http.message import HttpRequest
from airflow_provider_kling.http.request_flow import Send
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.transport import RequestBuilder, transport_options

SETTINGS = ClientSettings(base_url="https://api.example/base", read_timeout_s=7.0)


def send(**options: Any) -> Send:
    return Send(request=HttpRequest(method="GET", path="/tasks/t", **options), signature={"X-Signature": "s"})


def test_a_request_has_time_limits_for_each_phase() -> None:
    limits = RequestBuilder(SETTINGS).build(send()).extensions["timeout"]
    assert limits == {"connect": 5.0, "read": 7.0, "write": 7.0, "pool": 7.0}


def test_a_pool_has_ten_connections_and_may_keep_them_all() -> None:
    limits = transport_options(SETTINGS)["limits"]
    assert (limits.max_connections, limits.max_keepalive_connections) == (10, 10)


def test_the_tls_context_is_made_once_for_all_clients() -> None:
    options = [transport_options(SETTINGS)["verify"] for _ in range(2)]
    assert options[0] is options[1]


def test_the_clients_the_signatures_and_the_requests_headers_are_all_sent() -> None:
    request = RequestBuilder(SETTINGS).build(send(headers={"X-Webhook-URL": "https://hook"}, content=b"{}"))
    assert request.headers["user-agent"] == SETTINGS.user_agent
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["x-signature"] == "s"
    assert request.headers["x-webhook-url"] == "https://hook"
    assert request.headers["content-length"] == "2"
    assert "content-type" not in request.headers


def test_the_url_of_a_task_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    real = transport.httpx.URL

    def counting(url: str) -> Any:
        parsed.append(url)
        return real(url)

    monkeypatch.setattr(transport.httpx, "URL", counting)
    builder = RequestBuilder(SETTINGS)
    monkeypatch.undo()
    urls = {str(builder.build(send()).url) for _ in range(3)}
    assert urls == set(parsed) == {"https://api.example/base/tasks/t"}
    assert len(parsed) == 1
