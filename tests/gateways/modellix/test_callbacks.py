"""Modellix's callbacks: only what is sent to the address with the secret is believed."""

from __future__ import annotations

import json

import pytest

from airflow_provider_kling.gateways.callbacks import Callback, CallbackRejectedError, CallbackRequest
from airflow_provider_kling.gateways.modellix.callbacks import ModellixCallbacks
from airflow_provider_kling.http.task import TaskStatus
from tests.gateways.calls import NOW, TASK_ID, envelope

SECRET = "a-secret-of-the-address"


def read(
    body: object, *, path_secret: str = SECRET, secrets: tuple[str, ...] = ("other-secret-0123", SECRET)
) -> Callback:
    request = CallbackRequest(
        headers={"x-modellix-delivery-id": "d1"},
        body=json.dumps(body).encode(),
        path_secret=path_secret,
        received_at=NOW,
    )
    return ModellixCallbacks().read(request, secrets=secrets)


@pytest.mark.parametrize(
    ("word", "status"),
    [("success", TaskStatus.SUCCESS), ("failed", TaskStatus.FAILED), ("canceled", TaskStatus.FAILED)],
)
def test_a_report_to_the_address_with_the_secret_is_believed(word: str, status: TaskStatus) -> None:
    for body in (envelope(task_id=TASK_ID, status=word), {"task_id": TASK_ID, "status": word}):
        found = read(body)
        assert (found.task_id, found.status) == (TASK_ID, status)


def test_each_attempt_to_deliver_a_report_is_the_same_delivery() -> None:
    body = envelope(task_id=TASK_ID, status="success")
    assert read(body).delivery == read(body).delivery
    assert read(body).delivery != read(envelope(task_id=TASK_ID, status="failed")).delivery


@pytest.mark.parametrize("path_secret", ["", "a-secret-of-the-addres", SECRET + "x", "é"])
def test_any_other_address_is_not(path_secret: str) -> None:
    with pytest.raises(CallbackRejectedError, match="address"):
        read(envelope(task_id=TASK_ID, status="success"), path_secret=path_secret)


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_secret_that_could_be_guessed_is_none(secret: str) -> None:
    with pytest.raises(CallbackRejectedError):
        read(envelope(task_id=TASK_ID, status="success"), path_secret=secret, secrets=(secret,))


@pytest.mark.parametrize("body", [[], {}, {"data": {}}, envelope(task_id="../x"), envelope(status="success")])
def test_a_report_about_no_task_is_refused(body: object) -> None:
    with pytest.raises(CallbackRejectedError):
        read(body)
