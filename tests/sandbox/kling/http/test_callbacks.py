"""Callbacks: delivered for real, signed, in both shapes, and wrong where a test wants it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.kling.conftest import IMAGE_BODY, IMAGES, LONG_S, TURBO, VIDEO_BODY, Client
from tests.sandbox.kling.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def new_body(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return VIDEO_BODY | {"options": {"callback_url": receiver.url}} | more


def test_each_change_of_the_status_is_reported_in_the_shape_of_a_read(client: Client, receiver: Receiver):
    task = client.finished(TURBO, new_body(receiver))
    assert receiver.statuses == ["processing", "succeeded"]
    body = receiver.received[-1].body
    assert body == task
    assert client.http.get(body["outputs"][0]["url"]).status_code == 200


def test_a_legacy_task_is_reported_in_the_legacy_shape(client: Client, receiver: Receiver):
    body = IMAGE_BODY | {"callback_url": receiver.url, "external_task_id": "mine"}
    task = client.legacy_finished(IMAGES, body)
    assert receiver.statuses == ["processing", "succeed"]
    reported = receiver.received[-1].body
    assert reported == task
    assert reported["task_info"] == {"external_task_id": "mine"}
    assert reported["final_unit_deduction"] == "8"


def test_a_failure_is_reported(client: Client, receiver: Receiver):
    client.finished(TURBO, new_body(receiver, prompt="[forbidden]"))
    assert receiver.statuses == ["processing", "failed"]
    assert receiver.received[-1].body["message"] == "Failure to pass the risk control system"


def test_callbacks_are_signed(client: Client, receiver: Receiver):
    client.finished(TURBO, new_body(receiver))
    assert [each.is_signed for each in receiver.received] == [True, True]
    ids = {each.headers["webhook-id"] for each in receiver.received}
    assert len(ids) == 2
    timestamp = int(receiver.received[-1].headers["webhook-timestamp"])
    assert timestamp == pytest.approx(client.now(), abs=60)


def test_without_a_secret_callbacks_are_not_signed(trial: Client, receiver: Receiver):
    trial.created(TURBO, new_body(receiver))
    trial.sandbox.advance(LONG_S)
    assert receiver.statuses == ["processing", "succeeded"]
    assert not any(name.startswith("webhook-") for name in receiver.received[0].headers)


def test_a_callback_can_be_lost(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "drop", "status": "succeeded"}])
    task = client.finished(TURBO, new_body(receiver))
    assert task["status"] == "succeeded"
    assert receiver.statuses == ["processing"]
    assert client.sandbox.stats()["callbacks"] == 1


def test_a_callback_can_come_twice_with_the_same_id(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "double", "status": "succeeded"}])
    client.finished(TURBO, new_body(receiver))
    assert receiver.statuses == ["processing", "succeeded", "succeeded"]
    first, second = receiver.received[1:]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.raw == second.raw


def test_a_callback_can_come_late(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "late", "status": "succeeded", "delay_s": 5000}])
    client.finished(TURBO, new_body(receiver))
    assert receiver.statuses == ["processing"]
    client.sandbox.advance(100)
    client.sandbox.callbacks()
    assert receiver.statuses == ["processing"]
    client.sandbox.advance(5000)
    assert receiver.statuses == ["processing", "succeeded"]


def test_callbacks_can_come_in_the_wrong_order(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "reorder", "status": "processing"}])
    client.finished(TURBO, new_body(receiver))
    assert receiver.statuses == ["succeeded", "processing"]


def test_a_callback_can_be_signed_wrongly(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "bad_signature", "times": None}])
    client.finished(TURBO, new_body(receiver))
    assert [each.is_signed for each in receiver.received] == [False, False]


def test_a_receiver_that_fails_or_is_not_there_changes_nothing(client: Client, receiver: Receiver):
    receiver.status = 500
    assert client.finished(TURBO, new_body(receiver))["status"] == "succeeded"
    nowhere = VIDEO_BODY | {"options": {"callback_url": "http://127.0.0.1:9/"}}
    assert client.finished(TURBO, nowhere)["status"] == "succeeded"
    responses = [delivery["response"] for delivery in client.sandbox.callbacks()]
    assert responses == [500, 500, None, None]


def test_what_was_sent_can_be_read(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "drop", "status": "processing"}])
    task = client.finished(TURBO, new_body(receiver))
    lost, sent = client.sandbox.callbacks()
    assert (lost["fault"], lost["response"], lost["status"]) == ("drop", None, "processing")
    assert (sent["fault"], sent["response"], sent["status"]) == (None, 200, "succeeded")
    assert sent["body"] == task
    assert sent["url"] == receiver.url


def test_a_reset_forgets_callbacks_and_their_faults(client: Client, receiver: Receiver):
    client.sandbox.callback_faults([{"action": "drop", "times": None}])
    client.finished(TURBO, new_body(receiver))
    client.sandbox.reset()
    assert client.sandbox.callbacks() == []
    client.finished(TURBO, new_body(receiver))
    assert receiver.statuses == ["processing", "succeeded"]


@pytest.mark.parametrize(
    "fault",
    [{}, {"action": "explode"}, {"action": "drop", "times": 0}, {"action": "late", "delay_s": -1}, 5],
)
def test_a_wrong_fault_is_rejected(client: Client, fault: Any):
    with pytest.raises(ValueError, match="rejected"):
        client.sandbox.callback_faults([fault])


def test_a_callback_that_no_client_can_be_sent_to_ends_nothing(client: Client):
    for url in ("http://a b/", "http://\u0000/", "http://xn--/", "http://[::1]:1/"):
        response = client.create(TURBO, VIDEO_BODY | {"options": {"callback_url": url}})
        assert response.status_code in (200, 400), url
    client.sandbox.advance(LONG_S)
    assert client.http.post("/tasks").status_code == 200
