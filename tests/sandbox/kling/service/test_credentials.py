"""Who is let in: an API key everywhere, a signed token on the legacy paths and those of the account."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.kling.service.credentials import Area, Credentials
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection

NOW = 1_790_000_000.0
SECRET = "a-secret-that-is-long-enough-for-hs256-and-for-hs384-and-for-hs512"
CREDENTIALS = Credentials(api_key="the-key", access_key="ak", secret_key=SECRET)
NO_TOKENS = (
    "Authentication error. The current API does not support AK/SK; please go to the console "
    "(https://kling.ai/dev/api-key) to create API key."
)


def problem(header: str | None, area: Area = Area.LEGACY) -> Rejection | None:
    return CREDENTIALS.problem(header, area=area, now=NOW)


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    signed = {"iss": "ak", "exp": NOW + 1800, "nbf": NOW - 5} | claims
    return jwt.encode({name: claim for name, claim in signed.items() if claim is not None}, secret, algorithm)


@pytest.mark.parametrize("area", Area)
def test_the_api_key_is_valid_everywhere(area: Area):
    assert problem("Bearer the-key", area) is None


def test_a_token_is_valid_on_legacy_paths_only():
    assert problem(f"Bearer {token()}") is None
    rejection = problem(f"Bearer {token()}", Area.NEW)
    assert rejection is not None
    assert (rejection.status, rejection.code, rejection.message) == (401, 1002, NO_TOKENS)


def test_a_wrong_key_gets_the_same_text_as_a_token_on_the_new_paths():
    rejection = problem("Bearer wrong", Area.NEW)
    assert rejection is not None
    assert (rejection.code, rejection.message) == (1002, NO_TOKENS)


@pytest.mark.parametrize(
    ("given_key", "counted"), [("wrong", "0"), ("a.b", "2"), ("a.b.c.d", "> 3"), ("", None)]
)
def test_a_wrong_key_on_a_legacy_path_is_taken_for_a_broken_token(given_key: str, counted: str | None):
    rejection = problem(f"Bearer {given_key}")
    assert rejection is not None
    if counted is None:
        assert rejection.code == 1000
    else:
        text = f"The token was expected to have 3 parts, but got {counted}"
        assert (rejection.code, rejection.message) == (1002, text)


@pytest.mark.parametrize("area", Area)
@pytest.mark.parametrize(
    ("header", "code"),
    [(None, 1001), ("", 1001), ("the-key", 1000), ("Basic the-key", 1000), ("bearer the-key", 1000)],
)
def test_a_header_that_is_none_has_its_own_codes(area: Area, header: str | None, code: int):
    rejection = problem(header, area)
    assert rejection is not None
    assert (rejection.status, rejection.code) == (401, code)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"nbf": NOW + 1}, Code.TOKEN_NOT_YET_VALID),
        ({"exp": NOW}, Code.TOKEN_EXPIRED),
        ({"exp": None}, Code.AUTHORIZATION_INVALID),
        ({"exp": True}, Code.AUTHORIZATION_INVALID),
        ({"exp": "tomorrow"}, Code.AUTHORIZATION_INVALID),
        ({"nbf": "now"}, Code.AUTHORIZATION_INVALID),
        ({"iss": "other"}, Code.AUTHORIZATION_INVALID),
        ({"iss": None}, Code.AUTHORIZATION_INVALID),
    ],
)
def test_the_claims_of_a_token_count_by_the_sandboxs_clock(claims: dict[str, Any], code: Code):
    rejection = problem(f"Bearer {token(**claims)}")
    assert rejection is not None
    assert (rejection.status, rejection.code) == (401, code)


def test_a_token_without_a_beginning_is_valid():
    assert problem(f"Bearer {token(nbf=None)}") is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_token_of_another_algorithm_or_secret_is_not_valid(algorithm: str):
    for wrong in (token(algorithm=algorithm), token(secret="another-secret-that-is-long-enough-too")):
        rejection = problem(f"Bearer {wrong}")
        assert rejection is not None
        assert rejection.code is Code.AUTHORIZATION_INVALID


def test_a_token_without_a_signature_is_not_valid():
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "JWT"}, {"iss": "ak", "exp": NOW + 9})
    ]
    rejection = problem(f"Bearer {'.'.join(parts)}.")
    assert rejection is not None
    assert rejection.code is Code.AUTHORIZATION_INVALID


@given(st.text(max_size=80), st.sampled_from(list(Area)))
def test_no_header_breaks_the_check(text: str, area: Area):
    for header in (text, f"Bearer {text}", f"Bearer a.{text}.c"):
        assert isinstance(problem(header, area), Rejection)


def test_a_header_that_nests_deeply_does_not_break_the_check():
    deep = base64.urlsafe_b64encode(b"[" * 30_000).decode()
    assert isinstance(problem(f"Bearer {deep}.{deep}.x"), Rejection)
