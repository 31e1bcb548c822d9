"""One DAG run that something is done to, with the sandbox that judges it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_api import TaskInstance
from tests.crash.ledger import Row
from tests.e2e.run import Run

TASK = "generate"
UNKNOWN = "KlingSubmissionUnknownError"


@dataclass(kw_only=True)
class Trial(Run):
    """A run of one clip.

    :param prompt: this run's alone, so that the sandbox's log tells its submissions from others'.
    :param film: where the clip is stored.
    """

    prompt: str
    sandbox: SandboxProcess
    film: Path

    @property
    def task(self) -> TaskInstance:
        """The task as it is now."""
        return self.look()[TASK]

    def posts(self) -> int:
        """Return how often the request reached the service."""
        return len(self._posts())

    def accepted(self) -> int:
        """Return how many submissions took effect; a lost answer (no status) is of one that did."""
        return sum(status in (200, None) for status in self._posts())

    def _posts(self) -> list[int | None]:
        sent = self.sandbox.requests("POST")
        return [each["status"] for each in sent if (each["body"] or {}).get("prompt") == self.prompt]

    def deferred(self) -> TaskInstance:
        """Wait until a triggerer waits for the clip, and return the task."""

        def held() -> TaskInstance | None:
            task = self.task
            return task if task.state == "deferred" and task.triggerer_id else None

        return self.stack.wait_for(held, what=f"a triggerer to hold {self.run_id}", timeout=120)

    def clear(self) -> None:
        """Have the task run again."""
        self.stack.api.clear(self.dag_id, self.run_id, [TASK])

    def cleared(self) -> str:
        """Have the task run again, wait for its end, and return the run's state."""
        before = self.task.try_number
        self.clear()
        # A run that has ended keeps that state until the scheduler looks at it again.
        self.stack.wait_for(lambda: self.task.try_number > before, what="another try", timeout=120)
        return self.finish()

    def story(self, try_number: int | None = None) -> str:
        """Return the log of one try, the latest by default, with every field of its lines."""
        return "\n".join(map(json.dumps, self.stack.api.log(self.task, try_number)))

    def error(self) -> str:
        """Return what the latest try's exception says, with its class in front; nothing without one."""
        for entry in self.stack.api.log(self.task):
            for cause in entry.get("error_detail") or []:
                return f"{cause['exc_type']}: {cause['exc_value']}"
        return ""

    def row(self, what: str, *, mode: str = "deferrable") -> Row:
        """Return what came of it, and check that a success left the clip."""
        task = self.task
        if task.state == "success":
            assert self.film.stat().st_size == self.result(TASK)["bytes"]
            end = "success"
        else:
            end = self.error().partition(":")[0]
        return Row(what=what, mode=mode, accepted=self.accepted(), tries=task.try_number, end=end)
