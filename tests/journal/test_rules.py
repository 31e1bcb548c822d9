"""What is done about a request, for every combination of what can be known about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import pytest

from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.rules import (
    Decision,
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
    same_clear: bool = ANY
    recoverable: bool = ANY
    on_rerun: OnRerun = ANY
    result_available: bool = ANY
    remote: Remote = ANY
    expired: bool = ANY
    on_unknown: OnUnknownSubmission = ANY
    then: Decision

    def fits(self, **facts: Any) -> bool:
        """Tell whether the row is about these facts."""
        return all(getattr(self, name) in (ANY, value) for name, value in facts.items())


FAIL, RESUBMIT = OnUnknownSubmission.FAIL, OnUnknownSubmission.RESUBMIT
REUSE, REGENERATE = OnRerun.REUSE, OnRerun.REGENERATE
INTENT, SUBMITTED, FINISHED, FAILED = Phase.INTENT, Phase.SUBMITTED, Phase.FINISHED, Phase.FAILED
NEVER = "never"


def by_remote(**where: Any) -> list[Row]:
    """Spell out what the service's word leads to, but for a task that it does not find."""
    return [
        Row(**where, remote=Remote.NOT_ASKED, then=Decision.CHECK_REMOTE),
        Row(**where, remote=Remote.RUNNING, then=Decision.REATTACH),
        Row(**where, remote=Remote.SUCCEEDED, then=Decision.COMPLETE),
        Row(**where, remote=Remote.MODERATED, then=Decision.COMPLETE),
        Row(**where, remote=Remote.FAILED, then=Decision.SUBMIT),
    ]


TABLE = [
    # Nothing was ever sent, or what was sent has failed for good.
    Row(phase=NEVER, then=Decision.SUBMIT),
    Row(phase=FAILED, then=Decision.SUBMIT),
    # Sent, and the outcome is unknown: also when the request has changed since.
    Row(phase=INTENT, recoverable=False, on_unknown=FAIL, then=Decision.UNKNOWN),
    Row(phase=INTENT, recoverable=False, on_unknown=RESUBMIT, then=Decision.SUBMIT),
    *(
        Row(phase=INTENT, recoverable=True, remote=remote, then=Decision.RECOVER)
        for remote in Remote
        if remote is not Remote.NOT_FOUND
    ),
    Row(phase=INTENT, recoverable=True, remote=Remote.NOT_FOUND, then=Decision.SUBMIT),
    # Sent for another request.
    Row(phase=SUBMITTED, same_request=False, then=Decision.SUBMIT),
    Row(phase=FINISHED, same_request=False, then=Decision.SUBMIT),
    # Sent for this request.
    *by_remote(phase=SUBMITTED, same_request=True),
    Row(phase=SUBMITTED, same_request=True, remote=Remote.NOT_FOUND, expired=True, then=Decision.SUBMIT),
    Row(
        phase=SUBMITTED, same_request=True, remote=Remote.NOT_FOUND, expired=False, on_unknown=FAIL,
        then=Decision.REMOTE_MISSING,
    ),
    Row(
        phase=SUBMITTED, same_request=True, remote=Remote.NOT_FOUND, expired=False, on_unknown=RESUBMIT,
        then=Decision.SUBMIT,
    ),
    # Finished, and cleared by someone who wants a new one each time.
    Row(phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_clear=False, then=Decision.SUBMIT),
    # Finished, and tried again after a crash: whatever the policy, nobody cleared it.
    Row(
        phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_clear=True, result_available=True,
        then=Decision.REUSE,
    ),
    *by_remote(
        phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_clear=True, result_available=False
    ),
    Row(
        phase=FINISHED, same_request=True, on_rerun=REGENERATE, same_clear=True, result_available=False,
        remote=Remote.NOT_FOUND, then=Decision.SUBMIT,
    ),
    # Finished, and cleared by someone who wants what was paid for.
    Row(phase=FINISHED, same_request=True, on_rerun=REUSE, result_available=True, then=Decision.REUSE),
    *by_remote(phase=FINISHED, same_request=True, on_rerun=REUSE, result_available=False),
    Row(
        phase=FINISHED, same_request=True, on_rerun=REUSE, result_available=False, remote=Remote.NOT_FOUND,
        then=Decision.SUBMIT,
    ),
]  # fmt: skip

COMBINATIONS = list(
    product(
        (NEVER, *Phase),
        (True, False),
        (True, False),
        (True, False),
        OnRerun,
        (True, False),
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
        key="k",
        gateway="modellix 2026-04",
        clear_count=0,
        intent_at=0.0,
        deadline=3600.0,
        task_id=None if phase is Phase.INTENT else "task-1",
    )


def test_each_combination_has_one_line_in_the_table_and_is_decided_by_it() -> None:
    for combination in COMBINATIONS:
        facts = dict(zip(NAMES, combination, strict=True))
        (row,) = [row for row in TABLE if row.fits(**facts)]
        phase = facts.pop("phase")
        state = SubmissionState(record=None if phase == NEVER else record(phase), **facts)
        assert decide(state) is row.then, facts


def test_every_line_of_the_table_is_needed() -> None:
    for row in TABLE:
        assert any(row.fits(**dict(zip(NAMES, combination, strict=True))) for combination in COMBINATIONS)


@pytest.mark.parametrize("policy", OnRerun)
@pytest.mark.parametrize(("recoverable", "decision"), [(False, Decision.UNKNOWN), (True, Decision.RECOVER)])
def test_unless_allowed_a_submission_whose_outcome_is_unknown_is_never_repeated(
    policy: OnRerun, recoverable: bool, decision: Decision
) -> None:
    """The one promise that must hold whatever else is true."""
    for same_request, same_clear, result_available, remote, expired in product(
        (True, False), (True, False), (True, False), Remote, (True, False)
    ):
        state = SubmissionState(
            record=record(Phase.INTENT),
            same_request=same_request,
            same_clear=same_clear,
            recoverable=recoverable,
            result_available=result_available,
            remote=remote,
            expired=expired,
            on_rerun=policy,
        )
        certainly_absent = recoverable and remote is Remote.NOT_FOUND
        assert decide(state) is (Decision.SUBMIT if certainly_absent else decision)


@pytest.mark.parametrize("policy", OnUnknownSubmission)
def test_where_an_outcome_can_be_looked_up_no_policy_skips_that(policy: OnUnknownSubmission) -> None:
    state = SubmissionState(record=record(Phase.INTENT), recoverable=True, on_unknown=policy)
    assert decide(state) is Decision.RECOVER
