"""Make a film from nothing: a real Airflow schedules ``kling_storyboard``, and a playable MP4 lies on disk.

Talks to the sandbox, or to the real service when KLING_API_KEY is set. Exits 0 only when the run
succeeded and the film plays; nothing is left running, whichever way it ends.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

from dev.airflow_api import FINISHED, AirflowAPI
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack, AirflowStackError
from dev.clip import Clip, NotAVideoError, play
from dev.progress import Progress, log_tail
from dev.service import ConsentError, Service, choose_service
from dev.signals import raise_on_signals
from dev.waiting import PATIENCE_S, WaitError

PROJECT = Path(__file__).resolve().parent.parent
DAG_ID = "kling_storyboard"
SCENES = 3  # as many as the DAG's example has
# What the DAG asks for: mode std, 16:9, 5 seconds a scene; each but the first is joined without a frame.
ASKED = (1280, 720, SCENES * 5.0 - (SCENES - 1) / 24)
REAL_PATIENCE_S = 7200.0  # for the whole run at the real service, where a scene may take 20 minutes


class DemoError(RuntimeError):
    """The demo did not make its film."""


def main(folder: Path) -> int:
    """Run the demo with all its files below ``folder``, and return the exit status."""
    raise_on_signals()
    home = folder / "airflow"
    try:
        with choose_service() as service:
            say(f"starting Airflow, with {service.name}")
            with AirflowStack(
                home=home,
                dags_folder=PROJECT / "dags",
                env={"AIRFLOW_CONN_KLING_DEFAULT": service.connection},
                settings=PATIENT,
            ) as stack:
                say(f"Airflow is up at {stack.url}")
                film = run(stack, service, folder / "output")
    except ConsentError as error:
        return fail(str(error), status=2)
    except (DemoError, AirflowStackError, NotAVideoError, WaitError) as error:
        return fail(f"{error}\nlogs: {shown(home / 'logs')}")
    except KeyboardInterrupt:
        return fail("interrupted; nothing is left running", status=130)
    say(f"wrote {shown(film.path)}  {film}")
    say(f"      {shown(film.path.with_suffix('.jpg'))}  its poster; the scenes lie beside them")
    return 0


def run(stack: AirflowStack, service: Service, output: Path) -> Clip:
    """Trigger the DAG, follow it to its end, and return the film it made."""
    run_id = f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    stack.wait_for(lambda: known(stack.api), what=f"the DAG {DAG_ID}")
    stack.api.unpause(DAG_ID)
    stack.api.trigger(DAG_ID, {"output": f"file://{output.resolve()}"}, run_id=run_id)
    say(f"triggered {DAG_ID}, run {run_id}")
    progress, begun = Progress(), time.monotonic()

    def finished() -> str | None:
        # The run's state is asked first, so that a finished run's tasks are told in their last states.
        state = stack.api.run_state(DAG_ID, run_id)
        tasks = stack.api.task_instances(DAG_ID, run_id)
        for line in progress.lines(tasks, elapsed=time.monotonic() - begun):
            say(f"  {line}")
        return state if state in FINISHED else None

    patience = REAL_PATIENCE_S if service.costs_money else PATIENCE_S
    if stack.wait_for(finished, what="the end of the run", timeout=patience) != "success":
        raise DemoError(failures(stack.api, run_id))
    film = play(output / run_id / "film.mp4")
    # The real service may round its sizes and lengths.
    if not service.costs_money and (film.width, film.height, film.seconds) != ASKED:
        raise DemoError(f"{shown(film.path)} is not what was asked for: {film}")
    return film


def known(api: AirflowAPI) -> bool:
    """Tell whether Airflow has the DAG; DemoError when its file can't be imported."""
    for file, trace in api.import_errors().items():
        raise DemoError(f"{file} can't be imported:\n{trace}")
    return api.has_dag(DAG_ID)


def failures(api: AirflowAPI, run_id: str) -> str:
    """Return the end of each failed task's log."""
    failed = [task for task in api.task_instances(DAG_ID, run_id) if task.state == "failed"]
    return "\n".join(f"{task.label} failed:\n{log_tail(api.log(task))}" for task in failed)


def shown(path: Path) -> str:
    """Return a path as a person in the project's folder would type it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def fail(message: str, *, status: int = 1) -> int:
    print(message, file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a film with a real Airflow.")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".demo", help="where everything goes")
    sys.exit(main(parser.parse_args().folder))
