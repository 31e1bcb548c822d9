"""The extra links of a task: to its video, its poster and its page in the gallery.

Airflow computes them on the worker when a try ends, and when it defers. They say where to look and nothing
else, so they need no request and hold no secret, and they are the same before, during and after a
generation, whatever becomes of it. What is there, the gallery finds out when somebody follows one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow.providers.common.compat.sdk import AirflowConfigException, BaseOperatorLink, conf

from airflow_provider_kling.links.gallery_address import PREFIX, TaskKey

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

__all__ = ["KlingGalleryLink", "KlingPosterLink", "KlingVideoLink"]


class _TaskLink(BaseOperatorLink):
    """A link to one of the gallery's pages of a task; empty where the gallery is off."""

    page: ClassVar[str] = ""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the link, relative to the address of Airflow's pages, which may have a path before it."""
        del operator
        try:
            is_on = conf.getboolean("kling", "gallery", fallback=True)
        except AirflowConfigException:  # the API server says so, where it matters
            is_on = True
        if not is_on:
            return ""
        # On a worker it is the task instance. In a loop of Airflow 3.4 that has the number of its iteration
        # here, where a mapped task has its map index; the database has one number for both.
        index = getattr(ti_key, "region_index", None)
        map_index = ti_key.map_index if index is None else index
        key = TaskKey(ti_key.dag_id, ti_key.run_id, ti_key.task_id, map_index)
        return f"{PREFIX.lstrip('/')}/{key.path(self.page)}"


class KlingVideoLink(_TaskLink):
    """To the stored copy, else to the service's link while it works, else to the page that says why not."""

    name = "Video"
    page = "video"


class KlingPosterLink(_TaskLink):
    """To the image beside a stored video, else to the page."""

    name = "Poster"
    page = "poster"


class KlingGalleryLink(_TaskLink):
    """To the page of the task in the gallery."""

    name = "Gallery"
