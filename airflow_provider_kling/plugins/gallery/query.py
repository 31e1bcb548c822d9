"""What a visitor of the gallery asks for: filters and the place to go on from. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class State(StrEnum):
    """How far a generation is, for people."""

    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"


# By the state of the task instance. What is in none of these is running.
AIRFLOW_STATES: dict[State, tuple[str, ...]] = {
    State.DONE: ("success",),
    State.FAILED: ("failed", "upstream_failed", "removed", "skipped"),
    State.RETRYING: ("up_for_retry",),
}


def state_of(airflow_state: str | None, *, has_task: bool) -> State:
    """Return how far a generation is.

    :param airflow_state: of the task instance.
    :param has_task: it is known to the service.
    """
    for state, names in AIRFLOW_STATES.items():
        if airflow_state in names:
            return state
    return State.RUNNING if has_task else State.WAITING


class Place(NamedTuple):
    """The last row of a page; the next page begins after it.

    :ivar at: when it was written.
    """

    at: datetime
    dag_run_id: int
    task_id: str
    map_index: int

    def to_text(self) -> str:
        """Return the place as a part of an address."""
        return base64.urlsafe_b64encode(json.dumps([self.at.isoformat(), *self[1:]]).encode()).decode()

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Return the place that an address names; None for anything else."""
        try:
            at, dag_run_id, task_id, map_index = json.loads(base64.urlsafe_b64decode(text.encode()))
            moment = datetime.fromisoformat(at).astimezone(UTC)
            place = cls(moment, int(dag_run_id), str(task_id), int(map_index))
        except (ValueError, TypeError, binascii.Error, RecursionError, OverflowError):
            return None
        is_number = all(abs(number) < 2**31 for number in (place.dag_run_id, place.map_index))
        return place if is_number and is_storable(place.task_id) else None


def is_storable(text: str) -> bool:
    """Tell whether every database takes a text: without NUL, other control characters and half characters."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not (value.strip() and is_storable(value)) else value


_Text = Annotated[
    Annotated[str, Field(max_length=250)] | None, BeforeValidator(_none_if_empty), Field(default=None)
]


class Query(BaseModel):
    """The filters of a page.

    :ivar dag: the id of a DAG.
    :ivar run: the id of a run.
    :ivar task: the id of a task, with the groups that it is in.
    :ivar model: a part of the model's name.
    :ivar state: of the generation.
    :ivar text: a part of the prompt.
    :ivar since: the first day, in UTC.
    :ivar until: the last day.
    :ivar after: the place to go on from.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    dag: _Text
    run: _Text
    task: _Text
    model: _Text
    state: Annotated[State | None, BeforeValidator(_none_if_empty)] = None
    text: _Text
    since: Annotated[date | None, BeforeValidator(_none_if_empty)] = None
    until: Annotated[date | None, BeforeValidator(_none_if_empty)] = None
    after: Annotated[
        Annotated[str, Field(max_length=4000)] | None, BeforeValidator(_none_if_empty), Field(default=None)
    ]

    @classmethod
    def read(cls, given: dict[str, Any]) -> Self:
        """Return what an address asks for, without what makes no sense."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            odd = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            return cls.model_validate({name: value for name, value in given.items() if name not in odd})

    @property
    def begins(self) -> datetime | None:
        """The first moment of the time asked for."""
        return None if self.since is None else datetime.combine(self.since, time.min, tzinfo=UTC)

    @property
    def ends(self) -> datetime | None:
        """The first moment after it."""
        if self.until is None or self.until == date.max:
            return None
        return datetime.combine(self.until + timedelta(days=1), time.min, tzinfo=UTC)

    @property
    def place(self) -> Place | None:
        """The place to go on from."""
        return None if self.after is None else Place.from_text(self.after)

    def address(self, **changed: Any) -> str:
        """Return the query of an address with other filters."""
        fields = self.model_copy(update=changed).model_dump(mode="json", exclude_none=True)
        return urlencode(fields)
