"""Where the record of a task is stored: Airflow's task state store, or a Variable where there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import quote

from airflow_provider_kling.compat import (
    NEVER_EXPIRE,
    delete_variable,
    read_variable,
    task_state_store,
    write_variable,
)
from airflow_provider_kling.exceptions import KlingJournalError

if TYPE_CHECKING:
    from airflow.sdk import Context

STATE_KEY = "kling"


class Store(Protocol):
    """Keeps one JSON object for one logical task: a DAG, a run, a task and a map index, whatever the try.

    A failed read is an error and never "nothing is stored": the caller would pay again.
    """

    retains_finished: ClassVar[bool]
    """Whether a record is kept after the task has ended."""

    def read(self) -> Any:
        """Return what is stored, or None for nothing."""

    def write(self, value: dict[str, Any]) -> None:
        """Store, and return only when it can be read."""

    def delete(self) -> None:
        """Delete what is stored."""

    def change_hint(self, value: Mapping[str, Any]) -> str:
        """Say how to store ``value`` by hand."""

    def deletion_hint(self) -> str:
        """Say how to delete it by hand."""

    def clear_warning(self) -> str:
        """Say when a clear of the Airflow task deletes it; empty where a clear never does."""


class TaskStateStore:
    """The task state store of Airflow 3.3 and newer. It keeps a record over retries and crashes.

    Airflow 3.3 keeps it at a clear, too. Airflow 3.4 deletes it then, unless told to keep it (3.4.0b2).
    """

    retains_finished: ClassVar[bool] = True

    def __init__(self, *, accessor: Any, path: str) -> None:
        self._accessor = accessor
        self._path = path

    def read(self) -> Any:
        """Return what is stored, or None for nothing."""
        return self._accessor.get(STATE_KEY)

    def write(self, value: dict[str, Any]) -> None:
        """Store for good; the default would drop it after 30 days."""
        self._accessor.set(STATE_KEY, value, retention=NEVER_EXPIRE)

    def delete(self) -> None:
        """Delete what is stored."""
        self._accessor.delete(STATE_KEY)

    def change_hint(self, value: Mapping[str, Any]) -> str:
        """Name the place in the UI, and the call of Airflow's REST API."""
        body = json.dumps({"value": value})
        return (
            f"in Airflow's UI, Storage > Task State Store of the task, edit key {STATE_KEY!r}; or run: "
            f'curl -X PATCH "$AIRFLOW_URL{self._path}" -H "Authorization: Bearer $AIRFLOW_TOKEN" '
            f"-H 'Content-Type: application/json' -d '{body}'"
        )

    def deletion_hint(self) -> str:
        """Name the place in the UI, and the call of Airflow's REST API."""
        return (
            f"in Airflow's UI, Storage > Task State Store of the task, delete key {STATE_KEY!r}; or run: "
            f'curl -X DELETE "$AIRFLOW_URL{self._path}" -H "Authorization: Bearer $AIRFLOW_TOKEN"'
        )

    def clear_warning(self) -> str:
        """Name the option of Airflow 3.4."""
        return (
            "From Airflow 3.4 on, clear it with 'Keep task state and resume': a clear without that deletes "
            "the record, and the task submits and pays again."
        )


class VariableStore:
    """An Airflow Variable, on Airflow 3.1 and 3.2. It is deleted when the task has ended."""

    retains_finished: ClassVar[bool] = False

    def __init__(self, *, name: str) -> None:
        self._name = name

    def read(self) -> Any:
        """Return what is stored, or None for nothing."""
        stored = read_variable(self._name)
        return None if stored is None else json.loads(stored)

    def write(self, value: dict[str, Any]) -> None:
        """Store, and read again: when a Variable cannot be written, Airflow only logs that."""
        stored = json.dumps(value)
        write_variable(self._name, stored)
        if read_variable(self._name) != stored:
            raise KlingJournalError(
                f"The record of this Airflow task could not be written to the Variable {self._name!r}. "
                "Nothing is submitted without a record. A retry reads it again."
            )

    def delete(self) -> None:
        """Delete what is stored."""
        delete_variable(self._name)

    def change_hint(self, value: Mapping[str, Any]) -> str:
        """Name Airflow's command."""
        return f"run: airflow variables set {self._name} '{json.dumps(value)}'"

    def deletion_hint(self) -> str:
        """Name Airflow's command."""
        return f"run: airflow variables delete {self._name}"

    def clear_warning(self) -> str:
        """Say nothing: Airflow 3.1 and 3.2 keep Variables at a clear."""
        return ""


def logical_task(context: Context) -> tuple[str, str, str, int]:
    """Return what identifies the running task in each of its tries: DAG, run, task and map index."""
    ti: Any = context["ti"]
    return ti.dag_id, ti.run_id, ti.task_id, ti.map_index


def open_store(context: Context) -> Store:
    """Return the store for the running task."""
    dag_id, run_id, task_id, map_index = logical_task(context)
    accessor = task_state_store(context)
    if accessor is not None:
        dag, run, task = (quote(part, safe="") for part in (dag_id, run_id, task_id))
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/state-store/{STATE_KEY}"
        return TaskStateStore(accessor=accessor, path=f"{path}?map_index={map_index}")
    identity = "\0".join((dag_id, run_id, task_id, str(map_index)))
    return VariableStore(name=f"kling_journal_{hashlib.sha256(identity.encode()).hexdigest()[:32]}")
