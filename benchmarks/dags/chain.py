"""A generation, and a task that waits for nothing else."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_provider_kling.operators.kling import KlingVideoOperator

with DAG("chain", schedule=None):
    make = KlingVideoOperator(
        task_id="make", prompt="{{ run_id }}", mode="std", duration=5, aspect_ratio="16:9", retries=0
    )

    @task(task_id="next")
    def go_on() -> None:
        """Do nothing."""

    make >> go_on()
