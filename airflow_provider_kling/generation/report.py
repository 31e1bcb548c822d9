"""Reporting a generation to Airflow: the one place for its XComs, log, assets, lineage and metrics."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset, ObjectStoragePath, Stats, get_hook_lineage_collector

from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.generation.result import GenerationResult, stored_uris

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def report_task(
    context: Context,
    *,
    task_id: str,
    cost_usd: Decimal | str | None = None,
    cost: Decimal | str | None = None,
    cost_unit: str | None = None,
) -> None:
    """Push a task's id and, as soon as it is known, its cost: also for a task that fails.

    :param cost: in ``cost_unit``, for services that do not bill in USD.
    """
    ti = context["ti"]
    ti.xcom_push(key=xcom_keys.TASK_ID, value=task_id)
    if cost_usd is not None:
        ti.xcom_push(key=xcom_keys.COST_USD, value=str(cost_usd))
    if cost is not None and cost_unit is not None:
        ti.xcom_push(key=xcom_keys.COST, value=str(cost))
        ti.xcom_push(key=xcom_keys.COST_UNIT, value=cost_unit)


def report(context: Context, result: GenerationResult) -> None:
    """Report a result."""
    report_task(
        context,
        task_id=result["task_id"],
        cost_usd=result["cost_usd"],
        cost=result.get("cost"),
        cost_unit=result.get("cost_unit"),
    )
    _log(result)
    _count(result)
    for uri in stored_uris(result):
        get_hook_lineage_collector().add_output_asset(context=ObjectStoragePath(uri), uri=uri)
    # The link is left out: it may be signed, and everybody can read the event.
    told = ("task_id", "model", "uri", "sha256", "bytes", "cost_usd", "cost", "cost_unit")
    extra: dict[str, Any] = {key: value for key, value in result.items() if key in told}
    for outlet in context["task"].outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(extra)


def _log(result: GenerationResult) -> None:
    known = [
        result["model"],
        None if result["elapsed_s"] is None else f"{result['elapsed_s']} s",
        _cost(result),
        f"stored as {result['uri']}" if result["uri"] else None,
    ]
    log.info("Task %s is finished: %s", result["task_id"], ", ".join(filter(None, known)))
    if result["reused"]:
        log.warning(
            "REUSED: task %s was paid for with the same request, so nothing was submitted. To pay for a new "
            "result, set on_rerun='regenerate' or delete the record, and clear this Airflow task.",
            result["task_id"],
        )


def _cost(result: GenerationResult) -> str | None:
    if "cost" in result and "cost_unit" in result:
        return f"{result['cost']} {result['cost_unit']}"
    return None if result["cost_usd"] is None else f"{result['cost_usd']} USD"


def _count(result: GenerationResult) -> None:
    if result["reused"]:
        return
    Stats.incr("kling.generations")
    if result["elapsed_s"] is not None:
        Stats.timing("kling.generation_duration", result["elapsed_s"] * 1000)
