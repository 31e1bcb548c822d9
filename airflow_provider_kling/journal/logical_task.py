"""The identity of a task in Airflow, which stays the same in each of its tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class LogicalTask(NamedTuple):
    """What has one record, and pays once: a task of a run, whatever the try.

    :ivar map_index: -1 for a task that is not mapped.
    :ivar iteration: of the task's loop, from 0 (Airflow 3.4); None outside of loops.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    iteration: int | None = None

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the running task."""
        ti: Any = context["ti"]
        loop: Any = context.get("loop")
        iteration = None if loop is None else int(loop.index)
        return cls(ti.dag_id, ti.run_id, ti.task_id, ti.map_index, iteration)

    def is_same_in(self, other: LogicalTask) -> bool:
        """Tell whether it is the same task of the same DAG, in this run or in another one."""
        return self._replace(run_id="") == other._replace(run_id="")

    @property
    def name(self) -> str:
        """The task, for people."""
        index = "" if self.map_index < 0 else f", map index {self.map_index}"
        turn = "" if self.iteration is None else f", iteration {self.iteration}"
        return f"task {self.task_id!r:.80} of DAG {self.dag_id!r:.80} (run {self.run_id!r:.80}{index}{turn})"
