"""Connections as people write them into the environment, read by the real Airflow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.settings import ClientSettings


def settings(monkeypatch: pytest.MonkeyPatch, connection: str) -> ClientSettings:
    monkeypatch.setenv("AIRFLOW_CONN_KLING_WRITTEN", connection)
    return KlingHook(conn_id="kling_written").connection.client


@pytest.mark.parametrize(
    ("uri", "base_url"),
    [
        ("kling://:k@/", "https://api.modellix.ai"),
        ("kling://:k@gw.example.com/", "https://gw.example.com"),
        ("kling://:k@gw.example.com:8443/", "https://gw.example.com:8443"),
        ("kling://:k@gw.example.com:8443/https", "https://gw.example.com:8443"),
        ("kling://:k@127.0.0.1:8787/http", "http://127.0.0.1:8787"),
        ("kling://:k@gw.example.com:8443/kling", "https://gw.example.com:8443/kling"),
        ("kling://:k@gw.example.com/api/v1", "https://gw.example.com"),
        ("kling://:k@[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("kling://:k@http%3A%2F%2Flocalhost%3A8787/", "http://localhost:8787"),
    ],
)
def test_a_uri_leads_to_the_base_url_that_it_says(
    monkeypatch: pytest.MonkeyPatch, uri: str, base_url: str
) -> None:
    assert settings(monkeypatch, uri).base_url == base_url


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", ""])
def test_a_switch_that_a_uri_turns_off_is_off(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    uri = f"kling://:k@gw.example.com/?allow_private_hosts={word}&allow_insecure_http={word}"
    found = settings(monkeypatch, uri)
    assert (found.allow_private_hosts, found.allow_insecure_http) == (False, False)


def test_a_switch_that_is_off_does_not_let_the_key_out_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KlingRequestError, match="host: must be https"):
        settings(monkeypatch, "kling://:k@http%3A%2F%2Fgw.example.com/?allow_insecure_http=false")


def test_the_numbers_of_a_uri_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, "kling://:k@/?request_timeout=2.5&requests_per_minute=90")
    assert (found.read_timeout_s, found.requests_per_minute) == (2.5, 90)


@pytest.mark.parametrize("extra", [["allow_private_hosts"], "text", "{broken", 5])
def test_extras_that_are_no_object_are_an_error_and_not_ignored(
    monkeypatch: pytest.MonkeyPatch, extra: object
) -> None:
    connection = {"conn_type": "kling", "password": "k", "extra": extra}
    # Airflow 3.1 does not accept such a connection in the first place, and asks its server for another.
    with pytest.raises(Exception, match=r"extra: must be a JSON object|isn't defined|SUPERVISOR_COMMS"):
        settings(monkeypatch, json.dumps(connection))


@pytest.mark.parametrize("extra", [[], 0, False, "[]", "0", "false"])
def test_extras_that_are_no_object_are_an_error_although_they_count_as_nothing(
    monkeypatch: pytest.MonkeyPatch, extra: Any
) -> None:
    found = Connection(conn_id="kling_written", conn_type="kling", password="k", extra=extra)
    monkeypatch.setattr(KlingHook, "get_connection", lambda *_: found)
    with pytest.raises(KlingRequestError, match="extra: must be a JSON object"):
        _ = KlingHook(conn_id="kling_written").connection


@pytest.mark.parametrize(
    ("uri", "field"),
    [
        ("kling://:k@gw..example.com/", "host"),
        ("kling://:k@256.1.1.1/", "host"),
        ("kling://:k@gw.example.com/kling%0ax", "schema"),
        ("kling://:k@gw.example.com/kling/..", "schema"),
        ("kling://:k@gw.example.com:0/", "port"),
        ("kling://:k@:8443/", "port"),
        ("kling://:k@/kling", "schema"),
    ],
)
def test_the_test_button_names_a_part_of_a_uri_that_no_request_can_be_sent_to(
    monkeypatch: pytest.MonkeyPatch, uri: str, field: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KLING_WRITTEN", uri)
    valid, message = KlingHook(conn_id="kling_written").test_connection()
    assert not valid
    assert f"- {field}: " in message
