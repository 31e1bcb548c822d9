"""An access key and its secret key: signed as the documents say, and never shown."""

from __future__ import annotations

import jwt
import pytest

from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.http.credentials import Signer
from airflow_provider_kling.http.message import HttpRequest
from tests.gateways.calls import NOW

SECRET = "sandbox-secret-key-0123456789abcdef"
KEY = AccessKey(access_key="sandbox-access-key", secret_key=SECRET)
REQUEST = HttpRequest(method="GET", path="/account/costs")


def token(signer: Signer, *, now: float) -> str:
    scheme, _, value = signer.headers(REQUEST, now=now)["Authorization"].partition(" ")
    assert scheme == "Bearer"
    return value


def test_the_token_is_what_the_documents_say() -> None:
    made = token(Signer(KEY), now=NOW + 0.75)
    assert jwt.get_unverified_header(made) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(
        made, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False}
    )
    assert claims == {"iss": "sandbox-access-key", "exp": int(NOW) + 1800, "nbf": int(NOW) - 5}


def test_a_token_serves_many_requests_and_is_replaced_before_it_expires() -> None:
    signer = Signer(KEY)
    first = token(signer, now=NOW)
    assert token(signer, now=NOW + 1499) == first
    second = token(signer, now=NOW + 1500)
    assert second != first
    assert (
        jwt.decode(second, SECRET, algorithms=["HS256"], options={"verify_nbf": False, "verify_exp": False})[
            "exp"
        ]
        == NOW + 3300
    )


def test_neither_the_secret_key_nor_a_token_is_shown() -> None:
    signer = Signer(KEY)
    made = token(signer, now=NOW)
    assert signer.redactor.text(f"a {SECRET} b {made} c {made[:40]}") == "a *** b *** c ***"
    assert SECRET not in repr(KEY)


def test_equal_keys_share_a_client() -> None:
    assert hash(KEY) == hash(AccessKey(access_key="sandbox-access-key", secret_key=SECRET))
    with pytest.raises(AttributeError):
        KEY.secret_key = "x"  # type: ignore[misc]
