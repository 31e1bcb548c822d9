"""Which entries of the service's request log could be a submission whose response was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingConnectionError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.base import LoggedRequest
from airflow_provider_kling.generation.unknown import unknown_submission
from airflow_provider_kling.journal.journal import TaskStateJournal
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.stores import StateStore, VariableStore
from tests.conftest import FakeTaskInstance

SENT = 1_800_000_000.0
RECORD = Record(
    phase=Phase.INTENT,
    fingerprint="f",
    conn_id="kling_default",
    model="kling/kling-video-o1",
    key="k",
    gateway="modellix 2026-04",
    clear_count=0,
    intent_at=SENT,
    deadline=SENT + 3600,
)


class Hook:
    """Gives a request log."""

    def __init__(self, *entries: LoggedRequest) -> None:
        self.entries = list(entries)
        self.gateway = make_gateway()

    def request_log(self, *, until: datetime) -> list[LoggedRequest]:
        return self.entries


def message(hook: Any, *, record: Record = RECORD) -> str:
    journal = TaskStateJournal(
        store=StateStore(accessor=FakeTaskInstance().store, path="/p"), variable=VariableStore(name="v")
    )
    return str(unknown_submission(record, hook=hook, journal=journal, cause="the line was cut"))


def logged(after_s: float | None = 1.0, model: str | None = "kling-video-o1") -> LoggedRequest:
    at = None if after_s is None else datetime.fromtimestamp(SENT + after_s, tz=UTC)
    return LoggedRequest(task_id="task-candidate", status="processing", model=model, created_at=at)


@pytest.mark.parametrize(
    ("entry", "could_be"),
    [
        (logged(), True),
        (logged(after_s=-119), True),  # two clocks may disagree
        (logged(after_s=-121), False),
        (logged(after_s=599), True),
        (logged(after_s=601), False),
        (logged(after_s=None), True),  # what the log does not tell cannot rule it out
        (logged(model="kling-video-o1-t2v"), True),  # the name in the newer API version for it
        (logged(model=None), True),
        (logged(model="kling-v3-t2v"), False),
    ],
)
def test_a_candidate_is_of_the_model_and_about_the_time(entry: LoggedRequest, could_be: bool) -> None:
    assert ("task-candidate" in message(Hook(entry))) is could_be


@pytest.mark.parametrize(
    ("asked", "logged_as"),
    [
        ("kling-v3-omni-video", "kling-v3-omni-t2v"),
        ("kling-v3-omni-video", "kling-v3-omni-i2v"),
        ("kling/kling-v3-t2v", "kling-v3-t2v"),
        ("google/veo-3", "veo-3"),
        ("kling-image-o1", "kling-image-o1-t2i"),
    ],
)
def test_a_candidate_may_have_the_name_that_the_service_has_for_it(asked: str, logged_as: str) -> None:
    told = message(Hook(logged(model=logged_as)), record=replace(RECORD, model=asked))
    assert "task-candidate" in told


def test_a_log_without_a_candidate_is_told_as_such() -> None:
    assert "has no kling/kling-video-o1 of that time among its newest 1 entries" in message(
        Hook(logged(after_s=9999))
    )


def test_a_log_that_cannot_be_read_is_told_as_such() -> None:
    class Broken(Hook):
        def request_log(self, *, until: datetime) -> list[LoggedRequest]:
            raise KlingConnectionError("no route", request_sent=False)

    assert "could not be read (no route)" in message(Broken())


def test_it_tells_when_the_submission_was_sent_and_why_the_outcome_is_unknown() -> None:
    told = message(Hook())
    assert "at 2027-01-15T08:00:00+00:00" in told
    assert "the line was cut" in told


def test_a_service_without_a_log_is_told_as_such() -> None:
    hook = Hook(logged())
    hook.gateway.request_log = None
    assert "has no request log" in message(hook)
