from __future__ import annotations

import pytest

from dev.airflow_api import TaskInstance
from dev.progress import Progress, clock, log_tail


def task(state: str | None, *, map_index: int = -1, try_number: int = 1) -> TaskInstance:
    return TaskInstance(
        id="0",
        dag_id="d",
        run_id="r",
        task_id="generate",
        map_index=map_index,
        query={"map_index": map_index},
        state=state,
        try_number=try_number,
        rendered_fields={},
    )


def test_a_state_is_told_once() -> None:
    progress = Progress()
    assert [*progress.lines([task("running")], elapsed=3)] == ["0:03  generate              running"]
    assert [*progress.lines([task("running")], elapsed=4)] == []


def test_the_second_try_is_told_again() -> None:
    progress = Progress()
    assert len([*progress.lines([task("running")], elapsed=3)]) == 1
    assert len([*progress.lines([task("running", try_number=2)], elapsed=4)]) == 1


def test_a_task_that_looks_again_and_again_is_told_once() -> None:
    progress = Progress()
    states = ["running", "up_for_reschedule", "running", "up_for_reschedule", "success"]
    told = [line.split()[2] for state in states for line in progress.lines([task(state)], elapsed=0)]
    assert told == ["running", "up_for_reschedule", "success"]


def test_mapped_tasks_are_told_apart() -> None:
    lines = [*Progress().lines([task("running", map_index=0), task("running", map_index=1)], elapsed=0)]
    assert [line.split()[1] for line in lines] == ["generate[0]", "generate[1]"]


@pytest.mark.parametrize("state", [None, "scheduled", "queued"])
def test_what_comes_before_every_run_is_not_told(state: str | None) -> None:
    assert [*Progress().lines([task(state)], elapsed=0)] == []


def test_the_clock_shows_minutes_and_seconds() -> None:
    assert [clock(0.9), clock(65), clock(600)] == ["0:00", "1:05", "10:00"]


def test_the_end_of_a_log_names_the_error_and_leaves_the_fold_marks_out() -> None:
    entries = [
        {"event": "::group::Log message source details"},
        {"timestamp": "2026-01-02T03:04:05Z", "level": "info", "event": "::endgroup::"},
        {
            "timestamp": "2026-01-02T03:04:06Z",
            "level": "error",
            "event": "Task failed",
            "error_detail": [{"exc_type": "KlingError", "exc_value": "no"}],
        },
    ]
    assert log_tail(entries) == "  03:04:06 error   Task failed\n  KlingError: no"
