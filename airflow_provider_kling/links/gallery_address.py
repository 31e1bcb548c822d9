"""The task instance that a page is about, and the paths of its pages. Workers import it for links."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

PREFIX: Final = "/kling/gallery"
"""Where the API server has the gallery."""


class TaskKey(NamedTuple):
    """A task of a run.

    :ivar map_index: -1 for a task that is not mapped.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    def path(self, page: str = "") -> str:
        """Return the path of a page of the task, below the gallery.

        :param page: one of the pages of a task; the task itself by default.
        """
        steps = "/".join(quote(str(part), safe="") for part in self)
        return f"task/{steps}{f'/{page}' if page else ''}"

    def airflow_path(self, *, region: str | None = None) -> str:
        """Return the path of the task in Airflow's pages.

        :param region: of a task that is mapped or in a loop, from Airflow 3.4 on.
        """
        dag_id, run_id, task_id = (quote(part, safe="") for part in self[:3])
        task = f"dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
        if region is not None:
            return f"{task}?region_id={region}&region_index={self.map_index}"
        return task if self.map_index < 0 else f"{task}/mapped/{self.map_index}"
