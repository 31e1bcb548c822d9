"""A chain: generate a clip, restyle it, and report where the result is.

Each step gets what it needs from the one before through XCom: a link, not the file.
It needs a connection `kling_default` with your API key as its password.
"""

from __future__ import annotations

import tempfile
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_kling.operators.kling import KlingVideoOperator


@task
def result(film: dict[str, Any]) -> str:
    """Report the result. What a generation returns is plain JSON, so any task can read it."""
    return f"{film['model']} made {film['uri']}, {film['width']}x{film['height']}"


with DAG(
    dag_id="kling_chain",
    schedule=None,
    tags=["kling"],
    doc_md=__doc__,
    params={
        "prompt": "A paper boat sails down a rainy street at dusk",
        "restyle_prompt": "The same scene as a watercolour painting",
        # Any storage that Airflow can write to: file://, s3://, gs://, ... A real pipeline names its bucket.
        "output": f"file://{tempfile.gettempdir()}/kling",
    },
):
    generate = KlingVideoOperator(
        task_id="generate",
        prompt="{{ params.prompt }}",
        mode="std",
        duration=5,
        aspect_ratio="16:9",
        output="{{ params.output }}/{{ run_id }}/generate.mp4",
    )

    # `generate.output["url"]` is the link to the first clip, and makes this task wait for it.
    # With `videos` there is no `duration`: the new clip is as long as the old one.
    restyle = KlingVideoOperator(
        task_id="restyle",
        prompt="{{ params.restyle_prompt }}",
        videos=[generate.output["url"]],
        mode="std",
        output="{{ params.output }}/{{ run_id }}/restyle.mp4",
    )

    result(restyle.output)
