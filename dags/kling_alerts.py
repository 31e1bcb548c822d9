"""Tell a chat of each clip, with its poster and its cost; of each failure; and of a run that is late.

It needs a connection `kling_default` with your API key as its password, and a connection `kling_webhook` to
an incoming webhook of Slack, Mattermost or Rocket.Chat: the host is the address, and a part of it that is
secret is the password.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG

# From Airflow 3.2 on: `from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference`.
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from airflow_provider_kling.notifications.result import on_result
from airflow_provider_kling.notifications.webhook import KlingWebhookNotifier
from airflow_provider_kling.operators.kling import KlingVideoOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_kling.generation.result import GenerationResult

log = logging.getLogger(__name__)


def note(result: GenerationResult, context: Context) -> None:
    """Do something of your own with the result. A type checker knows its keys."""
    log.info("%s costs %s USD, says %s", result["uri"], result["cost_usd"], context["ti"].task_id)


with DAG(
    dag_id="kling_alerts",
    schedule=None,
    tags=["kling"],
    doc_md=__doc__,
    params={
        "prompt": "A paper boat sails down a rainy street at dusk",
        # Any storage that Airflow can write to. The chat shows posters from those that sign links, such as s3://.
        "output": f"file://{tempfile.gettempdir()}/kling",
    },
    # The triggerer posts this when the run has not ended in time. The run and its generations go on.
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=30),
        callback=AsyncCallback(KlingWebhookNotifier, kwargs={"text": "kling_alerts is late"}),
    ),
):
    KlingVideoOperator(
        task_id="generate",
        prompt="{{ params.prompt }}",
        mode="std",
        duration=5,
        output="{{ params.output }}/{{ run_id }}/generate.mp4",
        on_success_callback=[KlingWebhookNotifier(text="New clip:"), on_result(note)],
        # It says what became of the task, and whether it may be billed.
        on_failure_callback=KlingWebhookNotifier(text="{{ dag.dag_id }} failed:"),
    )
