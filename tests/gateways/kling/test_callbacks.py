"""The platform's callbacks: only what is signed with a known secret, and not long ago, is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from airflow_provider_kling.gateways.callbacks import Callback, CallbackRejectedError, CallbackRequest
from airflow_provider_kling.gateways.kling.callbacks import KlingCallbacks
from airflow_provider_kling.http.task import TaskStatus

# The vendor's own vector (docs: callbacks).
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ID, AT = "9876543210", 1781080794
BODY = (
    b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,'
    b'"update_time":1781080794151}'
)
SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 characters!").decode()


def request(**changes: Any) -> CallbackRequest:
    given = {
        "id": ID,
        "timestamp": str(AT),
        "signature": SIGNATURE,
        "body": BODY,
        "received_at": AT,
        **changes,
    }
    headers = {
        f"webhook-{name}": given[name] for name in ("id", "timestamp", "signature") if given[name] is not None
    }
    return CallbackRequest(headers=headers, body=given["body"], received_at=given["received_at"])


def read(*, secrets: tuple[str, ...] = (SECRET,), **changes: Any) -> Callback:
    return KlingCallbacks().read(request(**changes), secrets=secrets)


def signed(body: bytes, *, secret: str = SECRET) -> str:
    """Sign a body, by the text of the standard."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{ID}.{AT}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def test_the_documented_vector_is_believed() -> None:
    assert read() == Callback(task_id="1234567890", status=TaskStatus.SUCCESS, delivery=ID)


def test_while_a_secret_is_replaced_both_are_believed() -> None:
    both = f"{signed(BODY, secret=OTHER)} {SIGNATURE}"
    assert read(signature=both).task_id == "1234567890"
    assert read(secrets=(OTHER, SECRET)).task_id == "1234567890"
    assert read(signature=both, secrets=(OTHER,)).task_id == "1234567890"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    assert read(received_at=AT + seconds).task_id == "1234567890"


@pytest.mark.parametrize(
    "changes",
    [
        {"secrets": (OTHER,)},
        {"secrets": ()},
        {"secrets": ("", "whsec_", "whsec_not base64!", "dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=")},
        {"received_at": AT + 301},
        {"received_at": AT - 301},
        {"body": BODY.replace(b"1234567890", b"1234567891")},
        {"body": BODY + b" "},
        {"id": "9876543211"},
        {"timestamp": str(AT + 1)},
        {"signature": SIGNATURE.replace("v1,", "v2,")},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": SIGNATURE[:-2] + "A="},
        {"signature": ""},
        {"signature": "é " * 5000},
        *({name: None} for name in ("id", "timestamp", "signature")),
        {"timestamp": "-1"},
        {"timestamp": "9" * 5000},
        {"timestamp": "١٧٨١٠٨٠٧٩٤"},
        {"timestamp": f"{AT}.0"},
        {"id": ""},
    ],
)
def test_anything_else_is_not(changes: dict[str, Any]) -> None:
    with pytest.raises(CallbackRejectedError) as caught:
        read(**changes)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"id": "../x", "status": "succeeded"}', b'{"id": null}', b"[" * 100_000, b"\xff"],
)
def test_a_signed_body_that_is_about_no_task_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRejectedError):
        read(body=body, signature=signed(body))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"task_id": "7", "task_status": "succeed"}', TaskStatus.SUCCESS),
        (b'{"task_id": "7", "task_status": "failed"}', TaskStatus.FAILED),
        (b'{"id": 7, "status": "processing"}', TaskStatus.PROCESSING),
        (b'{"id": "7", "status": "submitted", "outputs": []}', TaskStatus.PENDING),
        (b'{"id": "7", "status": {"odd": 1}}', TaskStatus.PROCESSING),
    ],
)
def test_both_standards_are_read(body: bytes, status: TaskStatus) -> None:
    found = read(body=body, signature=signed(body))
    assert (found.task_id, found.status) == ("7", status)
