"""One task, mapped over many prompts."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

DAG_ID, POOL = "fan_out", "generations"
GENERATIONS = 300

with DAG(DAG_ID, schedule=None, max_active_tasks=GENERATIONS, params={"output": ""}):
    KlingVideoOperator.partial(
        task_id="generate",
        pool=POOL,
        output="{{ params.output }}/{{ ti.map_index }}.mp4",
        mode="std",
        duration=5,
        # A try ends with its worker, and perhaps in an outage; how many do, the machine's pace decides.
        retries=20,
        retry_delay=timedelta(seconds=5),
    ).expand(prompt=[f"Scene {number}" for number in range(GENERATIONS)])
