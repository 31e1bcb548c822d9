"""A DAG whose literal arguments break a documented rule: shot_type is only for a film of several shots."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

with DAG("broken_rule", schedule=None):
    KlingVideoOperator(task_id="generate", prompt="A lighthouse", shot_type="intelligence")
