"""How soon after a deferral a trigger may fire without Airflow failing the task; see ``README.md``."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from dev.airflow_api import FINISHED
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack

_DAGS: Final = Path(__file__).with_name("dags")
_AFTER_S: Final = (0, 2, 4, 6)
# As Airflow ships: what the project's own small Airflow makes quicker decides the outcome here.
_AS_SHIPPED: Final = {
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "5",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "5",
}


def failed(programs: Path, *, rounds: int) -> dict[int, tuple[int, int]]:
    """Return, by the seconds until triggers fire, how many of how many tasks were marked failed.

    :param programs: the folder of the ``airflow`` to run.
    """
    found: dict[int, tuple[int, int]] = {}
    with tempfile.TemporaryDirectory(prefix="kling-settling-") as folder:
        settings = {
            **PATIENT,
            **_AS_SHIPPED,
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "TRIGGERER__CAPACITY": "1000",
        }
        python_path = os.pathsep.join([str(_DAGS), os.environ.get("PYTHONPATH", "")])
        with AirflowStack(
            home=Path(folder) / "home",
            dags_folder=_DAGS,
            settings=settings,
            env={"PYTHONPATH": python_path},
            programs=programs,
        ) as stack:
            for after_s in _AFTER_S:
                states: Counter[str | None] = Counter()
                for _ in range(rounds):
                    states += _run(stack, f"settling_{after_s}")
                found[after_s] = states["failed"], states.total()
    return found


def _run(stack: AirflowStack, dag_id: str) -> Counter[str | None]:
    stack.wait_for(lambda: stack.api.has_dag(dag_id), what=f"the DAG {dag_id}")
    run_id = stack.api.trigger(dag_id)
    stack.wait_for(lambda: stack.api.run_state(dag_id, run_id) in FINISHED, what=f"the end of {dag_id}")
    return Counter(one.state for one in stack.api.task_instances(dag_id, run_id))


def main() -> None:
    """Print a row for each Airflow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", nargs="+", type=Path, help="virtual environments with an Airflow")
    parser.add_argument("--rounds", type=int, default=2, help="runs of 20 tasks each (default: 2)")
    given = parser.parse_args()
    print("| environment | " + " | ".join(f"fires after {after_s} s" for after_s in _AFTER_S) + " |")
    print("|---|" + "---|" * len(_AFTER_S))
    for environment in given.environments:
        found = failed(environment.resolve() / "bin", rounds=given.rounds)
        cells = " | ".join(f"{bad} of {every} failed" for bad, every in found.values())
        print(f"| {environment.name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
