"""Which proxy the environment names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.transport import environment_proxy
from tests.http.conftest import Caller
from tests.http.raw_server import RawServer, reply

API = "https://api.example.com"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, API, None),
        ({"https_proxy": "http://proxy:3128"}, API, "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, API, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, API, "http://proxy:3128"),
        ({"http_proxy": "http://proxy:3128"}, API, None),
        ({"all_proxy": "http://proxy:3128"}, API, "http://proxy:3128"),
        ({"all_proxy": "http://one", "https_proxy": "http://two"}, API, "http://two"),
    ],
)
def test_the_variable_for_the_scheme_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(url) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", API, True),
        ("example.com", API, True),
        (".example.com", API, True),
        ("*.example.com", API, True),
        ("other.com, API.example.com", API, True),
        ("api.example.com:8443", f"{API}:8443", True),
        ("api.example.com:8443", API, False),
        ("ample.com", API, False),
        ("api", API, False),
        ("", API, False),
        (",", API, False),
        ("127.0.0.1", "http://127.0.0.1:8787", True),
        ("::1", "http://[::1]:8787", True),
        ("[::1]", "http://[::1]:8787", True),
        ("localhost", "http://localhost:8787/base", True),
        ("localhost", "http://user:word@localhost:8787", True),
    ],
)
def test_no_proxy_excepts_hosts_and_the_domains_above_them(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert (environment_proxy(url) is None) is direct


def test_a_client_uses_the_proxy(
    serve: Callable[..., RawServer],
    make_caller: Callable[..., Caller],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(reply({"code": 0, "data": {"task_id": "t"}}))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert make_caller(url="http://api.example.com").call(make_gateway().task("t")).task_id == "t"
    assert proxy.requests[0].target == "http://api.example.com/api/v1/tasks/t"
