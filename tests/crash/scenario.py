"""One DAG run that something is done to, with the sandbox that counts its submissions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airflow_provider_kling.journal.journal import variable_name
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_api import TaskInstance
from dev.waiting import WaitError
from tests.crash.report import Row
from tests.e2e.run import Run
from tests.e2e.submissions import prompt_of

TASK = "generate"
UNKNOWN = "KlingSubmissionUnknownError"
ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})  # a task's last states
# What the scheduler notes of a worker that was killed; but also when the report of a worker that deferred its
# task comes so late that another runs it, which is given up then: a matter of the machine's pace alone.
MISMATCH = "state mismatch"


@dataclass(kw_only=True)
class Scenario(Run):
    """A run of one clip.

    :param prompt: this run's alone, so that the sandbox's log tells its submissions from others'.
    :param clip: where the clip is stored; None when it is not.
    :param label: of the task, in a loop with its iteration.
    :param is_killed: its first try kills itself.
    """

    prompt: str
    sandbox: SandboxProcess
    clip: Path | None
    label: str = TASK
    is_killed: bool = False

    @property
    def task(self) -> TaskInstance:
        """The task as it is now."""
        return self.tasks()[self.label]

    def posts(self) -> int:
        """Return how often the request reached the service."""
        return len(self._posts())

    def accepted(self) -> int:
        """Return how many submissions took effect; a lost response (no status) is of one that did."""
        return sum(status in (200, None) for status in self._posts())

    def _posts(self) -> list[int | None]:
        sent = self.sandbox.requests("POST")
        return [each["status"] for each in sent if prompt_of(each["body"]) == self.prompt]

    def deferred(self) -> TaskInstance:
        """Wait until a triggerer waits for the clip, and return the task; WaitError when it has ended."""

        def held() -> TaskInstance | None:
            task = self.tasks().get(self.label)  # not there before its loop's iteration
            if task is None:
                return None
            if task.state in ENDED:
                raise WaitError(f"{self.run_id} ended before a triggerer held it: {task.state}")
            return task if task.state == "deferred" and task.triggerer_id else None

        return self.stack.wait_for(held, what=f"a triggerer to hold {self.run_id}")

    def tries_of(self, task: TaskInstance) -> int:
        """Return how often the task was tried, without the tries that the scheduler gave up by mistake."""
        mismatches = {event["try_number"] for event in self.stack.api.events(task, MISMATCH)}
        return task.try_number - len(mismatches - {1} if self.is_killed else mismatches)

    def ended(self, *, tries: int = 1) -> TaskInstance:
        """Wait until the task has ended after so many tries, and return the task."""

        def last() -> TaskInstance | None:
            task = self.tasks().get(self.label)
            return task if task and task.state in ENDED and self.tries_of(task) == tries else None

        return self.stack.wait_for(last, what=f"the end of {self.run_id} after {tries} tries")

    def cleared(self) -> str:
        """Have the task run again, wait for its end, and return the run's state."""
        task = self.task
        tries = self.tries_of(task)
        self.stack.api.clear(task)
        self.ended(tries=tries + 1)
        return self.finish()

    def task_log(self, try_number: int | None = None) -> str:
        """Return the log of one try, the latest by default, with every field of its lines."""
        return self.log(self.label, try_number)

    def story(self) -> str:
        """Return the logs of all tries, for the message of a test that fails."""
        logs = (self.task_log(number) for number in range(1, self.task.try_number + 1))
        return "\n\n".join(logs)

    def error(self) -> str:
        """Return what the latest try's exception says, with its class in front; nothing without one."""
        for entry in self.stack.api.log(self.task):
            for cause in entry.get("error_detail") or []:
                return f"{cause['exc_type']}: {cause['exc_value']}"
        return ""

    def variable(self, map_index: int = -1) -> str:
        """Return the name of the Variable that has the record while the submission is open."""
        return variable_name(LogicalTask(self.dag_id, self.run_id, TASK, map_index))

    def row(self, what: str, *, mode: str = "deferrable") -> Row:
        """Return what came of it, and check that a success left the clip."""
        task = self.task
        if task.state == "success":
            if self.clip:
                assert self.clip.stat().st_size == self.result(self.label)["bytes"]
            end = "success"
        else:
            end = self.error().partition(":")[0]
        return Row(what=what, mode=mode, accepted=self.accepted(), tries=self.tries_of(task), end=end)


def waits_or_ended(scenario: Scenario, *, tries: int) -> bool:
    """Tell whether the task waits in a triggerer in its latest try, or ended without a need to."""
    task = scenario.task
    waits = task.state == "deferred" and task.triggerer_id is not None
    return scenario.tries_of(task) == tries and (waits or task.state in ENDED)
