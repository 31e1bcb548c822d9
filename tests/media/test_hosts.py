"""Which hosts a download may come from."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import KlingConnectionError, KlingMediaError
from airflow_provider_kling.media.hosts import HostRules, parse_link, resolve, without_query

OWN = "https://api.example"
PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def check(url: str, *addresses: str, own_url: str = OWN, proxied: bool = False) -> list[str]:
    """Check a URL whose host has these addresses; return those to connect to."""
    rules = HostRules(own_url=own_url, resolver=lambda host: addresses)
    return rules.addresses(parse_link(url), proxied=proxied)


@pytest.mark.parametrize("addresses", [(PUBLIC,), (PUBLIC_6,), (PUBLIC, PUBLIC_6), (f"::ffff:{PUBLIC}",)])
def test_a_public_host_is_allowed(addresses: tuple[str, ...]) -> None:
    assert check("https://cdn.example/clip.mp4", *addresses) == list(addresses)


def test_a_host_without_an_address_may_have_one_later() -> None:
    with pytest.raises(KlingConnectionError, match="has no address"):
        check("https://cdn.example/clip.mp4")


def test_a_host_that_only_a_proxy_knows_may_be_anywhere() -> None:
    with pytest.raises(KlingMediaError, match=r"only the proxy may know one.*`allow_private_hosts`"):
        check("https://cdn.example/clip.mp4", proxied=True)
    rules = HostRules(own_url=OWN, resolver=lambda host: (), allow_private=True)
    assert rules.addresses(parse_link("https://cdn.example/clip.mp4"), proxied=True) == []
    assert check(f"{OWN}/clip.mp4", proxied=True) == []


def test_a_private_address_is_refused_behind_a_proxy_too() -> None:
    with pytest.raises(KlingMediaError, match="not a public address"):
        check("https://cdn.example/clip.mp4", "10.0.0.1", proxied=True)


PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "255.255.255.255", "192.0.2.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1"),
    *("2002:7f00:1::", "2002:a00:1::1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "::10.0.0.1", "::ffff:0:10.0.0.1"),
    *("fec0::1", "ff02::1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "2001::1"),
]
PUBLIC_AS_IPV6 = [f"64:ff9b::{PUBLIC}", f"::ffff:{PUBLIC}"]


@pytest.mark.parametrize("address", PUBLIC_AS_IPV6)
def test_a_public_address_is_allowed_where_a_network_translates_it(address: str) -> None:
    assert check("https://cdn.example/clip.mp4", address) == [address]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(KlingMediaError, match="not a public address; nothing was downloaded"):
        check("https://cdn.example/clip.mp4", address)


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(KlingMediaError, match=r"leads to 10\.0\.0\.1"):
        check("https://cdn.example/clip.mp4", PUBLIC, "10.0.0.1", PUBLIC_6)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://user:pass@127.0.0.1/x",
        "https://cdn.example@127.0.0.1/x",
        "https://127.0.0.1:8443/x",
        "https://10.1.2.3/x",
        "https://[fe80::1]/x",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(KlingMediaError):
        HostRules(own_url=OWN, resolver=resolve).addresses(parse_link(url))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://cdn.example/clip.mp4",
        "data:video/mp4;base64,AAAA",
        "//cdn.example/clip.mp4",
        "clip.mp4",
        "https:///clip.mp4",
        "https://cdn.example:99999/x",
        "https://[::1/x",
        "",
    ],
)
def test_a_url_that_is_no_web_link_is_refused(url: str) -> None:
    with pytest.raises(KlingMediaError, match="is not an http or https link"):
        check(url, PUBLIC)


def test_links_to_other_hosts_have_to_be_https() -> None:
    with pytest.raises(KlingMediaError, match="is not https"):
        check("http://cdn.example/clip.mp4", PUBLIC)


@pytest.mark.parametrize(
    ("own_url", "url"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/clip.mp4"),
        ("http://localhost", "http://localhost:80/clip.mp4"),
        ("https://kling.internal/proxy", "https://kling.internal:443/proxy/clip.mp4"),
        ("https://kling.internal", "https://KLING.internal/clip.mp4"),
    ],
)
def test_the_services_own_host_may_be_private(own_url: str, url: str) -> None:
    check(url, "127.0.0.1", own_url=own_url)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/other", "/proxyx/clip.mp4", "/proxy%2f..", "/proxy/%2e%2e/x", "/proxy/../x", ""),
        *("/proxy/..;/x", "/proxy/..;a=b/x", "/proxy/%2e%2e%3b/x", "/proxy/..%5cx", "/proxy/..%2fx"),
        *(
            "/proxy/%252e%252e/x",
            "/proxy/x%252f..%252f..",
            "/proxy/%25252e%25252e/x",
            "/proxy/%5c..%5c..%5cx",
        ),
    ],
)
def test_only_what_is_below_the_services_url_is_its_own(path: str) -> None:
    with pytest.raises(KlingMediaError, match="not a public address"):
        check(f"https://kling.internal{path}", "10.0.0.1", own_url="https://kling.internal/proxy")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8788/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1:8787/x",
        "http://localhost:8787/x",
        "http://127.0.0.2:8787/x",
    ],
)
def test_another_port_scheme_or_name_is_another_host(url: str) -> None:
    with pytest.raises(KlingMediaError):
        check(url, "127.0.0.1", own_url="http://127.0.0.1:8787")


def test_a_private_service_may_not_lead_to_another_port_over_https() -> None:
    with pytest.raises(KlingMediaError, match="not a public address"):
        check("https://kling.internal:9200/x", "10.0.0.5", own_url="https://kling.internal")


@pytest.mark.parametrize("host", ["..", "a" * 70 + ".example", "a..example"])
def test_a_name_that_cannot_exist_is_not_looked_up_elsewhere(host: str) -> None:
    with pytest.raises((KlingMediaError, KlingConnectionError)):
        HostRules(own_url=OWN, resolver=resolve).addresses(parse_link(f"https://{host}/x"))


def test_the_name_that_is_checked_is_the_name_that_is_requested() -> None:
    """Two ways to write a name in ASCII would check one host and request another."""
    seen: list[str] = []

    def resolver(host: str) -> list[str]:
        seen.append(host)
        return [PUBLIC]

    url = parse_link("https://fa\u00df.example/clip.mp4")
    HostRules(own_url=OWN, resolver=resolver).addresses(url)
    assert seen == [url.raw_host.decode("ascii")]


def test_a_name_without_an_address_resolves_to_nothing() -> None:
    assert resolve("fe80::1%nowhere") == []


def test_addresses_resolve_to_themselves() -> None:
    assert set(resolve("127.0.0.1")) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x.mp4?sig=1&exp=2", "https://a.example/x.mp4"),
        ("https://a.example/x.mp4#t=1", "https://a.example/x.mp4"),
        ("https://a.example/x.mp4", "https://a.example/x.mp4"),
        ("https://user:word@a.example/x.mp4?sig=1", "https://a.example/x.mp4"),
        ("nonsense", "nonsense"),
        ("https://a.example/" + "x" * 500, "https://a.example/" + "x" * 182 + "…"),
    ],
)
def test_a_link_in_a_message_has_no_signature(url: str, expected: str) -> None:
    assert without_query(url) == expected


def test_the_connection_can_allow_private_hosts_and_plain_http_separately() -> None:
    private = HostRules(own_url=OWN, resolver=lambda host: ["10.0.0.1"], allow_private=True)
    private.addresses(parse_link("https://minio.internal/clip.mp4"))
    with pytest.raises(KlingMediaError, match="is not https"):
        private.addresses(parse_link("http://minio.internal/clip.mp4"))
    plain = HostRules(own_url=OWN, resolver=lambda host: ["10.0.0.1"], allow_http=True)
    with pytest.raises(KlingMediaError, match="extra `allow_private_hosts` allows it"):
        plain.addresses(parse_link("http://minio.internal/clip.mp4"))
