"""A sensor that waits for a generation that something other than Airflow submitted."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_kling.sensors.kling import KlingTaskSensor

with DAG("sensor", schedule=None, params={"output": "", "kling_task_id": ""}):
    KlingTaskSensor(
        task_id="wait", kling_task_id="{{ params.kling_task_id }}", output="{{ params.output }}/elsewhere.mp4"
    )
