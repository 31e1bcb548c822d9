"""A run that is late at once, so that its alert is heard."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from airflow_provider_kling.notifications.webhook import KlingWebhookNotifier
from airflow_provider_kling.operators.kling import KlingVideoOperator

with DAG(
    "late",
    schedule=None,
    params={"conn_id": "kling_default"},
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=AsyncCallback(KlingWebhookNotifier, kwargs={"text": "This run is late"}),
    ),
):
    KlingVideoOperator(
        task_id="generate",
        conn_id="{{ params.conn_id }}",
        prompt="A boat that is late",
        mode="std",
        duration=5,
    )
