"""A callback that gets the result, with its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_kling.generation.result import GenerationResult

__all__ = ["on_result"]


def on_result(callback: Callable[[GenerationResult, Context], object]) -> Callable[[Context], None]:
    """Return an ``on_success_callback`` for a task of this provider that calls another with the result.

    >>> def archive(result, context):
    ...     print(result["uri"], result["cost_usd"])
    >>> on_success_callback = on_result(archive)

    :param callback: called with what the task returned, and with Airflow's context. An error in it is logged
        by Airflow, and changes nothing for the task.
    """

    def on_success(context: Context) -> None:
        result = pulled(context, key="return_value")
        if isinstance(result, Mapping):
            callback(cast("GenerationResult", dict(result)), context)

    return on_success


def pulled(context: Context, *, key: str) -> Any:
    """Return an XCom that the task of a callback has pushed; None where there is none."""
    ti = context["ti"]
    return ti.xcom_pull(key=key, task_ids=ti.task_id, map_indexes=ti.map_index)
