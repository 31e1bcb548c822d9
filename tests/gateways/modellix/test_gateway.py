"""What Modellix offers, and how its connections are signed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.http.message import HttpRequest

GET = HttpRequest(method="GET", path="/")


def test_it_has_all_capabilities_but_those_that_the_service_has_no_way_for() -> None:
    gateway = make_gateway(name="modellix")
    assert isinstance(gateway, ModellixGateway)
    assert (gateway.recovery, gateway.task_batch) == (None, None)
    assert None not in (gateway.files, gateway.account, gateway.request_log, gateway.catalogue)


def test_the_earlier_api_version_is_the_default() -> None:
    assert ModellixGateway.api_versions == ("2026-04", "2026-08")
    assert make_gateway(name="modellix").api_version == "2026-04"


def test_a_task_counts_as_kept_for_the_longest_time_that_was_ever_promised() -> None:
    assert ModellixGateway.retention == timedelta(days=7)


def test_a_secret_key_of_another_service_is_not_sent_as_the_api_key() -> None:
    with pytest.raises(KlingRequestError, match=r"login: must be empty.* gateway='kling'"):
        ModellixGateway.credentials(login="ak", password="sk-1")


def test_the_password_is_the_api_key() -> None:
    credentials = ModellixGateway.credentials(login=" ", password=" sk-1\n")
    assert credentials.sign(GET, now=0.0).headers == {"Authorization": "Bearer sk-1"}
    assert credentials.secrets == ("sk-1",)


@pytest.mark.parametrize("password", [None, "", " ", "sk two", "sk-\x00", "schlüssel"])
def test_a_password_that_cannot_be_a_key_is_an_error_that_does_not_quote_it(password: str | None) -> None:
    with pytest.raises(KlingRequestError) as caught:
        ModellixGateway.credentials(login=None, password=password)
    assert [rule.field for rule in caught.value.broken] == ["password"]
    assert caught.value.broken[0].value is None
