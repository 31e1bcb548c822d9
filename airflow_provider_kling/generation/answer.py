"""A task that had ended in the response to its submission, on record: some services keep no task to read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from airflow_provider_kling.http.task import Task
from airflow_provider_kling.journal.record import Record, damaged


def with_answer(record: Record, task: Task) -> Record:
    """Return the record of a submission after its response."""
    answer = _adapter().dump_python(task, mode="json", exclude={"raw"}) if task.status.terminal else None
    return record.submitted(task.task_id, answer=answer)


def answered_task(record: Record) -> Task | None:
    """Return the task as the response to the submission had it; None where that was still running.

    :raises KlingJournalError: it is damaged.
    """
    answer: Mapping[str, Any] | None = record.answer
    if answer is None:
        return None
    try:
        task: Task = _adapter().validate_python(answer)
    except ValidationError as error:
        raise damaged(f"answer: {error.error_count()} fields are wrong") from None
    if task.task_id != record.task_id:
        raise damaged("answer: it is about another task")
    return task


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Task)
