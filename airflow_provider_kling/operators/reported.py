"""What Airflow and its ecosystem show of a task: its links, and its lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_kling.links.kling import KlingGalleryLink, KlingPosterLink, KlingVideoLink

if TYPE_CHECKING:
    from airflow_provider_kling.generation.report import Report


class Reported(BaseOperator):
    """The base of operators whose tasks make or fetch something that people look at."""

    operator_extra_links = (KlingVideoLink(), KlingPosterLink(), KlingGalleryLink())
    _report: Report | None = None  # of the try that runs, as soon as there is something to tell

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return what OpenLineage is told of a success, for Airflow's provider for it, which calls this."""
        del task_instance
        if self._report is None:
            return None
        from airflow_provider_kling.generation.openlineage import operator_lineage

        return operator_lineage(self._report)

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """Return what OpenLineage is told of a failure."""
        return self.get_openlineage_facets_on_complete(task_instance)
