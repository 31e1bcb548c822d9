"""Airflow's UI with the example DAGs and the sandbox, to click through until Ctrl-C."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx

from dev.airflow_api import AirflowAPI
from dev.airflow_stack import AirflowStack, AirflowStackError
from dev.service import ConsentError, choose_service
from dev.signals import raise_on_signals
from dev.waiting import WaitError

PROJECT = Path(__file__).resolve().parent.parent
# All examples but the one with a schedule, which would begin by itself.
DAGS = (
    *("kling_quickstart", "kling_chain", "kling_storyboard", "kling_storyboard_parallel", "kling_alerts"),
    *("kling_new_clip", "kling_on_new_clip", "kling_new_batch", "kling_on_new_batch"),
)
# Run once at the first start, where that costs nothing: an empty gallery shows nobody anything.
SAMPLES = ("kling_quickstart", "kling_chain")


def main() -> int:
    """Run until a signal ends it; what was done in the UI is kept for the next time."""
    raise_on_signals()
    home = PROJECT / ".demo" / "standalone"
    try:
        with choose_service() as service:
            print(f"starting Airflow, with {service.name}", flush=True)
            with AirflowStack(
                home=home,
                dags_folder=PROJECT / "dags",
                env={"AIRFLOW_CONN_KLING_DEFAULT": service.connection},
                keep_database=True,
            ) as stack:
                stack.wait_for(lambda: all(map(stack.api.has_dag, DAGS)), what="the DAGs")
                for dag_id in DAGS:
                    stack.api.unpause(dag_id)
                if not service.costs_money:
                    _run_samples(stack.api)
                print(
                    f"Airflow  {stack.url}, for everybody: there is no user and no password\n"
                    f"gallery  {stack.url}/plugin/kling-gallery\n"
                    f"logs     {home / 'logs'}\nCtrl-C ends both",
                    flush=True,
                )
                while True:
                    stack.check_alive()
                    time.sleep(1)
    except ConsentError as error:
        print(error, file=sys.stderr)
        return 2
    except (AirflowStackError, WaitError) as error:
        print(f"{error}\nlogs: {home / 'logs'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _run_samples(api: AirflowAPI) -> None:
    for dag_id in SAMPLES:
        try:
            api.trigger(dag_id, run_id="sample")
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.CONFLICT:  # the run of an earlier start is there
                raise


if __name__ == "__main__":
    sys.exit(main())
