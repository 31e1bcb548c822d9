"""A task that has ended in the response to its submission is on record until its result is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.generation.answer import answered_task, with_answer
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskFailure, TaskStatus
from airflow_provider_kling.journal.record import Phase, Record

INTENT = Record(
    phase=Phase.INTENT,
    fingerprint="f",
    key="k",
    conn_id="kling_default",
    model="kling-tts",
    gateway="kling 2026-07",
    clear_count=0,
    intent_at=1_800_000_000.0,
    deadline=1_800_003_600.0,
)
ENDED = Task(
    task_id="893605946402811985",
    status=TaskStatus.SUCCESS,
    raw_status="succeed",
    resources=(
        Resource(
            url="https://cdn.example/a.mp3",
            type="audio",
            role=ResourceRole.PRIMARY,
            duration_s=2.5,
            work_id="7",
        ),
    ),
    cost=Decimal("0.05"),
    cost_unit="units",
    submitted_at=datetime(2027, 1, 15, tzinfo=UTC),
)


def stored(record: Record) -> Record:
    """Return a record as it comes back from a store."""
    return Record.from_json(json.loads(json.dumps(record.to_json())))


@pytest.mark.parametrize(
    "task",
    [
        ENDED,
        replace(
            ENDED, status=TaskStatus.FAILED, resources=(), failure=TaskFailure(message="no", moderated=True)
        ),
    ],
    ids=["succeeded", "failed"],
)
def test_it_comes_back_as_it_was(task: Task) -> None:
    assert answered_task(stored(with_answer(INTENT, task))) == task


def test_what_the_service_said_beside_is_not_on_record() -> None:
    record = with_answer(INTENT, replace(ENDED, raw={"anything": "x" * 10_000}))
    assert len(json.dumps(record.to_json())) < 2000


def test_a_task_that_runs_is_read_at_the_service() -> None:
    record = with_answer(INTENT, replace(ENDED, status=TaskStatus.PENDING))
    assert (record.task_id, record.phase, record.answer) == (ENDED.task_id, Phase.SUBMITTED, None)
    assert answered_task(stored(record)) is None


def test_it_is_gone_when_the_result_is_on_record() -> None:
    assert with_answer(INTENT, ENDED).finished({"task_id": ENDED.task_id}).answer is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "perhaps"},
        {"resources": 7},
        {"resources": [{"type": "audio"}]},
        {"task_id": "another"},
        {"cost": "x"},
    ],
)
def test_a_damaged_one_is_never_a_guess(change: dict[str, Any]) -> None:
    record = with_answer(INTENT, ENDED)
    assert record.answer is not None
    with pytest.raises(KlingJournalError, match="answer: "):
        answered_task(replace(record, answer={**record.answer, **change}))
