"""The platform's callbacks, and their signatures (docs: callbacks; standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from airflow_provider_kling.gateways.callbacks import (
    Callback,
    CallbackRejectedError,
    CallbackRequest,
    json_object,
    task_id_of,
)
from airflow_provider_kling.gateways.json_values import label
from airflow_provider_kling.gateways.kling.task import STATUS_OF_WORD
from airflow_provider_kling.http.task import TaskStatus

TOLERANCE_S: Final = 300
"""How old a signature may be, and how far ahead."""

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_MOST_SIGNATURES: Final = 10
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class KlingCallbacks:
    """See :class:`~airflow_provider_kling.gateways.callbacks.Callbacks`.

    While the platform replaces a secret, it signs with both.
    """

    def read(self, request: CallbackRequest, *, secrets: Sequence[str]) -> Callback:
        """Return the report in a signed request."""
        delivery = request.headers.get("webhook-id", "")
        timestamp = request.headers.get("webhook-timestamp", "")
        if not delivery or not _SECONDS.fullmatch(timestamp):
            raise CallbackRejectedError("the headers of a signature are missing")
        if abs(request.received_at - int(timestamp)) > TOLERANCE_S:
            raise CallbackRejectedError(f"the signature is not of the last {TOLERANCE_S} s")
        signed = f"{delivery}.{timestamp}.".encode("latin-1", "replace") + request.body
        given = request.headers.get("webhook-signature", "").split(" ")[:_MOST_SIGNATURES]
        expected = [signature(signed, key=key) for key in map(_key, secrets) if key]
        if not any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected):
            raise CallbackRejectedError("the signature is not made with the secret")
        told = json_object(request.body)
        word = label(told.get("status", told.get("task_status"))) or ""
        return Callback(
            task_id=task_id_of(told.get("id", told.get("task_id"))),
            status=STATUS_OF_WORD.get(word.lower(), TaskStatus.PROCESSING),
            delivery=delivery,
        )


def signature(signed: bytes, *, key: bytes) -> str:
    """Return a signature as the header has it."""
    return _VERSION + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """Return the key in a secret; empty for what is none, such as the secret of another service."""
    if not secret.startswith(_PREFIX):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return b""
