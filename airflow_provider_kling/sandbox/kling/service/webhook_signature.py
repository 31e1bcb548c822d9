"""Signs callbacks as Standard Webhooks does (docs: callbacks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


class InvalidSecretError(ValueError):
    """A secret that is not Base64."""


def webhook_headers(secret: str, *, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a callback.

    :param secret: Base64, with or without the prefix ``whsec_``.
    :param webhook_id: the same for each delivery of one message.
    :param timestamp: in epoch seconds.
    :raises InvalidSecretError: the secret cannot be used.
    """
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(decoded_secret(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"{_VERSION},{base64.b64encode(digest).decode()}",
    }


def decoded_secret(secret: str) -> bytes:
    """Return the key that a secret stands for.

    :raises InvalidSecretError: it is not Base64.
    """
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSecretError("the webhook secret must be Base64, with the prefix 'whsec_'") from error
