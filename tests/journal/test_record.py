"""The record as it is stored: nothing is guessed, because a wrong guess may pay twice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.journal.record import Phase, Record, fingerprint, submission_key

RECORD = Record(
    phase=Phase.INTENT,
    fingerprint="f",
    conn_id="kling_default",
    model="kling-video-o1",
    key="k",
    gateway="modellix 2026-04",
    clear_count=2,
    intent_at=1_800_000_000.0,
    deadline=1_800_003_600.0,
)


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        RECORD.submitted("task-1"),
        RECORD.submitted("task-1").finished({"task_id": "task-1"}),
        RECORD.submitted("task-1").failed(),
        replace(RECORD, uploads=("file-1", "file-2")),
        replace(RECORD, request={"prompt": "A boat", "images": ["https://cdn.example/a.png"]}),
    ],
)
def test_a_record_survives_storage(record: Record) -> None:
    stored = json.loads(json.dumps(record.to_json()))
    assert stored == record.to_json(), "Airflow's store refuses what JSON has no form for, such as a tuple"
    assert Record.from_json(stored) == record


@pytest.mark.parametrize("field", ["uploads", "request", "sequence"])
def test_a_record_of_before_there_was_a_field_is_read(field: str) -> None:
    stored = RECORD.to_json()
    del stored[field]
    assert Record.from_json(stored) == RECORD


def test_an_intent_that_was_given_a_task_id_by_hand_is_a_submitted_one() -> None:
    stored = {**RECORD.to_json(), "task_id": "task-found"}
    assert Record.from_json(stored) == RECORD.submitted("task-found")


@pytest.mark.parametrize(
    "stored",
    [
        "intent",
        [],
        {},
        {**RECORD.to_json(), "version": 2},
        {**RECORD.to_json(), "version": None},
        {**RECORD.to_json(), "phase": "dreaming"},
        {name: value for name, value in RECORD.to_json().items() if name != "fingerprint"},
    ],
)
def test_a_record_that_cannot_be_read_for_certain_fails_without_retries(stored: Any) -> None:
    with pytest.raises(KlingJournalError, match="Nothing was submitted") as damaged:
        Record.from_json(stored)
    assert not damaged.value.retryable


def test_a_field_of_a_later_release_in_the_same_version_is_ignored() -> None:
    assert Record.from_json({**RECORD.to_json(), "mood": "good"}) == RECORD


REQUEST: dict[str, Any] = {
    "conn_id": "kling_default",
    "model": "kling-video-o1",
    "body": {"prompt": "a", "duration": 5},
    "extra": {},
}


def test_the_order_of_fields_does_not_change_a_request() -> None:
    other = {**REQUEST, "body": {"duration": 5, "prompt": "a"}}
    assert fingerprint(**REQUEST) == fingerprint(**other)


@pytest.mark.parametrize(
    "change",
    [
        {"conn_id": "other"},
        {"model": "kling-video-o2"},
        {"body": {"prompt": "b", "duration": 5}},
        {"body": {"prompt": "a"}},
        {"body": {"prompt": "a", "duration": "5"}},
        {"extra": {"seed": 1}},
        {"body": {"prompt": "a"}, "extra": {"duration": 5}},
    ],
)
def test_any_difference_makes_another_request(change: dict[str, Any]) -> None:
    assert fingerprint(**REQUEST) != fingerprint(**{**REQUEST, **change})


def test_a_fingerprint_does_not_hold_the_prompt() -> None:
    request = {**REQUEST, "body": {"prompt": "secret"}}
    assert "secret" not in fingerprint(**request)


TASK = ("dag", "run", "make", -1)


def test_a_submission_has_the_same_key_in_every_try() -> None:
    keys = {submission_key(task=TASK, fingerprint="f", sequence=0) for _ in range(3)}
    assert len(keys) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"task": ("other", "run", "make", -1)},
        {"task": ("dag", "other", "make", -1)},
        {"task": ("dag", "run", "other", -1)},
        {"task": ("dag", "run", "make", 0)},
        {"fingerprint": "g"},
        {"sequence": 1},
    ],
)
def test_another_task_another_request_or_another_generation_has_another_key(change: dict[str, Any]) -> None:
    same: dict[str, Any] = {"task": TASK, "fingerprint": "f", "sequence": 0}
    assert submission_key(**{**same, **change}) != submission_key(**same)


def test_a_key_fits_into_what_services_take() -> None:
    key = submission_key(task=("d" * 250, "r" * 250, "t" * 250, 4_000), fingerprint="f" * 64, sequence=10**6)
    assert len(key) == 32
    assert key.isalnum()
    assert key.isascii()


# -- damage ---------------------------------------------------------------------------------------

FULL = replace(
    RECORD.submitted("task-1"), uploads=("file-1",), request={"prompt": "A boat"}, sequence=1
).to_json()
ODD: list[Any] = [
    None,
    True,
    5,
    -1,
    1e30,
    float("nan"),
    float("inf"),
    "",
    "a b",
    "x" * 600,
    "../x",
    [],
    ["a b"],
    {},
]
# What is right for a field although it is odd for most.
RIGHT: dict[str, list[Any]] = {
    "fingerprint": ["a b", "../x"],
    "key": ["a b", "../x"],
    "conn_id": ["a b", "../x"],
    "model": ["a b", "../x"],
    "gateway": ["a b", "../x"],
    "clear_count": [5],
    "sequence": [5],
    "intent_at": [5],
    "deadline": [5],
    "result": [None, {}],
    "request": [None, {}],
    "answer": [None, {}],
    "uploads": [[]],
}


@pytest.mark.parametrize("field", FULL)
def test_a_field_of_another_type_is_damage_and_never_a_guess(field: str) -> None:
    for odd in ODD:
        # As text: in Python, True is 1.
        if repr(odd) in map(repr, RIGHT.get(field, [])):
            continue
        with pytest.raises(KlingJournalError, match="is damaged") as caught:
            Record.from_json({**FULL, field: odd})
        assert not caught.value.retryable
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("field", sorted(set(FULL) - {"uploads", "request", "answer", "sequence", "result"}))
def test_a_field_that_is_missing_is_damage(field: str) -> None:
    with pytest.raises(KlingJournalError):
        Record.from_json({name: value for name, value in FULL.items() if name != field})


def test_a_damaged_record_is_not_quoted() -> None:
    with pytest.raises(KlingJournalError) as caught:
        Record.from_json({**FULL, "request": "canary", "task_id": "canary with spaces"})
    assert "canary" not in str(caught.value)
