"""Airflow's Variables as a task sees them: in memory, with the ways in which they fail; or the real ones."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import Variable

from airflow_provider_kling import compat

_REAL = (compat.read_variable, Variable.set, Variable.delete)


class FakeVariables:
    """Variables in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.readable = self.writable = True

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put them in the place of Airflow's."""
        _install(patch, self.read, self.write, self.delete)

    def read(self, name: str) -> str | None:
        """Return a value, or None."""
        if not self.readable:
            raise RuntimeError("the API server is down")
        return self.values.get(name)

    def write(self, name: str, value: str) -> None:
        """Store a value; where that fails, Airflow only logs it."""
        if self.writable:
            self.values[name] = value

    def delete(self, name: str) -> None:
        """Forget a value."""
        if not self.writable:
            raise RuntimeError("the API server is down")
        self.values.pop(name, None)


def use_real_variables(patch: pytest.MonkeyPatch) -> None:
    """Undo :meth:`FakeVariables.install`."""
    _install(patch, *_REAL)


def _install(patch: pytest.MonkeyPatch, read: object, write: object, delete: object) -> None:
    patch.setattr(compat, "read_variable", read)
    patch.setattr(Variable, "set", write)
    patch.setattr(Variable, "delete", delete)
