"""The tasks of the account: by their id, by the caller's own id, and as lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from airflow_provider_kling.sandbox.kling.service.rejection import Rejection, invalid
from airflow_provider_kling.sandbox.kling.service.task import Status, Task


class TaskStore:
    """The tasks in the order of their submission.

    What is not established has a parameter each.

    :param now: returns the current time in epoch seconds.
    :param read_lag: how long after its submission a task is found by no query, in seconds.
    :param failed_frees_external_id: whether the caller's id of a failed task can be used again.
    """

    def __init__(
        self, *, now: Callable[[], float], read_lag: float = 0.0, failed_frees_external_id: bool = False
    ) -> None:
        self._now = now
        self._read_lag = read_lag
        self._failed_frees = failed_frees_external_id
        self.clear()

    def clear(self) -> None:
        """Remove all tasks."""
        self._tasks: dict[str, Task] = {}
        self._by_external_id: dict[str, Task] = {}

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def add(self, task: Task) -> None:
        """Keep a task."""
        self._tasks[task.task_id] = task
        if task.external_id is not None:
            self._by_external_id[task.external_id] = task

    def check_external_id(self, external_id: str | None) -> None:
        """Check that an id is new: it is unique in the account, over all products and both generations.

        :raises Rejection: 400 with the code 1201.
        """
        if external_id is None or (holder := self._by_external_id.get(external_id)) is None:
            return
        if not (self._failed_frees and holder.final_status == Status.FAILED):
            raise already_exists(external_id)

    def by_id(self, task_id: str) -> Task | None:
        """Return a task by the service's id."""
        return self._visible(self._tasks.get(task_id))

    def by_external_id(self, external_id: str) -> Task | None:
        """Return a task by the caller's id."""
        return self._visible(self._by_external_id.get(external_id))

    def of_path(self, path: str) -> list[Task]:
        """Return the tasks of an endpoint, newest first (inferred)."""
        return [task for task in self.newest_first() if task.request.endpoint.path == path]

    def newest_first(self) -> list[Task]:
        """Return the tasks that queries find, the newest first."""
        return [task for task in reversed(self._tasks.values()) if self._visible(task) is not None]

    def _visible(self, task: Task | None) -> Task | None:
        if task is None or self._now() < task.schedule.submitted_at + self._read_lag:
            return None
        return task


def already_exists(external_id: str) -> Rejection:
    """Return the rejection of an id that is used already; the text is from a real response."""
    return invalid(f"External_task_id {external_id} already exists")


def not_found(task_id: str) -> Rejection:
    """Return the rejection of a legacy query; the text is from a real response."""
    return invalid(f"Task not found by id/external id: {task_id}")
