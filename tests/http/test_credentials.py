"""Credentials: the built-in bearer token, and what every implementation has to do."""

from __future__ import annotations

import math

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.message import HttpRequest

GET = HttpRequest(method="GET", path="/")
KEY = "sk-canary-0123456789"


@pytest.mark.parametrize("key", ["", "has space", "line\nbreak", "tab\t", "ключ", "\x7f", "trailing "])
def test_a_token_that_no_header_can_carry_is_rejected_without_being_quoted(key: str) -> None:
    with pytest.raises(KlingRequestError, match="password: must be the API key") as caught:
        BearerToken(key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize("key", ["k", "!~", KEY, 'a"b\\c/d+e='])
def test_any_printable_token_is_sent_as_it_is(key: str) -> None:
    assert BearerToken(key).sign(GET, now=0.0).headers == {"Authorization": f"Bearer {key}"}


def test_a_token_is_valid_for_ever_and_secret() -> None:
    token = BearerToken(KEY)
    assert token.sign(GET, now=0.0).valid_until == math.inf
    assert token.secrets == (KEY,)
    assert KEY not in repr(token) + str(token) + repr(token.sign(GET, now=0.0))


def test_equal_tokens_are_equal_credentials() -> None:
    assert {BearerToken(KEY), BearerToken("".join(KEY))} == {BearerToken(KEY)}
    assert BearerToken(KEY) != BearerToken("other")
