"""Callbacks are signed as the vendor signs them."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.kling.service.webhook_signature import (
    InvalidSecretError,
    decoded_secret,
    webhook_headers,
)

# The example of the vendor's documents.
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
BODY = (
    b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,'
    b'"update_time":1781080794151}'
)


def test_the_vendors_example_is_signed_as_by_the_vendor():
    assert webhook_headers(SECRET, webhook_id="9876543210", timestamp=1781080794, body=BODY) == {
        "webhook-id": "9876543210",
        "webhook-timestamp": "1781080794",
        "webhook-signature": "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
    }


def test_the_prefix_of_a_secret_is_no_part_of_it():
    assert decoded_secret(SECRET) == decoded_secret(SECRET.removeprefix("whsec_"))


@pytest.mark.parametrize("secret", ["whsec_%%%", "not base64!"])
def test_a_secret_that_is_not_base64_is_rejected(secret: str):
    with pytest.raises(InvalidSecretError):
        decoded_secret(secret)
