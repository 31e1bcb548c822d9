"""A connection's parts, read strictly: what makes no sense is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.hooks.connection import KlingConnection, parse_connection


def read(**parts: Any) -> KlingConnection:
    given: dict[str, Any] = {"password": "sk-1", "host": None, "schema": None, "port": None, "extra": {}}
    return parse_connection(conn_id="kling_default", caller="apache-airflow/3.3.2", **{**given, **parts})


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({}, "https://api.modellix.ai"),
        ({"host": "https://api.example.com/"}, "https://api.example.com"),
        ({"host": "https://api.example.com/api/v1"}, "https://api.example.com"),
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "api.example.com", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8787}, "http://127.0.0.1:8787"),
        ({"host": "http://localhost:8787"}, "http://localhost:8787"),
        ({"host": "http://[::1]:8787"}, "http://[::1]:8787"),
        ({"host": "http://sandbox:8787", "extra": {"allow_insecure_http": True}}, "http://sandbox:8787"),
    ],
)
def test_every_way_to_write_the_host_leads_to_one_base_url(parts: dict[str, Any], base_url: str) -> None:
    assert read(**parts).client.base_url == base_url


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
        ({"extra": {"request_timeout": "soon"}}, "extra.request_timeout"),
        ({"extra": {"request_timeout": 0}}, "extra.request_timeout"),
        ({"extra": {"requests_per_minute": -5}}, "extra.requests_per_minute"),
        ({"extra": {"gateway": "nowhere"}}, "gateway"),
        ({"extra": {"contract": "1999-01"}}, "contract"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_is_sent(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(KlingRequestError) as refused:
        read(**parts)
    assert [rule.field for rule in refused.value.broken] == [field]


def test_a_broken_key_is_not_quoted() -> None:
    with pytest.raises(KlingRequestError) as refused:
        read(password="sk secret")
    assert "secret" not in str(refused.value)


def test_blanks_pasted_around_the_key_are_dropped() -> None:
    assert read(password=" sk-1\n").client.api_key == "sk-1"


def test_the_key_is_in_no_repr() -> None:
    assert "sk-1" not in repr(read())


def test_extras_reach_the_client_and_the_gateway() -> None:
    connection = read(extra={"request_timeout": "12.5", "requests_per_minute": 90, "contract": "2026-08"})
    assert connection.client.read_timeout_s == 12.5
    assert connection.client.requests_per_minute == 90
    assert isinstance(connection.gateway, ModellixGateway)
    assert connection.gateway.contract.name == "2026-08"


def test_a_connection_without_extras_speaks_the_first_contract_at_the_services_own_pace() -> None:
    connection = read()
    assert connection.client.requests_per_minute is None
    assert isinstance(connection.gateway, ModellixGateway)
    assert connection.gateway.contract.name == "2026-04"
