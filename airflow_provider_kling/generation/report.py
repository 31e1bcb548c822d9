"""Reporting a generation to Airflow: the one place for its XComs, log, assets, lineage and metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset, ObjectStoragePath, Stats, get_hook_lineage_collector

from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.generation.result import GenerationResult, stored_uris

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

# The link is left out: it may be signed, and everybody can read the event.
_IN_ASSET_EVENT = ("task_id", "model", "uri", "sha256", "bytes", "cost_usd", "cost", "cost_unit")


def report_task(context: Context, *, task_id: str, costs: Mapping[str, object] | None = None) -> None:
    """Push a task's id and, as soon as it is known, its cost: also for a task that fails.

    :param costs: has ``cost_usd``, or ``cost`` and ``cost_unit``, or none of them.
    """
    costs = costs or {}
    pushed = {
        xcom_keys.TASK_ID: task_id,
        xcom_keys.COST_USD: costs.get("cost_usd"),
        xcom_keys.COST: costs.get("cost"),
        xcom_keys.COST_UNIT: costs.get("cost_unit"),
    }
    for key, value in pushed.items():
        if value is not None:
            context["ti"].xcom_push(key=key, value=value)


def report(context: Context, result: GenerationResult) -> None:
    """Report a result."""
    report_task(context, task_id=result["task_id"], costs=result)
    _log(result)
    if not result["reused"]:
        Stats.incr("kling.generations")
        if result["elapsed_s"] is not None:
            Stats.timing("kling.generation_duration", result["elapsed_s"] * 1000)
    for uri in stored_uris(result):
        get_hook_lineage_collector().add_output_asset(context=ObjectStoragePath(uri), uri=uri)
    extra: dict[str, Any] = {key: value for key, value in result.items() if key in _IN_ASSET_EVENT}
    for outlet in context["task"].outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(extra)


def _log(result: GenerationResult) -> None:
    cost, unit = result.get("cost", result["cost_usd"]), result.get("cost_unit", "USD")
    known = [
        result["model"],
        None if result["elapsed_s"] is None else f"{result['elapsed_s']} s",
        None if cost is None else f"{cost} {unit}",
        f"stored as {result['uri']}" if result["uri"] else None,
    ]
    log.info("Task %s is finished: %s", result["task_id"], ", ".join(filter(None, known)))
    if result["reused"]:
        log.warning(
            "REUSED: task %s was paid for with the same request, so nothing was submitted. To pay for a new "
            "result, set on_rerun='regenerate', and clear this Airflow task.",
            result["task_id"],
        )
