"""The views of a task: that of the new standard, that of the legacy one, and which a callback has."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.sandbox.kling.service.endpoint import Generation
from airflow_provider_kling.sandbox.kling.service.legacy_view import legacy_view
from airflow_provider_kling.sandbox.kling.service.library import Library
from airflow_provider_kling.sandbox.kling.service.new_view import new_view
from airflow_provider_kling.sandbox.kling.service.task import Task
from airflow_provider_kling.sandbox.kling.service.task_files import Links, TaskFiles


class TaskViews:
    """Shows tasks of an account.

    :param result_ttl: how long files are kept, in seconds.
    """

    def __init__(self, *, links: Links, library: Library, result_ttl: float) -> None:
        self._links = links
        self._library = library
        self._result_ttl = result_ttl

    def new(self, task: Task, *, now: float, base_url: str) -> dict[str, Any]:
        """Return a task as the new standard shows it.

        :param base_url: the address under which the reader reaches the service.
        """
        return new_view(task, self._files(task, base_url), self._library, now=now)

    def legacy(self, task: Task, *, now: float, base_url: str) -> dict[str, Any]:
        """Return a task as the legacy standard shows it."""
        return legacy_view(task, self._files(task, base_url), self._library, now=now)

    def callback(self, task: Task, *, now: float) -> dict[str, Any]:
        """Return a task as its own generation shows it."""
        show = self.new if task.generation is Generation.NEW else self.legacy
        return show(task, now=now, base_url=task.base_url)

    def _files(self, task: Task, base_url: str) -> TaskFiles:
        return TaskFiles(task=task, links=self._links, base_url=base_url, result_ttl=self._result_ttl)
