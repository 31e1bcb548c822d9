"""Choosing a gateway by what a connection names."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import Gateway, gateway_class, make_gateway
from airflow_provider_kling.gateways.registry import GATEWAYS

NO_WEB_ADDRESSES = (
    *(
        "https://[bad",
        "https://#",
        "https://?x",
        "https:///a",
        "https://a:99999/",
        "https://a:0",
        "https://a:-5",
    ),
    *(
        "https://a..b",
        "https://256.1.1.1",
        "https://<host>",
        "https://${HOST}/",
        f"https://{'a' * 64}.example",
    ),
)

each_gateway = pytest.mark.parametrize("kind", GATEWAYS.values(), ids=lambda kind: kind.name)


@each_gateway
def test_each_gateway_is_registered_by_its_own_name(kind: type[Gateway]) -> None:
    assert GATEWAYS[kind.name] is kind
    assert gateway_class(kind.name) is kind


@each_gateway
def test_each_gateway_has_what_the_seam_asks_for(kind: type[Gateway]) -> None:
    url = urlsplit(kind.default_base_url)
    assert (url.scheme, bool(url.hostname), url.path) == ("https", True, "")
    assert len(set(kind.api_versions)) == len(kind.api_versions) >= 1
    assert kind.retention > timedelta(0)


@each_gateway
def test_each_api_version_of_each_gateway_can_be_chosen_and_the_first_is_the_default(
    kind: type[Gateway],
) -> None:
    made = {version: make_gateway(name=kind.name, api_version=version) for version in kind.api_versions}
    assert {version: gateway.api_version for version, gateway in made.items()} == {
        version: version for version in kind.api_versions
    }
    assert {type(gateway) for gateway in made.values()} == {kind}
    assert make_gateway(name=kind.name).api_version == kind.api_versions[0]


@each_gateway
def test_a_label_names_the_service_and_its_api_version(kind: type[Gateway]) -> None:
    gateway = make_gateway(name=kind.name)
    assert gateway.label == f"{kind.name} {kind.api_versions[0]}"


def test_without_a_name_the_first_gateway_is_taken() -> None:
    first = next(iter(GATEWAYS.values()))
    assert gateway_class() is first
    assert type(make_gateway()) is first


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": "nowhere"}, "gateway"),
        ({"name": ""}, "gateway"),
        ({"api_version": "1999-01"}, "api_version"),
        ({"api_version": ""}, "api_version"),
        ({"webhook_url": "hooks.example"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example/a\r\nX-Evil: 1"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example/a\n"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example/ü"}, "webhook_url"),
        *(({"webhook_url": url}, "webhook_url") for url in NO_WEB_ADDRESSES),
    ],
)
def test_the_mistakes_of_a_connection_are_named_before_anything_is_sent(
    options: dict[str, str], field: str
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(**options)
    assert [rule.field for rule in caught.value.broken] == [field]


def test_a_rejected_webhook_is_not_quoted_because_it_may_hold_a_secret() -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(webhook_url="hooks.example?token=canary")
    assert "canary" not in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(api_version="1999-01", webhook_url="x")
    assert [rule.field for rule in caught.value.broken] == ["api_version", "webhook_url"]


def test_an_unknown_gateway_is_reported_alone_because_the_rest_depends_on_it() -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(name="nowhere", api_version="1999-01", webhook_url="x")
    (rule,) = caught.value.broken
    assert (rule.field, rule.value) == ("gateway", "nowhere")
    assert all(repr(name) in rule.rule for name in GATEWAYS)
