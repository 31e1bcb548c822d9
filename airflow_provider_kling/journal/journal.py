"""The journal of one logical task: its record, read and moved forward through a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from airflow_provider_kling.exceptions import KlingError, KlingJournalError, KlingTaskFailedError
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.store import Store

T = TypeVar("T")


class Journal:
    """Reads and writes the record. A store that fails is a :class:`KlingJournalError`, never an empty one."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def read(self) -> Record | None:
        """Return the record, or None when there is none for certain.

        :raises KlingJournalError: it cannot be read, is damaged, or is of a later release.
        """
        stored = self._guard(self._store.read)
        return None if stored is None else Record.from_json(stored)

    def write(self, record: Record) -> None:
        """Store the record.

        :raises KlingJournalError: it cannot be written.
        """
        self._guard(lambda: self._store.write(record.to_json()))

    @property
    def retains_finished(self) -> bool:
        """Whether the record stays. Otherwise it is to be dropped, but only once Airflow knows of the end."""
        return self._store.retains_finished

    def close(self, record: Record) -> None:
        """Store the record of a task that has ended; of a failed one only where it stays."""
        if record.phase is Phase.FAILED and not self._store.retains_finished:
            self.forget()
        else:
            self.write(record)

    def conclude(self, record: Record | None, action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Carry out the conclusion of a task and record how the task ended.

        A passed deadline, or trouble while the result is stored, leaves the record as it is: the next
        try finds the task by it.

        :param record: None when a person dropped it meanwhile; then nothing is recorded.
        """
        try:
            result = action()
        except KlingTaskFailedError:
            if record is not None:
                self.close(record.failed())
            raise
        if record is not None:
            self.close(record.submitted(result["task_id"]).finished(result))
        return result

    def forget(self) -> None:
        """Drop the record: it is certain that nothing runs on its account."""
        self._guard(self._store.delete)

    def adoption_hint(self, record: Record) -> str:
        """Say how a person puts a task's id into the record."""
        # Without the request: a message is logged, and what was asked for is nobody else's business.
        return self._store.change_hint({**record.to_json(), "request": None, "task_id": "<task id>"})

    def deletion_hint(self) -> str:
        """Say how a person drops the record."""
        return self._store.deletion_hint()

    def _guard(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except KlingError:
            raise
        except Exception as error:
            raise KlingJournalError(
                f"The record of this task cannot be read or written ({type(error).__name__}: {error}). "
                "Without it nobody can tell whether a submission was paid for already, so none is sent. "
                "A retry reads it again."
            ) from error
