"""The record of one logical task: which request, whether it was sent, and how it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.journal.logical_task import LogicalTask

VERSION = 1

_Text = Annotated[str, Field(min_length=1, max_length=512)]
_Time = Annotated[float, Field(ge=0, lt=1e11)]  # what Python's calendar has, and more


def _check_id(value: str) -> str:
    if not is_id(value):
        raise PydanticCustomError("id", "must be an id")
    return value


_Id = Annotated[str, AfterValidator(_check_id)]


class Phase(StrEnum):
    """How far the record has come.

    ``intent`` is written before the submission is sent and ``submitted`` after its response, so a
    record that stays ``intent`` is a submission whose outcome is unknown.
    """

    INTENT = "intent"
    SUBMITTED = "submitted"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is stored of a submission: plain JSON, which can be read and edited in Airflow's UI.

    :param fingerprint: of the request; see :func:`fingerprint`.
    :param key: of the submission; see :func:`submission_key`.
    :param sequence: how many submissions of the same request this logical task had before this one; it goes
        into the key.
    :param gateway: the service and the version of its API, separated by a space.
    :param clear_count: Airflow's ``max_tries``, which only a clear raises, so that it is the same for all
        retries after that.
    :param intent_at: when the submission was about to be sent, Unix seconds.
    :param task_id: the task at the service. Filling it in by hand adopts a task for an ``intent``.
    :param deadline: Unix seconds, counted from the submission.
    :param result: what the Airflow task returned.
    :param uploads: the ids of the files that were uploaded for the request.
    :param answer: the task as the response to the submission had it, where it had ended by then; until the
        result is recorded.
    :param request: the author's fields, with media shortened; for the sidecar of a result that is to be
        stored.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, allow_inf_nan=False)

    phase: Phase
    fingerprint: _Text
    key: _Text
    conn_id: _Text
    model: _Text
    gateway: _Text
    clear_count: Annotated[int, Field(ge=0)]
    intent_at: _Time
    deadline: _Time
    sequence: Annotated[int, Field(ge=0)] = 0
    task_id: _Id | None = None
    result: dict[str, Any] | None = None
    uploads: tuple[_Id, ...] = ()
    answer: dict[str, Any] | None = None
    request: dict[str, Any] | None = None

    @property
    def intent_at_text(self) -> str:
        """The time of the submission, for people."""
        return datetime.fromtimestamp(self.intent_at, tz=UTC).isoformat(timespec="seconds")

    @property
    def gateway_name(self) -> str:
        """The service, without the version of its API."""
        return self.gateway.partition(" ")[0]

    def submitted(self, task_id: str, *, answer: dict[str, Any] | None = None) -> Self:
        """Return the record after the service returned a task.

        :param answer: the task, where it has ended already.
        """
        return replace(self, phase=Phase.SUBMITTED, task_id=task_id, answer=answer)

    def finished(self, result: Mapping[str, Any]) -> Self:
        """Return the record after the result was returned."""
        return replace(self, phase=Phase.FINISHED, result=dict(result), answer=None)

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

        :raises KlingJournalError: it is damaged, or of a later release. A guess might pay twice.
        """
        version = stored.get("version") if isinstance(stored, Mapping) else VERSION
        if version is True or version != VERSION:
            raise damaged(f"it has version {version!r:.20}, and this release knows version {VERSION}")
        try:
            # As JSON, where a list is a tuple and a text an enumeration; all other types are strict.
            record: Self = _adapter().validate_json(json.dumps(stored, allow_nan=False))
        except ValidationError as error:
            lines = error.errors(include_url=False, include_input=False)
            told = [f"{'.'.join(map(str, line['loc'])) or 'record'}: {line['msg']}" for line in lines]
            raise damaged("; ".join(told)[:500]) from None
        except (TypeError, ValueError, RecursionError) as error:
            raise damaged(f"it is no JSON ({type(error).__name__})") from None
        if record.phase is Phase.INTENT and record.task_id:
            return record.submitted(record.task_id)
        if record.phase in (Phase.SUBMITTED, Phase.FINISHED) and not record.task_id:
            raise damaged(f"task_id: is required in the phase {record.phase}")
        return record


def damaged(why: str) -> KlingJournalError:
    """Return the error for a record that cannot be used as it is."""
    return KlingJournalError(
        f"The record of this Airflow task is damaged, or of another release: {why}. Nothing was submitted "
        "now; a task that was submitted before may still run and be billed. Repair the record, or delete it "
        "to submit again, and clear this Airflow task.",
        retryable=False,
    )


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Record)


def fingerprint(*, conn_id: str, model: str, body: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """Return a hash of a request: of the connection that pays, the model, and every field."""
    whole = json.dumps([conn_id, model, body, extra], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def submission_key(*, task: LogicalTask, fingerprint: str, sequence: int) -> str:
    """Return the key by which a service can tell a repeated submission from a new one.

    It is the same in all tries of one logical task and request, whatever became of the record; so where the
    record is lost, a service that rejects a key it knows keeps the task from being paid twice.

    :param sequence: how many submissions of the request came before; one that is to be paid again gets
        another key.
    """
    whole = json.dumps([*task, fingerprint, sequence], separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
