"""Where a record can be kept in Airflow: the task state store, and a Variable. Thin: no rules are here."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

from airflow.providers.common.compat.sdk import Variable

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import KlingJournalError

STATE_KEY: Final = "kling"
NOTHING: Any = object()
"""What is read where nothing is stored."""


class Store(Protocol):
    """One place for one record."""

    def load(self) -> Any:
        """Return what is stored, or :data:`NOTHING`. A stored ``null`` is a damaged record."""

    def save(self, value: Mapping[str, Any]) -> None:
        """Store a value, and return only when it can be read."""

    def remove(self) -> None:
        """Delete what is stored, if anything is."""


class StateStore:
    """Airflow's task state store, which is there from Airflow 3.3 on.

    :param accessor: of the running task, from its context.
    :param path: of the entry in Airflow's REST API.
    """

    def __init__(self, *, accessor: Any, path: str) -> None:
        self._accessor = accessor
        self._path = path
        self.ui = f"the key {STATE_KEY!r} in Storage > Task State Store of the task"

    def load(self) -> Any:
        """Return what is stored, or :data:`NOTHING`."""
        return self._accessor.get(STATE_KEY, NOTHING)

    def save(self, value: Mapping[str, Any]) -> None:
        """Store a value for good; the default would drop it after 30 days."""
        self._accessor.set(STATE_KEY, dict(value), retention=compat.NEVER_EXPIRE)

    def remove(self) -> None:
        """Delete what is stored, if anything is."""
        self._accessor.delete(STATE_KEY)

    def deletion_command(self) -> str:
        """Return the shell command that deletes the entry."""
        return _curl("DELETE", self._path)


class VariableStore:
    """An Airflow Variable, which no clear of a task deletes.

    :param name: of the Variable.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._path = f"/api/v2/variables/{quote(name, safe='')}"
        self.ui = f"the Variable {name!r} in Admin > Variables"

    def load(self) -> Any:
        """Return what is stored, or :data:`NOTHING`; a text that is no JSON as it is."""
        stored = compat.read_variable(self._name)
        if stored is None:
            return NOTHING
        try:
            return json.loads(stored)
        except (ValueError, RecursionError):
            return stored  # a text is no record, so it is damaged

    def save(self, value: Mapping[str, Any]) -> None:
        """Store a value.

        :raises KlingJournalError: it is not there afterwards. When a Variable cannot be written, Airflow only
            logs that.
        """
        stored = json.dumps(value)
        Variable.set(self._name, stored)
        if compat.read_variable(self._name) != stored:
            raise KlingJournalError(
                f"The record of this Airflow task could not be written to the Variable {self._name!r}. "
                "Nothing is submitted without a record. A retry reads it again."
            )

    def remove(self) -> None:
        """Delete what is stored, if anything is."""
        Variable.delete(self._name)

    def deletion_command(self) -> str:
        """Return the shell command that deletes the Variable."""
        return _curl("DELETE", self._path)

    def change_command(self, value: Mapping[str, Any]) -> str:
        """Return the shell command that puts another value in the place of the stored one."""
        # As a text: Airflow 3.1 stores nothing else as it is.
        body = json.dumps({"key": self._name, "value": json.dumps(value)})
        return f"{_curl('PATCH', self._path)} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def _curl(method: str, path: str) -> str:
    # `path` is percent-encoded, so a shell finds nothing in it.
    return f'curl -X {method} "$AIRFLOW_URL{path}" -H "Authorization: Bearer $AIRFLOW_TOKEN"'
