"""The ways to have a task run again, the states in which that happens, and what has to come of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from itertools import product

import airflow.sdk
from airflow.api_fastapi.core_api.datamodels.task_instances import ClearTaskInstancesBody

from tests.crash.report import Row
from tests.crash.scenario import UNKNOWN

# Without a task state store, before Airflow 3.3, the record is deleted when the task has succeeded.
HAS_STATE_STORE = find_spec("airflow.models.task_state_store") is not None
# From Airflow 3.4 on, a plain clear of a task empties its state store.
CLEAR_EMPTIES_STORE = "keep_task_state" in ClearTaskInstancesBody.model_fields
HAS_LOOPS = hasattr(airflow.sdk, "LoopDecision")


class State(StrEnum):
    """What has become of the generation when the task is cleared."""

    RUNNING = "still running"
    UNKNOWN = "outcome unknown"
    SUCCEEDED = "succeeded"
    SUCCEEDED_WITHOUT_OUTPUT = "succeeded, without output"


class Way(StrEnum):
    """What a person does."""

    CLEAR = "task cleared"
    CLEAR_KEEPING_STATE = "task cleared, its state kept"
    CLEAR_OF_RUN = "run cleared"
    COMMAND = "airflow tasks clear"
    MARKED_FAILED = "task marked failed, then cleared"
    MARKED_SUCCESS = "task marked a success, then cleared"
    LOOP_ITERATION = "iteration of a loop cleared"


PLAIN = frozenset({Way.CLEAR, Way.MARKED_FAILED, Way.MARKED_SUCCESS, Way.LOOP_ITERATION})
"""The ways that end with a plain clear of a task."""

CONNECTIONS: Mapping[State, str] = {
    State.RUNNING: "kling_cleared_running",
    State.UNKNOWN: "kling_cleared_unknown",
    State.SUCCEEDED: "kling_cleared",
    State.SUCCEEDED_WITHOUT_OUTPUT: "kling_cleared",
}


@dataclass(frozen=True, kw_only=True)
class ClearCase:
    """One way to clear a task in one state."""

    way: Way
    state: State

    def __str__(self) -> str:
        return f"{self.way.name.lower()}-{self.state.name.lower()}"

    @property
    def what(self) -> str:
        return f"{self.state}: {self.way}"

    @property
    def dag_id(self) -> str:
        return {Way.COMMAND: "cleared_by_command", Way.LOOP_ITERATION: "looped"}.get(self.way, "plain")

    @property
    def record_is_lost(self) -> bool:
        """Tell whether what the task keeps in Airflow's own store, or kept until its success, is gone."""
        if not HAS_STATE_STORE:
            return self.state in (State.SUCCEEDED, State.SUCCEEDED_WITHOUT_OUTPUT)
        return CLEAR_EMPTIES_STORE and self.way in PLAIN

    @property
    def is_kept(self) -> bool:
        """Tell whether what was paid for has to be found again, also without that record.

        An open submission has a second record, and a result at ``output`` has a sidecar.
        """
        return self.state is not State.SUCCEEDED_WITHOUT_OUTPUT

    @property
    def expected(self) -> Row:
        """What has to come of it: a second submission only after a success that is not kept anywhere."""
        accepted = 2 if self.record_is_lost and not self.is_kept else 1
        if self.state is State.UNKNOWN:
            end = UNKNOWN
        else:
            end = "success" if self.state is State.RUNNING or accepted == 2 else "reused"
        return Row(what=self.what, mode="deferrable", accepted=accepted, tries=2, end=end)


def _possible(way: Way, state: State) -> bool:
    """Tell whether this Airflow has the way, and whether there is something to mark."""
    if way is Way.LOOP_ITERATION and not HAS_LOOPS:
        return False
    if way is Way.CLEAR_KEEPING_STATE and not CLEAR_EMPTIES_STORE:
        return False
    if way is Way.MARKED_FAILED:
        return state is not State.UNKNOWN  # it has failed
    if way is Way.MARKED_SUCCESS:
        return state in (State.RUNNING, State.UNKNOWN)
    return True


CLEAR_CASES = [ClearCase(way=way, state=state) for way, state in product(Way, State) if _possible(way, state)]
