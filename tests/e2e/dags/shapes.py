"""The operators in the ways that people use them, each in a DAG of its own."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

PARAMS = {"output": "", "subject": "a lighthouse", "conn_id": "kling_default"}

with DAG("blocking", schedule=None, params=PARAMS):
    KlingVideoOperator(
        task_id="generate",
        prompt="{{ params.subject }}",
        mode="std",
        duration=5,
        deferrable=False,
        output="{{ params.output }}/blocking.mp4",
    )

with DAG("mapped", schedule=None, params=PARAMS):
    KlingVideoOperator.partial(
        task_id="generate",
        mode="std",
        duration=5,
        output="{{ params.output }}/{{ ti.map_index }}.mp4",
    ).expand(prompt=["{{ params.subject }} at dawn", "{{ params.subject }} at night"])

with DAG("any_connection", schedule=None, params=PARAMS):
    KlingVideoOperator(
        task_id="generate",
        conn_id="{{ params.conn_id }}",
        prompt="{{ params.subject }}",
        mode="std",
        duration=5,
        output="{{ params.output }}/any.mp4",
    )

with DAG("bad_request", schedule=None, params=PARAMS):
    KlingVideoOperator(
        task_id="generate", prompt="{{ params.subject }}", extra_parameters={"no_such_field": "x"}
    )
