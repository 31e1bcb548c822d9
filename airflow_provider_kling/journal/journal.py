"""The journal of one logical task: where its record is stored, read, and moved forward."""

from __future__ import annotations

import hashlib
import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from airflow.providers.common.compat.sdk import Variable

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import KlingError, KlingJournalError
from airflow_provider_kling.journal.record import Phase, Record

if TYPE_CHECKING:
    from airflow.sdk import Context

STATE_KEY = "kling"
NOTHING: Any = object()
"""What is read where nothing is stored."""


class Journal(ABC):
    """Reads and writes the record of a DAG, a run, a task and a map index, whatever the try.

    A store that fails is a :class:`KlingJournalError` and never "no record": the caller would pay again.

    :cvar retains_finished: the record is kept after the task has ended. Otherwise it has to be deleted when
        Airflow knows of the end.
    :cvar clear_warning: for messages, when a clear of the Airflow task deletes the record; empty for never.
    :ivar deletion_hint: for messages, how to delete the record by hand.
    """

    retains_finished: ClassVar[bool]
    clear_warning: ClassVar[str] = ""
    deletion_hint: str

    def read(self) -> Record | None:
        """Return the record, or None when there is certainly none.

        :raises KlingJournalError: it cannot be read, is damaged, or is of a later release.
        """
        with _store_errors():
            stored = self._load()
        try:
            return None if stored is NOTHING else Record.from_json(stored)
        except KlingJournalError as error:
            raise error.with_context(self.clear_warning) from error.__cause__

    def write(self, record: Record) -> None:
        """Store the record, and return only when it can be read.

        :raises KlingJournalError: it cannot be written.
        """
        with _store_errors():
            self._save(record.to_json())

    def close(self, record: Record) -> None:
        """Store the record of a task that has ended; that of a failed one only where records are kept."""
        if record.phase is Phase.FAILED and not self.retains_finished:
            self.delete()
        else:
            self.write(record)

    def delete(self) -> None:
        """Delete the record. Only for one whose task has certainly ended, or was certainly never made."""
        with _store_errors():
            self._remove()

    def adoption_hint(self, record: Record) -> str:
        """Say how to put a task's id into the record by hand."""
        # Without the request: messages are logged, and a log must not hold the prompt.
        return self._change_hint({**record.to_json(), "request": None, "task_id": "<task id>"})

    @abstractmethod
    def _change_hint(self, value: Mapping[str, Any]) -> str: ...

    @abstractmethod
    def _load(self) -> Any:
        """Return what is stored, or :data:`NOTHING`. A stored ``null`` is a damaged record."""

    @abstractmethod
    def _save(self, value: dict[str, Any]) -> None: ...

    @abstractmethod
    def _remove(self) -> None: ...


class TaskStateJournal(Journal):
    """In the task state store of Airflow 3.3 and newer, which keeps a record over retries and crashes.

    Airflow 3.3 keeps it at a clear, too. Airflow 3.4 deletes it then, unless told to keep it (3.4.0b2).
    """

    retains_finished = True
    clear_warning = (
        "From Airflow 3.4 on, clear it with 'Keep task state and resume': a clear without that deletes the "
        "record, and the task submits and pays again."
    )

    def __init__(self, *, accessor: Any, path: str) -> None:
        self._accessor = accessor
        self._path = path
        self.deletion_hint = self._hint("delete", method="DELETE")

    def _load(self) -> Any:
        return self._accessor.get(STATE_KEY, NOTHING)

    def _save(self, value: dict[str, Any]) -> None:
        # The default would drop it after 30 days.
        self._accessor.set(STATE_KEY, value, retention=compat.NEVER_EXPIRE)

    def _remove(self) -> None:
        self._accessor.delete(STATE_KEY)

    def _change_hint(self, value: Mapping[str, Any]) -> str:
        body = json.dumps({"value": value})
        return (
            f"{self._hint('edit', method='PATCH')} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
        )

    def _hint(self, verb: str, *, method: str) -> str:
        return (
            f"in Airflow's UI, Storage > Task State Store of the task, {verb} key {STATE_KEY!r}; or run: "
            f'curl -X {method} "$AIRFLOW_URL{self._path}" -H "Authorization: Bearer $AIRFLOW_TOKEN"'
        )


class VariableJournal(Journal):
    """In an Airflow Variable, on Airflow 3.1 and 3.2, which keep Variables at a clear."""

    retains_finished = False

    def __init__(self, *, name: str) -> None:
        self._name = name
        self.deletion_hint = f"run: airflow variables delete {name}"

    def _load(self) -> Any:
        stored = compat.read_variable(self._name)
        if stored is None:
            return NOTHING
        try:
            return json.loads(stored)
        except (ValueError, RecursionError):
            return stored  # a text is no record, so it is damaged

    def _save(self, value: dict[str, Any]) -> None:
        stored = json.dumps(value)
        Variable.set(self._name, stored)
        # When a Variable cannot be written, Airflow only logs that.
        if compat.read_variable(self._name) != stored:
            raise KlingJournalError(
                f"The record of this Airflow task could not be written to the Variable {self._name!r}. "
                "Nothing is submitted without a record. A retry reads it again."
            )

    def _remove(self) -> None:
        Variable.delete(self._name)

    def _change_hint(self, value: Mapping[str, Any]) -> str:
        return f"run: airflow variables set {self._name} {shlex.quote(json.dumps(value))}"


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except KlingError:
        raise
    except Exception as error:
        raise KlingJournalError(
            f"The record of this Airflow task cannot be read or written ({type(error).__name__}: {error}). "
            "Only the record tells whether the request was submitted before, so nothing was submitted now. A "
            "retry reads the record again."
        ) from error


def logical_task(context: Context) -> tuple[str, str, str, int]:
    """Return what identifies the running task in each of its tries: DAG, run, task and map index."""
    ti: Any = context["ti"]
    return ti.dag_id, ti.run_id, ti.task_id, ti.map_index


def open_journal(context: Context) -> Journal:
    """Return the journal of the running task."""
    *names, map_index = logical_task(context)
    if (accessor := compat.task_state_store(context)) is not None:
        dag, run, task = (quote(str(name), safe="") for name in names)
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/state-store/{STATE_KEY}"
        return TaskStateJournal(accessor=accessor, path=f"{path}?map_index={map_index}")
    identity = "\0".join(map(str, (*names, map_index)))
    return VariableJournal(name=f"kling_journal_{hashlib.sha256(identity.encode()).hexdigest()[:32]}")
