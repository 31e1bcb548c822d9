"""The differences between Airflow 3.1, 3.2 and 3.3 that matter here, found by feature and not by version."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version
from airflow.sdk import BaseHook, Connection, Variable

try:  # Airflow 3.2
    from airflow.sdk.bases.decorator import determine_kwargs
    from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
    from airflow.sdk.lineage import get_hook_lineage_collector
    from airflow.sdk.observability.stats import Stats
except ImportError:  # Airflow 3.1
    from airflow.exceptions import AirflowFailException, AirflowSensorTimeout  # type: ignore[no-redef]
    from airflow.lineage.hook import get_hook_lineage_collector  # type: ignore[import-not-found,no-redef]
    from airflow.stats import Stats
    from airflow.utils.operator_helpers import determine_kwargs  # type: ignore[attr-defined]

try:  # Airflow 3.3
    from airflow.sdk.execution_time.context import NEVER_EXPIRE
except ImportError:
    NEVER_EXPIRE = timedelta.max

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = [
    "NEVER_EXPIRE",
    "AirflowFailException",
    "AirflowSensorTimeout",
    "Stats",
    "airflow_version",
    "delete_variable",
    "determine_kwargs",
    "get_connection_async",
    "get_extra_async",
    "get_hook_lineage_collector",
    "read_variable",
    "task_state_store",
    "write_variable",
]

# Airflow 3.3.2 brought `aextra_dejson` together with masking that never blocks. Before it,
# `aget_connection` masks through a blocking call, which breaks as soon as two triggers of one
# event loop look up a connection at the same time.
_MASKS_ASYNCHRONOUSLY = hasattr(Connection, "aextra_dejson")


async def get_connection_async(conn_id: str) -> Connection:
    """Look up a connection without blocking the event loop."""
    if _MASKS_ASYNCHRONOUSLY:
        return await BaseHook.aget_connection(conn_id)
    return await asyncio.to_thread(BaseHook.get_connection, conn_id)


async def get_extra_async(connection: Connection) -> dict[str, Any]:
    """Read a connection's extra without blocking the event loop."""
    if _MASKS_ASYNCHRONOUSLY:
        extra: dict[str, Any] = await connection.aextra_dejson()
        return extra
    return await asyncio.to_thread(lambda: connection.extra_dejson)


def task_state_store(context: Context) -> Any:
    """Return Airflow 3.3's task state store, or None before."""
    return context.get("task_state_store")


def read_variable(name: str) -> str | None:
    """Return a Variable's value, or None when there is none.

    ``Variable.get`` cannot be used: on Airflow 3.1 and 3.2 it takes a Variable that could not be
    read for one that does not exist. This asks the supervisor, whose answer tells the two apart.

    :raises RuntimeError: the Variable could not be read.
    """
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, GetVariable, VariableResult
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    answer = SUPERVISOR_COMMS.send(GetVariable(key=name))
    if isinstance(answer, VariableResult):
        return answer.value
    if isinstance(answer, ErrorResponse) and answer.error == ErrorType.VARIABLE_NOT_FOUND:
        return None
    raise RuntimeError(f"the Variable {name!r} could not be read: {answer!r}")


def write_variable(name: str, value: str) -> None:
    """Set a Variable. Airflow only logs a failure, so read it back."""
    Variable.set(name, value)


def delete_variable(name: str) -> None:
    """Delete a Variable, if there is one."""
    Variable.delete(name)
