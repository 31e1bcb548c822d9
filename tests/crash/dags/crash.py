"""What is crashed: one cheap clip a run, in the shapes that matter for a crash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow import sdk
from airflow.sdk import DAG

# Airflow puts the DAGs' folder on the import path.
from points import die_in_first_try, take_timeout_of_run  # type: ignore[import-not-found]

from airflow_provider_kling.operators.kling import KlingVideoOperator

SCENES = 30

DAG_OPTIONS: dict[str, Any] = {
    "schedule": None,
    "max_active_runs": 40,
    "max_active_tasks": 40,
    "render_template_as_native_obj": True,  # so that no output is None
    "params": {"prompt": "A paper boat", "output": "", "conn_id": "", "point": "", "timeout": 0},
}
CLIP: dict[str, Any] = {
    "task_id": "generate",
    "conn_id": "{{ params.conn_id }}",
    "mode": "std",
    "duration": 5,
    "aspect_ratio": "1:1",  # the quickest to make
    "retries": 4,  # more than a test is about: see Scenario.tries_of
    "retry_delay": timedelta(seconds=1),
}
ONE: dict[str, Any] = {**CLIP, "prompt": "{{ params.prompt }}", "output": "{{ params.output or None }}"}

with DAG("killed_deferrable", **DAG_OPTIONS):
    KlingVideoOperator(**ONE, pre_execute=die_in_first_try)

with DAG("killed_blocking", **DAG_OPTIONS):
    KlingVideoOperator(**ONE, deferrable=False, pre_execute=die_in_first_try)

with DAG("plain", **DAG_OPTIONS):
    KlingVideoOperator(**ONE)

with DAG("on_worker", **DAG_OPTIONS):
    KlingVideoOperator(**ONE, deferrable=False)

with DAG("cleared_by_command", **DAG_OPTIONS):
    KlingVideoOperator(**ONE)

with DAG("impatient", **DAG_OPTIONS):
    KlingVideoOperator(**ONE, pre_execute=take_timeout_of_run)

with DAG("scenes", **DAG_OPTIONS):
    KlingVideoOperator.partial(**CLIP, pool="three").expand(
        prompt=[f"Scene {number}" for number in range(SCENES)]
    )

if hasattr(sdk, "LoopDecision"):  # Airflow 3.4

    def second_iteration(*, loop: Any) -> bool:
        """End the loop early."""
        return bool(loop.index == 1)

    with DAG("looped", **DAG_OPTIONS) as looped:

        @sdk.task_group
        def again() -> None:
            """Submit to the connection of the run in the second iteration only."""
            KlingVideoOperator(
                **{
                    **CLIP,
                    "conn_id": "{{ params.conn_id if loop.index else 'kling_cleared' }}",
                    "prompt": "{{ params.prompt }} in iteration {{ loop.index }}",
                    "output": "{{ '%s.%s.mp4' % (params.output, loop.index) if params.output else None }}",
                }
            )

        again.loop(max_iterations=3, until=second_iteration)
