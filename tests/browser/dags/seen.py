"""Clips to be looked at: in DAGs that everybody may see, and in one that only an admin may."""

from __future__ import annotations

from typing import Any

from airflow import sdk
from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

OPTIONS: dict[str, Any] = {
    "schedule": None,
    "render_template_as_native_obj": True,  # so that no output is None
    "params": {"prompt": "A paper boat", "output": "", "conn_id": "kling_default"},
}

CLIP: dict[str, Any] = {
    "task_id": "clip",
    "conn_id": "{{ params.conn_id }}",
    "mode": "std",
    "duration": 5,
    "aspect_ratio": "16:9",
}
OUTPUT = "{{ params.output or None }}"

for dag_id in ("seen", "secret", "films"):
    with DAG(dag_id, **OPTIONS):
        KlingVideoOperator(**CLIP, prompt="{{ params.prompt }}", output=OUTPUT)

with DAG("many", **OPTIONS):
    KlingVideoOperator.partial(**CLIP, output=OUTPUT).expand(prompt=["A first boat", "A second boat"])

if hasattr(sdk, "LoopDecision"):  # Airflow 3.4

    def last_iteration(*, loop: Any) -> bool:
        """End the loop."""
        return bool(loop.index == 1)

    with DAG("looped", **OPTIONS):

        @sdk.task_group
        def again() -> None:
            """Make one clip in each iteration."""
            place = "{{ '%s/%s.mp4' % (params.output, loop.index) }}"
            KlingVideoOperator(**CLIP, prompt="Boat {{ loop.index }}", output=place)

        again.loop(max_iterations=2, until=last_iteration)
