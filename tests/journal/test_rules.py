"""What is done about a request, for every combination of what can be known about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import pytest

from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import (
    Decision,
    Kept,
    OnRerun,
    OnUnknownSubmission,
    Remote,
    SubmissionState,
    decide,
)

ANY: Any = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table; what it leaves out may be anything."""

    phase: Phase | str
    same_request: bool = ANY
    same_run: bool = ANY
    on_rerun: OnRerun = ANY
    kept: Kept = ANY
    remote: Remote = ANY
    expired: bool = ANY
    on_unknown: OnUnknownSubmission = ANY
    then: Decision

    def fits(self, **facts: Any) -> bool:
        """Tell whether the row speaks of these facts."""
        return all(getattr(self, name) in (ANY, value) for name, value in facts.items())


FAIL, RESUBMIT = OnUnknownSubmission.FAIL, OnUnknownSubmission.RESUBMIT
REUSE, REGENERATE = OnRerun.REUSE, OnRerun.REGENERATE
INTENT, SUBMITTED, FINISHED, FAILED = Phase.INTENT, Phase.SUBMITTED, Phase.FINISHED, Phase.FAILED
NEVER = "never"


def by_remote(**where: Any) -> list[Row]:
    """Spell out what the service's word leads to, for a task of which it may be known to be gone."""
    return [
        Row(**where, remote=Remote.NOT_ASKED, then=Decision.LOOK),
        Row(**where, remote=Remote.RUNNING, then=Decision.ATTACH),
        Row(**where, remote=Remote.SUCCEEDED, then=Decision.CONCLUDE),
        Row(**where, remote=Remote.FAILED, then=Decision.SUBMIT),
    ]


TABLE = [
    # Nothing was ever sent, or what was sent has failed for good.
    Row(phase=NEVER, then=Decision.SUBMIT),
    Row(phase=FAILED, then=Decision.SUBMIT),
    # Sent, and nobody knows more: also when the request has changed since.
    Row(phase=INTENT, on_unknown=FAIL, then=Decision.UNKNOWN),
    Row(phase=INTENT, on_unknown=RESUBMIT, then=Decision.SUBMIT),
    # Sent for another request.
    Row(phase=SUBMITTED, same_request=False, then=Decision.SUBMIT),
    Row(phase=FINISHED, same_request=False, then=Decision.SUBMIT),
    # Sent for this request.
    *by_remote(phase=SUBMITTED, same_request=True),
    Row(phase=SUBMITTED, same_request=True, remote=Remote.GONE, expired=True, then=Decision.SUBMIT),
    Row(
        phase=SUBMITTED, same_request=True, remote=Remote.GONE, expired=False, on_unknown=FAIL,
        then=Decision.MISSING,
    ),
    Row(
        phase=SUBMITTED, same_request=True, remote=Remote.GONE, expired=False, on_unknown=RESUBMIT,
        then=Decision.SUBMIT,
    ),
    # Done, and cleared by someone who wants a new one each time.
    Row(phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_run=False, then=Decision.SUBMIT),
    # Done, and tried again after a crash: whatever the policy, it is the same run.
    Row(
        phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_run=True, kept=Kept.USABLE,
        then=Decision.REUSE,
    ),
    *by_remote(phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_run=True, kept=Kept.LOST),
    Row(
        phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_run=True, kept=Kept.LOST,
        remote=Remote.GONE, then=Decision.SUBMIT,
    ),
    # Done, and cleared by someone who wants what was paid for.
    Row(phase=FINISHED, same_request=True, on_rerun=REUSE, kept=Kept.USABLE, then=Decision.REUSE),
    *by_remote(phase=FINISHED, same_request=True, on_rerun=REUSE, kept=Kept.LOST),
    Row(
        phase=FINISHED, same_request=True, on_rerun=REUSE, kept=Kept.LOST, remote=Remote.GONE,
        then=Decision.SUBMIT,
    ),
]  # fmt: skip

COMBINATIONS = list(
    product(
        (NEVER, *Phase),
        (True, False),
        (True, False),
        OnRerun,
        Kept,
        Remote,
        (True, False),
        OnUnknownSubmission,
    )
)
NAMES = [field.name for field in fields(Row) if field.name != "then"]


def record(phase: Phase) -> Record:
    return Record(
        phase=phase,
        fingerprint="f",
        conn_id="kling_default",
        model="kling-video-o1",
        contract="modellix 2026-04",
        run=0,
        intent_at=0.0,
        deadline=3600.0,
        task_id=None if phase is Phase.INTENT else "task-1",
    )


def test_each_combination_has_one_line_in_the_table_and_is_decided_by_it() -> None:
    for combination in COMBINATIONS:
        facts = dict(zip(NAMES, combination, strict=True))
        (row,) = [row for row in TABLE if row.fits(**facts)]
        phase = facts.pop("phase")
        situation = SubmissionState(record=None if phase == NEVER else record(phase), **facts)
        assert decide(situation) is row.then, facts


def test_every_line_of_the_table_is_needed() -> None:
    for row in TABLE:
        assert any(row.fits(**dict(zip(NAMES, combination, strict=True))) for combination in COMBINATIONS)


@pytest.mark.parametrize("policy", OnRerun)
def test_without_leave_a_submission_whose_outcome_is_unknown_is_never_repeated(policy: OnRerun) -> None:
    """The one promise that must hold whatever else is true."""
    for same_request, same_run, kept, remote, expired in product(
        (True, False), (True, False), Kept, Remote, (True, False)
    ):
        situation = SubmissionState(
            record=record(Phase.INTENT),
            same_request=same_request,
            same_run=same_run,
            kept=kept,
            remote=remote,
            expired=expired,
            on_rerun=policy,
        )
        assert decide(situation) is Decision.UNKNOWN
