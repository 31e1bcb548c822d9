"""The journal of one logical task: where its record is stored, read, and moved forward."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import KlingError, KlingJournalError
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.stores import NOTHING, STATE_KEY, StateStore, Store, VariableStore

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class Journal(ABC):
    """Reads and writes the record of one logical task, whatever the try.

    A store that fails is a :class:`KlingJournalError` and never "no record": the caller would pay again.

    :cvar retains_finished: the record is kept after the task has ended. Otherwise it has to be deleted when
        Airflow knows of the end.
    :param variable: has the record while the submission is open, so that no clear deletes it.
    """

    retains_finished: ClassVar[bool]

    def __init__(self, *, variable: VariableStore) -> None:
        self._variable = variable

    def read(self) -> Record | None:
        """Return the record, or None when there is certainly none.

        :raises KlingJournalError: it cannot be read, is damaged, or is of a later release.
        """
        with _store_errors():
            return self._read()

    def write(self, record: Record) -> None:
        """Store the record, and return only when it can be read.

        :raises KlingJournalError: it cannot be written.
        """
        with _store_errors():
            self._write(record)

    def close(self, record: Record) -> None:
        """Store the record of a task that has ended; that of a failed one only where records are kept."""
        if record.phase is Phase.FAILED and not self.retains_finished:
            self.delete()
        else:
            self.write(record)

    def delete(self) -> None:
        """Delete the record. Only for one whose task has certainly ended, or was certainly never made."""
        with _store_errors():
            self._delete()

    def adoption_hint(self, record: Record) -> str:
        """Say how to put a task's id into the record by hand."""
        command = self._variable.change_command({**_without_texts(record).to_json(), "task_id": "<task id>"})
        return f"in Airflow's UI, edit {self._variable.ui}; or run: {command}"

    @property
    @abstractmethod
    def deletion_hint(self) -> str:
        """How to delete the record of an open submission by hand. For messages."""

    @abstractmethod
    def _read(self) -> Record | None: ...

    @abstractmethod
    def _write(self, record: Record) -> None: ...

    @abstractmethod
    def _delete(self) -> None: ...


class TaskStateJournal(Journal):
    """In the task state store of Airflow 3.3 and newer, which keeps a record over retries and crashes.

    Airflow 3.4 empties the store when a task is cleared, and gives some tasks an empty one when their run is
    from 3.3, or when they are in a loop (3.4.0b2). So as long as a submission is open, a Variable has its
    record too. Airflow 3.3 does neither; there the Variable is for a task that is cleared after the upgrade.
    It also covers workers that are older than their API server.

    :param store: the task state store.
    """

    retains_finished = True

    def __init__(self, *, store: StateStore, variable: VariableStore) -> None:
        super().__init__(variable=variable)
        self._store = store

    @property
    def deletion_hint(self) -> str:
        """How to delete both records; the state store's may be gone, but not after each kind of clear."""
        commands = f"{self._variable.deletion_command()} && {self._store.deletion_command()}"
        return f"in Airflow's UI, delete {self._variable.ui}, and {self._store.ui}; or run: {commands}"

    def _read(self) -> Record | None:
        try:
            stored = _load(self._store)
        except KlingJournalError as error:
            raise error.with_context(
                "On Airflow 3.4, clear it with 'Keep task state and resume': a clear without that deletes "
                "what you have repaired."
            ) from error.__cause__
        if stored is not None and stored.phase not in (Phase.INTENT, Phase.SUBMITTED):
            return stored
        record = latest(stored=stored, copy=_load(self._variable))
        if record is not None and record != stored:
            self._restore(record)
        return record

    def _restore(self, record: Record) -> None:
        """Put the Variable's record back where people see it, and where it is kept after the end."""
        try:
            self._store.save(record.to_json())
        except Exception:
            log.warning("The record could not be written back to %s", self._store.ui, exc_info=True)

    def _write(self, record: Record) -> None:
        if record.phase in (Phase.INTENT, Phase.SUBMITTED):
            self._variable.save(_without_texts(record).to_json())
            self._store.save(record.to_json())
            return
        self._store.save(record.to_json())
        try:
            self._variable.remove()
        except Exception:  # the end is on record; a Variable that is left tells of a task that is paid for
            log.warning("The record is stored, but %s could not be deleted", self._variable.ui, exc_info=True)

    def _delete(self) -> None:
        self._store.remove()
        self._variable.remove()


class VariableJournal(Journal):
    """Only in an Airflow Variable, on Airflow 3.1 and 3.2, which have no task state store."""

    retains_finished = False

    @property
    def deletion_hint(self) -> str:
        """How to delete the Variable."""
        return f"in Airflow's UI, delete {self._variable.ui}; or run: {self._variable.deletion_command()}"

    def _read(self) -> Record | None:
        return _load(self._variable)

    def _write(self, record: Record) -> None:
        self._variable.save(record.to_json())

    def _delete(self) -> None:
        self._variable.remove()


def latest(*, stored: Record | None, copy: Record | None) -> Record | None:
    """Return what is known of a submission by its two records. Pure.

    A submission that is open is written to the copy first, and a task is adopted in the copy. So the copy may
    know the task of an intent, or another one than was adopted by mistake. A copy that is of another
    submission was written by a try that ended before it sent that.

    :param stored: what the state store has: nothing, an intent or a submission.
    :param copy: what the Variable has.
    """
    if stored is None or copy is None:
        return stored or copy
    if copy.key == stored.key and copy.task_id not in (None, stored.task_id):
        return stored.submitted(str(copy.task_id))
    return stored


def _load(store: Store) -> Record | None:
    stored = store.load()
    return None if stored is NOTHING else Record.from_json(stored)


def _without_texts(record: Record) -> Record:
    """Return a record without what may hold a prompt or a signed link; who may see which is not the same."""
    return replace(record, request=None, result=None, answer=None)


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


def was_cleared(context: Context, *, retries: int) -> bool:
    """Tell whether the task may have run before a clear: it, or another of its run, was cleared.

    Airflow 3.4 makes some tasks of a cleared run again, which then look like new ones but for their run.
    """
    run: Any = context.get("dag_run")
    return context["ti"].max_tries > retries or bool(getattr(run, "clear_number", 0))


def variable_name(task: LogicalTask) -> str:
    """Return the name of the Variable of a logical task."""
    identity = "\0".join(map(str, task))
    return f"kling_journal_{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def open_journal(context: Context) -> Journal:
    """Return the journal of the running task."""
    variable = VariableStore(name=variable_name(LogicalTask.of(context)))
    if (accessor := compat.task_state_store(context)) is None:
        return VariableJournal(variable=variable)
    store = StateStore(accessor=accessor, path=_path(context))
    return TaskStateJournal(store=store, variable=variable)


def _path(context: Context) -> str:
    """Return the path of the state store's entry in Airflow's REST API."""
    ti: Any = context["ti"]
    dag, run, task = (quote(str(name), safe="") for name in (ti.dag_id, ti.run_id, ti.task_id))
    query: Mapping[str, Any] = {"map_index": ti.map_index}
    if LogicalTask.of(context).iteration is not None:
        query = {**query, "region_id": ti.region_id, "region_index": ti.region_index}
    path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/state-store/{STATE_KEY}"
    return f"{path}?{urlencode(query)}"
