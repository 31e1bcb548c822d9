"""A connection's parts, parsed strictly: what makes no sense is an error before anything is sent."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.hooks.connection import KlingConnection, parse_connection
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.library import httpx
from tests.gateways.bare import BareGateway, register


def parse(**parts: Any) -> KlingConnection:
    defaults: dict[str, Any] = dict.fromkeys(("login", "host", "schema", "port"))
    given = {**defaults, "password": "sk-1", "extra": {}, **parts}
    return parse_connection(conn_id="kling_default", caller="apache-airflow/3.3.2", **given)


# -- the base URL ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({}, "https://api.modellix.ai"),
        ({"host": "https://api.example.com/"}, "https://api.example.com"),
        ({"host": "https://api.example.com/api/v1"}, "https://api.example.com"),
        ({"host": "https://api.example.com/api/v1/"}, "https://api.example.com"),
        ({"host": "https://api.example.com/kling"}, "https://api.example.com/kling"),
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"port": 443}, "https://api.modellix.ai"),
        ({"port": 443, "extra": {"gateway": "kling"}}, "https://api-singapore.klingai.com"),
        ({"host": "api.example.com", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8787}, "http://127.0.0.1:8787"),
        ({"host": "http://localhost:8787"}, "http://localhost:8787"),
        ({"host": "http://[::1]:8787"}, "http://[::1]:8787"),
        ({"host": "http://sandbox:8787", "extra": {"allow_insecure_http": True}}, "http://sandbox:8787"),
        ({"host": "gw.example.com/kling", "port": 8443}, "https://gw.example.com:8443/kling"),
        ({"host": "https://gw.example.com/kling/", "port": 8443}, "https://gw.example.com:8443/kling"),
        ({"host": "gw.example.com:8443", "port": 9}, "https://gw.example.com:8443"),
        ({"host": "gw.example.com", "schema": "kling", "port": 8443}, "https://gw.example.com:8443/kling"),
        ({"host": "gw.example.com", "schema": "api/v1"}, "https://gw.example.com"),
        ({"host": "::1", "port": 8787}, "https://[::1]:8787"),
        ({"host": "::1", "schema": "http"}, "http://[::1]"),
        ({"host": "[2001:db8::1]/kling", "port": 443}, "https://[2001:db8::1]:443/kling"),
        ({"host": " api.example.com\n"}, "https://api.example.com"),
        ({"host": "  "}, "https://api.modellix.ai"),
        ({"schema": " ", "host": ""}, "https://api.modellix.ai"),
        ({"host": "gw.example.com", "schema": "HTTPS"}, "https://gw.example.com"),
        ({"host": "localhost", "schema": " Http "}, "http://localhost"),
        ({"host": "gw.example.com", "schema": "https://"}, "https://gw.example.com"),
        ({"host": "HTTPS://gw.example.com."}, "https://gw.example.com."),
        ({"host": "https://gw.example.com/a/", "schema": "/b/"}, "https://gw.example.com/a/b"),
        ({"host": "https://gw.example.com/a%2Fb"}, "https://gw.example.com/a%2Fb"),
        ({"host": "kling_gateway-1:8443", "schema": "/"}, "https://kling_gateway-1:8443"),
        ({"host": "xn--mnchen-3ya.example"}, "https://xn--mnchen-3ya.example"),
        ({"host": "192.0.2.1", "port": 65535}, "https://192.0.2.1:65535"),
    ],
)
def test_every_way_to_write_the_host_leads_to_one_base_url(parts: dict[str, Any], base_url: str) -> None:
    assert parse(**parts).client.base_url == base_url


SWITCHES = ("allow_private_hosts", "allow_insecure_http")
ODD_SWITCHES = ("maybe", "2", 2, 0.5, [], ["true"], {"true": 1})
ODD_NUMBERS = ("nan", "inf", float("nan"), "1e999", True, [5], "five", "-0.5", -1, 0)


# -- what makes no sense --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"password": None}, "password"),
        ({"password": ""}, "password"),
        ({"password": "sk two"}, "password"),
        ({"password": "sk-\x00"}, "password"),
        ({"password": "schlüssel"}, "password"),
        ({"host": "ftp://api.example.com"}, "host"),
        ({"host": "https://"}, "host"),
        ({"host": "http://[bad"}, "host"),
        ({"host": "https://api.example.com:port"}, "host"),
        ({"host": "http://[bad", "port": 80}, "host"),
        ({"host": "http://api.example.com"}, "host"),
        ({"host": "https://api.example.com?x=1"}, "host"),
        ({"host": "https://api.example.com#top"}, "host"),
        ({"host": "https://user:canary@api.example.com"}, "host"),
        ({"host": "https://api.exa mple.com"}, "host"),
        ({"host": "https://api.example.com\\@evil.example"}, "host"),
        ({"extra": ["allow_private_hosts"]}, "extra"),
        ({"extra": "{"}, "extra"),
        ({"extra": '"text"'}, "extra"),
        ({"extra": {"gateway": ["modellix"]}}, "gateway"),
        ({"extra": {"api_version": 2026}}, "api_version"),
        ({"extra": {"webhook_url": 5}}, "webhook_url"),
        ({"extra": {"request_timeout": "soon"}}, "extra.request_timeout"),
        ({"extra": {"request_timeout": 0}}, "extra.request_timeout"),
        *(({"extra": {"request_timeout": odd}}, "extra.request_timeout") for odd in ODD_NUMBERS),
        ({"extra": {"request_timeout": 1e9}}, "extra.request_timeout"),
        ({"extra": {"requests_per_minute": -5}}, "extra.requests_per_minute"),
        ({"extra": {"max_poll_interval": 0.5}}, "extra.max_poll_interval"),
        ({"extra": {"max_poll_interval": 3601}}, "extra.max_poll_interval"),
        *(({"extra": {"requests_per_minute": odd}}, "extra.requests_per_minute") for odd in ODD_NUMBERS),
        *(({"extra": {name: odd}}, f"extra.{name}") for name in SWITCHES for odd in ODD_SWITCHES),
        ({"extra": {"gateway": "nowhere"}}, "gateway"),
        ({"extra": {"api_version": "1999-01"}}, "api_version"),
        ({"extra": {"webhook_url": "hooks.example"}}, "webhook_url"),
    ],
)
def test_a_part_that_makes_no_sense_is_named_with_its_connection(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(**parts)
    assert [rule.field for rule in caught.value.broken] == [field]
    assert caught.value.subject == "connection 'kling_default'"


def test_all_parts_that_make_no_sense_are_named_at_once() -> None:
    extra = {"request_timeout": "soon", "api_version": "1999-01", "webhook_url": "hooks.example"}
    with pytest.raises(KlingRequestError) as caught:
        parse(host="ftp://x", password=None, extra=extra)
    assert [rule.field for rule in caught.value.broken] == [
        *("host", "password", "extra.request_timeout", "api_version", "webhook_url")
    ]


def test_an_unknown_gateway_is_named_alone_because_the_other_parts_depend_on_it() -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(host="ftp://x", password=None, extra={"gateway": "nowhere", "api_version": "1999-01"})
    assert [rule.field for rule in caught.value.broken] == ["gateway"]


NO_HOSTS = (
    *(
        "https://gw..example.com",
        "https://.example.com",
        f"https://{'a' * 64}.example.com",
        "a." * 127 + "aa",
    ),
    *("https://256.1.1.1", "1.2.3", "127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "01.2.3.4"),
    *("https:/gw.example.com", "https//gw.example.com", "https://https://gw.example.com", "https", "http:gw"),
    *("htps:/gw.example.com", "https:///gw.example.com", "//gw.example.com", "https://gw.example.com:"),
    *(
        "<host>",
        "${HOST}",
        "$HOST",
        "{{ host }}",
        "gw,example.com",
        "a;b",
        "a=b",
        "%67w.example.com",
        "gẃ.com",
    ),
    *("a\u2100b.com", "https://gw.example.com/\u00fc", "gw.example.com\n/x", "gw.example.com/\tx", "gw\x00"),
    *(
        "gw.example.com:70000",
        "gw.example.com:0",
        "gw.example.com:-5",
        "gw.example.com:+80",
        "gw.example.com:8_0",
    ),
    *(
        "gw.example.com?",
        "gw.example.com#",
        "@gw.example.com",
        "https://:@gw.example.com",
        "::1%eth0",
        "[::1",
    ),
    *("[v1.x]", "[::1]x", "[::g]", "xn--\u00fc", "gw.example.com/./x", "gw.example.com/a/../x"),
    *("gw.example.com/%2e%2E/x", "gw.example.com/a%0ax", "gw.example.com/a%20x", "gw.example.com/%zz"),
    *("gw.example.com/a//b", "gw.example.com/<x>", "gw.example.com/{x}", "gw.example.com/" + "a" * 70_000),
)
NO_PATHS = (
    *("ftp://", "htps:", "a" * 70_000),
    "a?x=1",
    "a#x",
    "a/../x",
    "..",
    ".",
    "a/%2e%2e",
    "a x",
    "a\nx",
    "a%0ax",
    "a\\x",
    "<x>",
    "${X}",
    "a//b",
    "ü",
)
NO_PORTS = (70000, 65536, 0, -5, 10**400, "port", 8.5, True, [8443])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        *(({"host": host}, "host") for host in NO_HOSTS),
        *(({"host": "gw.example.com", "schema": path}, "schema") for path in NO_PATHS),
        *(({"host": "gw.example.com", "port": port}, "port") for port in NO_PORTS),
        *(({"port": port}, "port") for port in (8443, 70000)),
        *(({"schema": schema}, "schema") for schema in ("kling", "http", "https")),
        *(({name: 5}, name) for name in ("password", "host", "schema", "login")),
        ({"extra": {"request_timeout": 1e-300}}, "extra.request_timeout"),
        ({"extra": {"request_timeout": 0.09}}, "extra.request_timeout"),
        ({"extra": {"requests_per_minute": 10**400}}, "extra.requests_per_minute"),
        *(({"extra": extra}, "extra") for extra in ([], 0, False, "[]", "0", "false", "null", "[" * 10**5)),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_part_that_would_fail_later_or_be_ignored_is_named_at_once(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(**parts)
    assert {rule.field for rule in caught.value.broken} == {field}
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "[2001:db8::1]", "gw.example.com", "gw_1"])
@pytest.mark.parametrize("path", ["", "/kling", "/a/b%2Fc", "/~x!$&'()*+,;=:@-._"])
@pytest.mark.parametrize("port", [None, 1, 65535])
def test_a_base_url_that_is_accepted_can_be_requested(host: str, path: str, port: int | None) -> None:
    settings = parse(host=f"{host}{path}", port=port).client
    with closing(KlingClient(settings=settings)):
        url = httpx.URL(settings.base_url)
    assert (url.scheme, url.host, url.port) == ("https", host.strip("[]"), port)
    assert url.raw_path == (path or "/").encode()


# -- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {"password": "sk canary"},
        {"extra": {"webhook_url": "hooks.example?token=canary"}},
        {"extra": {"webhook_url": ["canary"]}},
        {"extra": ["canary"]},
        {"extra": "{'password': 'canary'"},
        {"host": "https://canary@api.example.com"},
        {"host": "https://user:canary@api.example.com"},
        {"host": "https://user:canary@api.example.com:99999"},
        {"host": "https:/user:canary@api.example.com"},
        {"host": "https://api.example.com?token=canary"},
        {"host": "https://api.example.com", "schema": "x?token=canary"},
    ],
    ids=[
        *("password", "webhook", "webhook list", "extra list", "extra text", "host user", "host password"),
        *("host password and port", "host mistyped", "host query", "schema query"),
    ],
)
def test_a_secret_that_is_rejected_is_not_quoted(parts: dict[str, Any]) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(**parts)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"host": "sk-canary-1"}, "host"),
        ({"host": "Bearer sk-canary-1"}, "host"),
        ({"host": "gw.example.com/sk-canary-1"}, "host"),
        ({"host": "gw.example.com", "schema": "sk-canary-1"}, "host"),
        ({"host": "gw.example.com", "schema": "Bearer sk-canary-1"}, "schema"),
        ({"schema": "sk-canary-1"}, "schema"),
        ({"port": "sk-canary-1"}, "port"),
        ({"extra": {"gateway": "sk-canary-1"}}, "gateway"),
        ({"extra": {"api_version": "sk-canary-1"}}, "api_version"),
        ({"extra": {"request_timeout": ["sk-canary-1"]}}, "extra.request_timeout"),
    ],
)
def test_a_key_in_another_part_is_rejected_and_not_quoted(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(password=" sk-canary-1", **parts)
    assert [rule.field for rule in caught.value.broken] == [field]
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(caught.value.broken)


def test_spaces_pasted_around_the_key_are_dropped() -> None:
    assert parse(password=" sk-1\n").client.credentials == BearerToken("sk-1")


def test_the_key_is_in_no_repr() -> None:
    assert "sk-1" not in repr(parse())


# -- extras ---------------------------------------------------------------------------------------


def test_extras_reach_the_client_and_the_gateway() -> None:
    connection = parse(
        extra={
            "request_timeout": "12.5",
            "requests_per_minute": 90,
            "api_version": "2026-08",
            "webhook_url": "https://hooks.example",
            "allow_private_hosts": True,
            "allow_insecure_http": True,
        }
    )
    assert connection.client.read_timeout_s == 12.5
    assert connection.client.requests_per_minute == 90
    assert connection.client.allow_private_hosts
    assert connection.client.allow_insecure_http
    assert isinstance(connection.gateway, ModellixGateway)
    assert connection.gateway.api_version == "2026-08"
    assert connection.gateway.webhook_url == "https://hooks.example"


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((word, False) for word in ("false", "False", "FALSE", "0", "no", "off", 0, False, "", None)),
        *((word, True) for word in ("true", "True", "1", "yes", "on", 1, True)),
    ],
)
def test_a_switch_is_what_its_text_says(name: str, written: object, meant: bool) -> None:
    assert getattr(parse(extra={name: written}).client, name) is meant


def test_extras_may_be_the_text_that_airflow_could_not_read_as_an_object() -> None:
    assert parse(extra='{"requests_per_minute": "5"}').client.requests_per_minute == 5


@pytest.mark.parametrize(
    "extra", [{}, {"gateway": "", "api_version": "", "webhook_url": "", "request_timeout": ""}]
)
def test_a_connection_without_extras_uses_the_first_api_version_at_the_services_own_pace(
    extra: dict[str, str],
) -> None:
    connection = parse(extra=extra)
    assert connection.client.requests_per_minute is None
    assert not connection.client.allow_private_hosts
    assert not connection.client.allow_insecure_http
    assert isinstance(connection.gateway, ModellixGateway)
    assert (connection.gateway.api_version, connection.gateway.webhook_url) == ("2026-04", None)


# -- another gateway ------------------------------------------------------------------------------


def test_a_gateway_decides_on_its_base_url_its_versions_and_its_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(monkeypatch)
    connection = parse(login="ak", password="sk", extra={"gateway": "bare", "api_version": "two"})
    assert isinstance(connection.gateway, BareGateway)
    assert connection.gateway.api_version == "two"
    assert connection.client.base_url == "https://bare.example"
    assert connection.client.credentials == BearerToken("ak-sk")
    with pytest.raises(KlingRequestError) as caught:
        parse(host="ftp://x", extra={"gateway": "bare", "api_version": "2026-04"})
    assert [rule.field for rule in caught.value.broken] == ["host", "login", "api_version"]
    assert "https://bare.example" in caught.value.broken[0].rule


@pytest.mark.parametrize(
    ("host", "base_url"),
    [("https://x.example/v7", "https://x.example"), ("https://x.example/api/v1", "https://x.example/api/v1")],
)
def test_only_the_path_that_the_gateways_own_documents_show_is_dropped(
    monkeypatch: pytest.MonkeyPatch, host: str, base_url: str
) -> None:
    register(monkeypatch)
    connection = parse(login="ak", host=host, extra={"gateway": "bare"})
    assert connection.client.base_url == base_url


# -- Kling's own platform -------------------------------------------------------------------------


def kling(**parts: Any) -> KlingConnection:
    extra = {"gateway": "kling", **parts.pop("extra", {})}
    return parse(extra=extra, **parts)


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({}, "https://api-singapore.klingai.com"),
        ({"extra": {"region": "global"}}, "https://api-singapore.klingai.com"),
        ({"extra": {"region": "china"}}, "https://api-beijing.klingai.com"),
        ({"extra": {"region": ""}}, "https://api-singapore.klingai.com"),
        ({"host": "https://gw.example.com/kling"}, "https://gw.example.com/kling"),
    ],
)
def test_a_region_stands_for_a_host(parts: dict[str, Any], base_url: str) -> None:
    assert kling(**parts).client.base_url == base_url


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"extra": {"gateway": "kling", "region": "europe"}}, "must be 'global' or 'china'"),
        ({"extra": {"gateway": "kling", "region": ["china"]}}, "must be a text"),
        (
            {"extra": {"gateway": "kling", "region": "china"}, "host": "gw.example.com"},
            "must be left out where",
        ),
        ({"extra": {"region": "china"}}, "must be left out: the gateway 'modellix' has no regions"),
    ],
)
def test_a_region_that_makes_no_sense_is_named(parts: dict[str, Any], rule: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse(**parts)
    assert [broken.field for broken in caught.value.broken] == ["region"]
    assert rule in caught.value.broken[0].rule


def test_a_login_decides_how_calls_are_signed_and_written() -> None:
    assert kling(password="sk-1").client.credentials == BearerToken("sk-1")
    assert kling(password="sk-1").gateway.label == "kling 2026-07"
    signed = kling(login="ak", password="a-secret-key-of-32-characters-00")
    assert signed.client.credentials == AccessKey(
        access_key="ak", secret_key="a-secret-key-of-32-characters-00"
    )
    assert signed.gateway.label == "kling v1"
    with pytest.raises(KlingRequestError, match="api_version: must be 'v1' with an access key"):
        kling(login="ak", password="a-secret-key-of-32-characters-00", extra={"api_version": "2026-07"})


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        ({}, 60.0),
        ({"host": "https://proxy.example"}, 60.0),
        ({"extra": {"max_poll_interval": 5}}, 5.0),
        ({"host": "http://127.0.0.1:8787"}, 2.0),
        ({"host": "http://localhost:8787", "extra": {"max_poll_interval": "7.5"}}, 7.5),
    ],
)
def test_a_sandbox_is_polled_often_since_its_tasks_end_soon(parts: dict[str, Any], most: float) -> None:
    configured = {"min_interval_s": 1.0, "max_interval_s": 30.0, "max_overdue_interval_s": 60.0}
    bounds = parse(**parts).poll_bounds(configured)
    assert bounds == {name: min(most, seconds) for name, seconds in configured.items()}
