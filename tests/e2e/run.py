"""One DAG run on a real Airflow."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dev.airflow_api import FINISHED, TaskInstance
from dev.airflow_stack import AirflowStack
from dev.waiting import WaitError

# What Airflow writes into a task's log. A state can pass between two polls of the API; a log line stays.
DEFERRING = "Pausing task as DEFERRED"
RESCHEDULING = "marking task as UP_FOR_RESCHEDULE"


@dataclass(kw_only=True)
class Run:
    """A run, and what Airflow tells about it. Its tasks have labels: ``generate``, ``mapped[1]``."""

    stack: AirflowStack
    dag_id: str
    run_id: str

    def tasks(self) -> dict[str, TaskInstance]:
        """Return the tasks as they are now, by label."""
        return {task.label: task for task in self.stack.api.task_instances(self.dag_id, self.run_id)}

    def state(self) -> str:
        """Return the run's state."""
        return self.stack.api.run_state(self.dag_id, self.run_id)

    def finish(self) -> str:
        """Wait for the end of the run and return its state."""

        def finished() -> str | None:
            state = self.state()
            return state if state in FINISHED else None

        return self.stack.wait_for(finished, what=f"the end of {self.run_id}")

    def until(self, label: str, state: str) -> TaskInstance:
        """Wait until a task is in a state, and return the task; WaitError when the run ends before that."""

        def reached() -> TaskInstance | None:
            ended = self.state() in FINISHED  # read first: what the tasks are then, they stay
            task = self.tasks().get(label)
            if task is not None and task.state == state:
                return task
            if ended:
                raise WaitError(f"{self.run_id} ended before {label} was {state}: {task}")
            return None

        return self.stack.wait_for(reached, what=f"{label} to be {state}")

    def log(self, label: str, try_number: int | None = None) -> str:
        """Return the log of one try of a task, the latest by default, with every field of its lines."""
        return "\n".join(map(json.dumps, self.stack.api.log(self.tasks()[label], try_number)))

    def result(self, label: str) -> dict[str, object]:
        """Return what the task returned."""
        return dict(self.stack.api.xcom(self.tasks()[label], "return_value"))
