"""Slots and units: what runs at the same time, and what packs pay."""

from __future__ import annotations

import pytest

from tests.sandbox.kling.conftest import (
    IMAGE_BODY,
    IMAGES,
    LEGACY_BODY,
    LONG_S,
    T2V,
    TURBO,
    VIDEO_BODY,
    Client,
    error,
)

CHEAP = "/text-to-video/kling-2.5-turbo"
CHEAP_BODY = {"prompt": "x", "settings": {"aspect_ratio": "1:1"}}  # 1.5 units


def test_a_sixth_video_of_a_model_is_rejected_without_data(trial: Client):
    for _ in range(5):
        trial.created(CHEAP, CHEAP_BODY)
    rejected = trial.create(CHEAP, CHEAP_BODY)
    assert error(rejected) == (429, 1303, "parallel task over resource pack limit")
    assert "data" not in rejected.json()
    assert trial.create(TURBO, VIDEO_BODY).status_code == 200, "another model has slots of its own"
    trial.sandbox.advance(LONG_S)
    assert trial.sandbox.stats()["peak_concurrent"] == 6


def test_a_slot_is_free_when_a_task_has_ended_even_by_failing(trial: Client):
    for _ in range(5):
        trial.created(CHEAP, CHEAP_BODY | {"prompt": "[forbidden]"})
    assert error(trial.create(CHEAP, CHEAP_BODY))[1] == 1303
    trial.sandbox.advance(LONG_S)
    assert trial.create(CHEAP, CHEAP_BODY).status_code == 200


def test_the_two_generations_share_the_slots_of_a_model(trial: Client):
    legacy = {"model_name": "kling-v2-5-turbo", "prompt": "x"}
    for _ in range(5):
        trial.created(T2V, legacy)
    assert error(trial.create(CHEAP, CHEAP_BODY))[1] == 1303


def test_images_take_as_many_slots_as_are_made(trial: Client):
    trial.created(IMAGES, IMAGE_BODY, n=5)
    assert error(trial.create(IMAGES, IMAGE_BODY, n=5))[1] == 1303
    assert trial.create(IMAGES, IMAGE_BODY, n=4).status_code == 200


def test_units_are_taken_at_the_end_and_rejections_cost_nothing(trial: Client):
    trial.created(TURBO, VIDEO_BODY)
    trial.create(TURBO, {})
    assert trial.sandbox.stats()["units_taken"]["video"] == "0"
    trial.sandbox.advance(LONG_S)
    assert trial.sandbox.stats()["units_taken"]["video"] == "2.4"


def test_an_empty_pack_rejects_its_own_products_only(trial: Client):
    dear = {"prompt": "x", "settings": {"duration": 15}}  # 12 of 10 units
    assert error(trial.create(TURBO, dear)) == (429, 1102, "Account balance not enough")
    assert trial.create(IMAGES, IMAGE_BODY).status_code == 200


@pytest.mark.parametrize("code", [1302, 1303, 5000, 5001, 5002, 1304, 1100, 1101])
def test_every_code_can_be_asked_for_and_comes_without_an_effect(client: Client, code: int):
    client.sandbox.faults([{"method": "POST", "times": 2, "action": {"code": code}}])
    rejected = [client.create() for _ in range(2)]
    assert {error(response)[1] for response in rejected} == {code}
    assert client.create().status_code == 200
    assert client.sandbox.stats()["submissions_accepted"] == 1


def test_an_internal_error_can_hide_a_task(client: Client):
    client.sandbox.faults([{"action": {"code": 5002, "takes_effect": True}}])
    body = VIDEO_BODY | {"options": {"external_task_id": "mine"}}
    assert error(client.create(TURBO, body))[:2] == (504, 5002)
    assert len(client.tasks("mine", external=True)) == 1


def test_a_task_can_be_stuck_and_keeps_its_slot(trial: Client):
    trial.sandbox.faults([{"method": "POST", "action": {"task": {"status": "processing"}}}])
    stuck = trial.created(CHEAP, CHEAP_BODY)
    for _ in range(4):
        trial.created(CHEAP, CHEAP_BODY)
    trial.sandbox.advance(86_400)
    assert trial.task(stuck)["status"] == "processing"
    for _ in range(2):
        trial.create(CHEAP, CHEAP_BODY)
    assert trial.sandbox.stats()["peak_concurrent"] == 5


@pytest.mark.parametrize(("path", "body"), [(TURBO, VIDEO_BODY), (T2V, LEGACY_BODY)])
def test_a_fault_can_fail_a_task_in_its_own_words(client: Client, path: str, body: dict[str, str]):
    failure = {"status": "failed", "message": "melted"}
    client.sandbox.faults([{"method": "POST", "action": {"task": failure}}])
    task = client.finished(path, body)
    assert (task["status"], task["message"], task["billing"]) == ("failed", "melted", [])


@pytest.mark.parametrize(("path", "body"), [(TURBO, VIDEO_BODY), (T2V, LEGACY_BODY)])
@pytest.mark.parametrize("status", ["succeeded", "succeed"])
def test_a_success_that_a_fault_has_forced_has_no_result(
    client: Client, path: str, body: dict[str, str], status: str
):
    client.sandbox.faults([{"method": "POST", "action": {"task": {"status": status}}}])
    task = client.finished(path, body)
    assert (task["status"], task["outputs"], task["billing"]) == ("succeeded", [], [])
    if path == T2V:
        assert client.legacy(T2V, task["id"])["task_result"] == {}


def test_a_fault_can_change_what_one_read_says(client: Client):
    new, legacy = client.created(), client.created(IMAGES, IMAGE_BODY)
    fault = {"method": "GET", "times": 2, "action": {"task": {"status": "succeeded", "message": "no"}}}
    client.sandbox.faults([fault])
    assert client.task(new)["status"] == "succeeded"
    shown = client.legacy(IMAGES, legacy)
    assert (shown["task_status"], shown["task_status_msg"]) == ("succeed", "no")
    assert client.legacy(IMAGES, legacy)["task_status"] == "submitted"
