"""The record of one logical task: what was asked, whether it was sent, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from airflow_provider_kling.exceptions import KlingJournalError

VERSION = 1


class Phase(StrEnum):
    """How far the record has come.

    ``intent`` is written before the submission is sent and ``submitted`` after its answer, so a
    record that stays ``intent`` is a submission whose outcome nobody knows.
    """

    INTENT = "intent"
    SUBMITTED = "submitted"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is kept of a submission. Plain JSON, readable and editable in Airflow's UI.

    :param fingerprint: of the request; see :func:`fingerprint`.
    :param contract: how the request was written: the gateway and its contract; for people.
    :param run: tells one run of the task from the next after a clear; retries share it.
    :param intent_at: when the submission was about to be sent, Unix seconds.
    :param task_id: the task at the service. Filling it in by hand adopts a task for an ``intent``.
    :param deadline: Unix seconds, counted from the submission.
    :param result: what the Airflow task returned.
    :param uploads: the ids of the files that were uploaded for the request.
    :param request: what was asked for, with media cut; for the sidecar of a result that is to be stored.
    """

    phase: Phase
    fingerprint: str
    conn_id: str
    model: str
    contract: str
    run: int
    intent_at: float
    deadline: float
    task_id: str | None = None
    result: Mapping[str, Any] | None = None
    uploads: tuple[str, ...] = ()
    request: Mapping[str, Any] | None = None

    @property
    def intent_at_text(self) -> str:
        """The time of the submission, for people."""
        return datetime.fromtimestamp(self.intent_at, tz=UTC).isoformat(timespec="seconds")

    def submitted(self, task_id: str) -> Self:
        """Return the record after the service answered with a task."""
        return replace(self, phase=Phase.SUBMITTED, task_id=task_id)

    def finished(self, result: Mapping[str, Any]) -> Self:
        """Return the record after the result was concluded."""
        return replace(self, phase=Phase.FINISHED, result=result)

    def failed(self) -> Self:
        """Return the record after the service ended the task as failed."""
        return replace(self, phase=Phase.FAILED)

    def to_json(self) -> dict[str, Any]:
        """Return the record as it is stored."""
        stored = {"version": VERSION, **asdict(self), "phase": self.phase.value}
        return {**stored, "uploads": list(self.uploads)}  # Airflow's store takes what JSON has, and no tuple

    @classmethod
    def from_json(cls, stored: object) -> Self:
        """Read a stored record; an ``intent`` that was given a task id by hand is a submitted one.

        :raises KlingJournalError: it is damaged, or written by a later release. It is not guessed at,
            because a wrong guess may pay twice.
        """
        if not isinstance(stored, Mapping):
            kind = type(stored).__name__
            raise KlingJournalError(f"The record is no object but {kind}. {_NOTHING_SENT}", retryable=False)
        version = stored.get("version")
        if version != VERSION:
            raise KlingJournalError(
                f"The record has version {version!r}; this release knows {VERSION}. {_NOTHING_SENT}",
                retryable=False,
            )
        try:
            known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
            record = cls(**known)
            record = replace(record, phase=Phase(record.phase), uploads=tuple(record.uploads))
        except (TypeError, ValueError) as error:
            message = f"The record is damaged ({error!r}). {_NOTHING_SENT}"
            raise KlingJournalError(message, retryable=False) from None
        if record.phase is Phase.INTENT and record.task_id:
            return record.submitted(record.task_id)
        return record


_NOTHING_SENT = "Nothing was submitted. Mend or delete the record, then clear the task."


def fingerprint(*, conn_id: str, model: str, body: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """Return what tells a request from any other: the key that pays, the model, and every field."""
    asked = json.dumps([conn_id, model, body, extra], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(asked.encode()).hexdigest()
