"""What OpenLineage is told of a task. Imported only where Airflow's provider for OpenLineage asks."""

from __future__ import annotations

from typing import Any

from airflow.providers.openlineage.extractors import OperatorLineage
from attrs import define
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import RunFacet

from airflow_provider_kling.generation.lineage import dataset
from airflow_provider_kling.generation.report import Report

FACET = "kling"
"""The name of the facet of a run."""


@define
class KlingRunFacet(RunFacet):
    """What is known of the generation. The prompt itself is not told: whoever has it can compare hashes.

    :param gateway: the service.
    :param model: as the DAG names it.
    :param taskId: at the service.
    :param promptSha256: of the prompt, in hexadecimal.
    :param outcome: see :class:`~airflow_provider_kling.generation.outcome.Outcome`.
    :param reused: it was paid for by an earlier try.
    :param durationSeconds: the length of the clip.
    :param cost: what the service bills.
    :param costUnit: ``USD``, or a unit of the service's own.
    """

    gateway: str | None = None
    model: str | None = None
    taskId: str | None = None  # noqa: N815  - OpenLineage's facets are written so
    promptSha256: str | None = None  # noqa: N815
    outcome: str | None = None
    reused: bool = False
    durationSeconds: float | None = None  # noqa: N815
    cost: str | None = None
    costUnit: str | None = None  # noqa: N815


def operator_lineage(report: Report) -> OperatorLineage[Any, Any]:
    """Return the files that a task has read and written, and what is known of its generation."""
    known, cost = report.summary, report.summary.bill
    facet = KlingRunFacet(
        gateway=report.tags["gateway"],
        model=known.model,
        taskId=known.task_id,
        promptSha256=report.prompt_sha256,
        outcome=known.outcome and known.outcome.value,
        reused=known.reused,
        durationSeconds=known.duration_s,
        cost=cost and str(cost.amount),
        costUnit=cost and cost.unit,
    )
    reads, writes = map(dataset, report.reads), map(dataset, report.writes)
    return OperatorLineage(
        inputs=[InputDataset(namespace=file.namespace, name=file.name) for file in reads],
        outputs=[OutputDataset(namespace=file.namespace, name=file.name) for file in writes],
        run_facets={FACET: facet},
    )
