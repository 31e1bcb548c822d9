"""A few generations at a time, of which the soak keeps many runs going."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

PER_RUN = 5

with DAG("soak", schedule=None, max_active_runs=100, max_active_tasks=500, params={"output": ""}):
    KlingVideoOperator.partial(
        task_id="generate",
        output="{{ params.output }}/{{ run_id }}/{{ ti.map_index }}.mp4",
        mode="std",
        duration=5,
        retries=10,
        retry_delay=timedelta(seconds=5),
    ).expand(prompt=[f"Scene {number}" for number in range(PER_RUN)])
