"""The caller's own id: unique in the account, and a way to find a task whose response was lost."""

from __future__ import annotations

from typing import Any

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


def body_of(path: str, external_id: str) -> dict[str, Any]:
    if path == TURBO:
        return VIDEO_BODY | {"options": {"external_task_id": external_id}}
    return (IMAGE_BODY if path == IMAGES else LEGACY_BODY) | {"external_task_id": external_id}


@pytest.mark.parametrize("first", [TURBO, IMAGES, T2V])
@pytest.mark.parametrize("second", [TURBO, IMAGES, T2V])
def test_a_used_id_is_rejected_in_every_product_and_costs_nothing(client: Client, first: str, second: str):
    client.created(first, body_of(first, "mine"))
    rejected = client.create(second, body_of(second, "mine"))
    assert error(rejected) == (400, 1201, "External_task_id mine already exists")
    assert client.sandbox.stats()["submissions_accepted"] == 1
    client.sandbox.advance(LONG_S)
    again = client.create(second, body_of(second, "mine"))
    assert error(again)[1] == 1201


def test_a_task_is_found_by_it_in_both_generations(client: Client):
    new, legacy = client.created(TURBO, body_of(TURBO, "a")), client.created(IMAGES, body_of(IMAGES, "b"))
    assert [task["id"] for task in client.tasks("b", "a", external=True)] == [legacy, new]
    assert client.legacy(IMAGES, "b")["task_id"] == legacy


def test_an_empty_id_is_none(client: Client):
    client.created(TURBO, body_of(TURBO, ""))
    task_id = client.created(TURBO, body_of(TURBO, ""))
    assert "external_id" not in client.task(task_id)


def test_a_task_whose_response_is_lost_is_found_and_not_made_twice(client: Client):
    client.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    with pytest.raises(Exception, match=r"disconnect|closed|reset"):
        client.create(TURBO, body_of(TURBO, "mine"))
    (task,) = client.tasks("mine", external=True)
    assert task["status"] == "submitted"
    assert error(client.create(TURBO, body_of(TURBO, "mine")))[1] == 1201
    assert client.sandbox.stats()["submissions_accepted"] == 1


def test_a_failed_task_keeps_its_id(client: Client):
    client.finished(TURBO, body_of(TURBO, "mine") | {"prompt": "[forbidden]"})
    assert error(client.create(TURBO, body_of(TURBO, "mine")))[1] == 1201


def test_a_failed_task_frees_its_id_where_that_is_wanted(trial: Client):
    trial.created(TURBO, body_of(TURBO, "mine") | {"prompt": "[forbidden]"})
    assert error(trial.create(TURBO, body_of(TURBO, "mine")))[1] == 1201
    trial.sandbox.advance(LONG_S)
    assert trial.create(TURBO, body_of(TURBO, "mine")).status_code == 200


def test_a_task_is_found_later_where_a_lag_is_wanted(trial: Client):
    task_id = trial.created(IMAGES, body_of(IMAGES, "mine"))
    assert trial.tasks(task_id) == []
    assert trial.tasks("mine", external=True) == []
    assert error(trial.http.get(f"{IMAGES}/mine"))[1] == 1201
    assert error(trial.create(IMAGES, body_of(IMAGES, "mine")))[1] == 1201
    trial.sandbox.advance(31)
    assert trial.task(task_id)["id"] == task_id
    assert trial.legacy(IMAGES, "mine")["task_id"] == task_id
