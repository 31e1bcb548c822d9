"""The journal of one logical task: its record, read and moved forward through a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_provider_kling.exceptions import KlingError, KlingJournalError
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.store import Store

T = TypeVar("T")


class Journal:
    """Reads and writes the record. A store that fails is a :class:`KlingJournalError`, never "no record"."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def read(self) -> Record | None:
        """Return the record, or None when there is certainly none.

        :raises KlingJournalError: it cannot be read, is damaged, or is of a later release.
        """
        stored = self._guard(self._store.read)
        try:
            return None if stored is None else Record.from_json(stored)
        except KlingJournalError as error:
            raise error.with_context(self.clear_warning()) from error.__cause__

    def write(self, record: Record) -> None:
        """Store the record.

        :raises KlingJournalError: it cannot be written.
        """
        self._guard(lambda: self._store.write(record.to_json()))

    @property
    def retains_finished(self) -> bool:
        """Whether the record is kept after the end. Otherwise it is deleted when Airflow knows of the end."""
        return self._store.retains_finished

    def close(self, record: Record) -> None:
        """Store the record of a task that has ended; that of a failed one only where records are kept."""
        if record.phase is Phase.FAILED and not self._store.retains_finished:
            self.delete()
        else:
            self.write(record)

    def delete(self) -> None:
        """Delete the record. Only for one whose task has certainly ended, or was certainly never made."""
        self._guard(self._store.delete)

    def adoption_hint(self, record: Record) -> str:
        """Say how to put a task's id into the record by hand."""
        # Without the request: messages are logged, and a log must not hold the prompt.
        return self._store.change_hint({**record.to_json(), "request": None, "task_id": "<task id>"})

    def deletion_hint(self) -> str:
        """Say how to delete the record by hand."""
        return self._store.deletion_hint()

    def clear_warning(self) -> str:
        """Say when a clear deletes the record; empty where it never does."""
        return self._store.clear_warning()

    def _guard(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except KlingError:
            raise
        except Exception as error:
            raise KlingJournalError(
                f"The record of this Airflow task cannot be read or written ({type(error).__name__}: "
                f"{error}). Only the record tells whether the request was submitted before, so nothing was "
                "submitted now. A retry reads the record again."
            ) from error
