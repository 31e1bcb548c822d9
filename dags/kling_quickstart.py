"""One clip: the smallest DAG that makes a video.

Trigger it from the UI, change the prompt in the form, and find the MP4 in the output folder.
It needs a connection `kling_default` with your API key as its password.
"""

from __future__ import annotations

import tempfile

from airflow.sdk import DAG

from airflow_provider_kling.operators.kling import KlingVideoOperator

with DAG(
    dag_id="kling_quickstart",
    schedule=None,
    tags=["kling"],
    doc_md=__doc__,
    params={
        "prompt": "A paper boat sails down a rainy street at dusk",
        # Any storage that Airflow can write to: file://, s3://, gs://, ... A real pipeline names its bucket.
        "output": f"file://{tempfile.gettempdir()}/kling",
    },
):
    # One task, one generation. The task submits it, then leaves its worker: the triggerer waits for
    # the result, and a worker is needed again only to copy the file. `mode="std"` asks for 720p.
    KlingVideoOperator(
        task_id="generate",
        prompt="{{ params.prompt }}",
        mode="std",
        duration=5,
        aspect_ratio="16:9",
        # The service deletes its copy within days; without `output` only the link is returned.
        output="{{ params.output }}/{{ run_id }}/generate.mp4",
    )
