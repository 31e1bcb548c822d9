"""One clip a run, to be looked at: in DAGs that everybody may see, and in one that only an admin may."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

OPTIONS: dict[str, Any] = {
    "schedule": None,
    "render_template_as_native_obj": True,  # so that no output is None
    "params": {"prompt": "A paper boat", "output": "", "conn_id": "kling_default"},
}

for dag_id in ("seen", "secret", "films"):
    with DAG(dag_id, **OPTIONS):
        KlingVideoOperator(
            task_id="clip",
            conn_id="{{ params.conn_id }}",
            prompt="{{ params.prompt }}",
            mode="std",
            duration=5,
            aspect_ratio="16:9",
            output="{{ params.output or None }}",
        )
