"""The differences between Airflow 3.1, 3.2 and 3.3 that matter here, found by feature and not by version."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow import __version__ as airflow_version
from airflow.sdk import BaseHook, Connection

try:  # Airflow 3.2
    from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
    from airflow.sdk.lineage import get_hook_lineage_collector
    from airflow.sdk.observability.stats import Stats
except ImportError:  # Airflow 3.1
    from airflow.exceptions import AirflowFailException, AirflowSensorTimeout  # type: ignore[no-redef]
    from airflow.lineage.hook import get_hook_lineage_collector  # type: ignore[import-not-found,no-redef]
    from airflow.stats import Stats

__all__ = [
    "AirflowFailException",
    "AirflowSensorTimeout",
    "Stats",
    "airflow_version",
    "get_connection_async",
    "get_extra_async",
    "get_hook_lineage_collector",
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
