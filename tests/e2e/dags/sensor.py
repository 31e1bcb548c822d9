"""A sensor that waits for a generation that something other than Airflow submitted."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_kling.sensors.kling import KlingTaskSensor

PARAMS = {"output": "", "conn_id": "kling_default", "kling_task_id": ""}

with DAG("sensor", schedule=None, params=PARAMS):
    KlingTaskSensor(
        task_id="wait",
        conn_id="{{ params.conn_id }}",
        kling_task_id="{{ params.kling_task_id }}",
        output="{{ params.output }}/elsewhere.mp4",
    )
