"""One DAG run, watched."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field

from dev.airflow_api import FINISHED, TaskInstance
from dev.airflow_stack import AirflowStack


@dataclass(kw_only=True)
class Run:
    """A run and every state that its tasks were seen in, by label (``generate``, ``mapped[1]``)."""

    stack: AirflowStack
    dag_id: str
    run_id: str
    seen: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))

    def look(self) -> dict[str, TaskInstance]:
        """Ask Airflow once for the tasks, by label."""
        tasks = {task.label: task for task in self.stack.api.task_instances(self.dag_id, self.run_id)}
        for label, task in tasks.items():
            self.seen[label].add(task.state)
        return tasks

    def finish(self, *, timeout: float = 300) -> str:
        """Wait for the end of the run and return its state."""

        def finished() -> str | None:
            state = self.stack.api.run_state(self.dag_id, self.run_id)
            self.look()
            return state if state in FINISHED else None

        return self.stack.wait_for(finished, what=f"the end of {self.run_id}", timeout=timeout)

    def until(self, label: str, state: str, *, timeout: float = 120) -> TaskInstance:
        """Wait until a task is in a state, and return the task."""

        def there() -> TaskInstance | None:
            task = self.look().get(label)
            return task if task is not None and task.state == state else None

        return self.stack.wait_for(there, what=f"{label} to be {state}", timeout=timeout, every=0.1)

    def log(self, label: str) -> str:
        """Return a task's whole log, with every field of its lines."""
        return "\n".join(json.dumps(entry) for entry in self.stack.api.log(self.look()[label]))

    def result(self, label: str) -> dict[str, object]:
        """Return what the task returned."""
        return dict(self.stack.api.xcoms(self.look()[label])["return_value"])
