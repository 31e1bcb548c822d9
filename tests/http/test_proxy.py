"""Which proxy the environment names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.proxy import environment_proxy
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
    found = environment_proxy(url)
    assert (None if found is None else str(found.url)) == proxy


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
        ("10.1.2.3", "http://10.1.2.3:8787", True),
        ("10.1.2.3:8787", "http://10.1.2.3:8787", True),
        ("10.1.2.3:1", "http://10.1.2.3:8787", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", API, False),
        ("2001:db8::1", "http://[2001:db8::1]:8787", True),
        ("[2001:db8::1]", "http://[2001:db8::1]:8787", True),
        ("localhost,fd07:b51a:cc66:f0::/64", "http://[fd07:b51a:cc66:f0::5]", True),
        ("localhost,fd07:b51a:cc66:f0::/64", API, False),
        ("[::1", API, False),
        ("10.0.0.0/99 api.example.com", API, True),
    ],
)
def test_no_proxy_excepts_hosts_and_the_domains_above_them(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert (environment_proxy(url) is None) is direct


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "localhost."])
def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy:3128")
    assert environment_proxy(f"http://{host}:8787") is None


@pytest.mark.parametrize(
    "proxy",
    [
        "socks://proxy",
        "socks4://proxy",
        "ftp://proxy",
        "http://[bad",
        "http://proxy:port",
        "http://proxy:99999",
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy.replace("://", "://user:canary@"))
    with pytest.raises(KlingRequestError, match="ALL_PROXY: must be the URL") as caught:
        environment_proxy(API)
    assert "canary" not in str(caught.value)


def test_a_socks_proxy_without_its_package_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("airflow_provider_kling.http.proxy.find_spec", lambda name: None)
    monkeypatch.setenv("https_proxy", "socks5://proxy:1080")
    with pytest.raises(KlingRequestError, match=r"HTTPS_PROXY: names a SOCKS proxy.*pip install socksio"):
        environment_proxy(API)


def test_a_client_uses_the_proxy(
    serve: Callable[..., RawServer],
    make_caller: Callable[..., Caller],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(reply({"code": 0, "data": {"task_id": "t"}}))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert make_caller(url="http://api.example.com").call(make_gateway().task("t")).task_id == "t"
    assert proxy.requests[0].target == "http://api.example.com/api/v1/tasks/t"
